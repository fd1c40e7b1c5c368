import { HostExec } from "../../../host/exec.ts";
import type { DriverParts } from "../../../host/ready.ts";
import type { Exec } from "../../../host/types.ts";

export const createDrivers = ({ log, ready }: DriverParts): { exec: Exec } => ({
  exec: ready?.host.exec ?? new HostExec({ log: log.named("host"), tracer: null }),
});
