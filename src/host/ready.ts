import type { Settings } from "../kernel/config/settings.ts";
import type { Logger } from "../kernel/log/logger.ts";
import type { Tracer } from "../kernel/trace/trace.ts";
import type { BoxReport } from "./box/box.ts";
import type { Host } from "./index.ts";
import type { VolumeGroups } from "./volume-groups.ts";

/** The host, made ready for a cloud. */
export interface ReadyHost {
  host: Host;
  box: BoxReport;
  /** Null where the kernel has no device-mapper: volumes are files there. */
  volumeGroups: VolumeGroups | null;
  tracer: Tracer;
}

/** What a service's drivers are made of: `createDrivers` in its driver/create.ts. */
export interface DriverParts {
  settings: Settings;
  log: Logger;
  /** Null with VIRT_DRIVER=fake: the drivers are the fakes. */
  ready: ReadyHost | null;
}
