import { existsSync } from "node:fs";
import type { Ledger } from "../host/types.ts";
import type { Settings } from "../kernel/config/settings.ts";
import { hasCloud, isOffHost } from "./data-directory.ts";
import { remember, remembered } from "./settings.ts";

/**
 * A second cloud on a box needs a name and a data directory of its own: this refuses what would mix two of them up.
 * `ledger` null: nothing of the host is used. Errors say which variable to set.
 */
export function requireOwnPlace(settings: Settings, ledger: Ledger | null): void {
  const { dataDir, stackName } = settings;
  const before = remembered(dataDir).STACK_NAME;
  if (before !== undefined && before !== stackName && (hasCloud(dataDir) || !isOffHost(dataDir))) {
    throw new Error(
      `${dataDir} holds the cloud "${before}", not "${stackName}"\n` +
        `  for a second cloud set DATA_DIR (or DEST) as well as STACK_NAME; for the one that is there set STACK_NAME=${before}`,
    );
  }
  if (ledger !== null && ledger.get("namespace", stackName) === null && existsSync(`/run/netns/${stackName}`)) {
    throw new Error(
      `there is a network namespace "${stackName}" already, and it is not this cloud's\n` +
        "  another cloud on this box has the same STACK_NAME: choose another, with its own DATA_DIR (or DEST) and API_PORT",
    );
  }
  remember(dataDir, { STACK_NAME: stackName });
}
