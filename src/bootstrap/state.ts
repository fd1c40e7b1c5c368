import { ControlClient } from "../control/client.ts";
import type { DaemonStatus } from "../control/protocol.ts";
import { type HostStatistics, hostStatistics } from "../host/statistics.ts";
import type { Settings } from "../kernel/config/settings.ts";
import { type OwnProcess, ownProcesses } from "./own-processes.ts";

/** What `tenrec status` tells. The machine is looked at by who asks: the daemon keeps nothing in memory for it. */
export interface State {
  /** Null where no daemon runs. */
  status: DaemonStatus | null;
  processes: readonly OwnProcess[];
  host: HostStatistics;
}

export async function stateOf(settings: Settings): Promise<State> {
  const [status, processes, host] = await Promise.all([
    new ControlClient(settings.dataDir, 10_000).statusOrNull(),
    ownProcesses(settings.dataDir),
    hostStatistics(settings),
  ]);
  return { status, processes, host };
}
