import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Database } from "../kernel/db/database.ts";

/** Another stack, unstack, rejoin or doctor --fix is at work on the same data directory. */
export class DataDirectoryBusy extends Error {
  constructor(dataDir: string, holder: string) {
    super(
      `${holder} is at work on ${dataDir}; wait until it has ended. Two at once would get in each other's way, so nothing was changed.`,
    );
    this.name = "DataDirectoryBusy";
  }
}

/**
 * Lets one command at a time change a cloud. The lock is sqlite's on a file of its own, so the kernel lets go of it
 * however the process ends. DATA_DIR must exist. Returns how to let go.
 * @throws DataDirectoryBusy
 */
export function lockDataDirectory(dataDir: string, command: string): () => void {
  const lock = join(dataDir, "stack.lock");
  const holder = `${lock}.holder`;
  const db = new Database({ path: lock });
  // The daemon's question below holds the lock for a moment.
  db.raw.pragma("busy_timeout = 100");
  try {
    db.raw.exec("BEGIN IMMEDIATE");
  } catch (error) {
    db.close();
    if ((error as { code?: string }).code !== "SQLITE_BUSY") throw error;
    throw new DataDirectoryBusy(dataDir, existsSync(holder) ? readFileSync(holder, "utf8") : "another tenrec command");
  }
  writeFileSync(holder, `tenrec ${command} (pid ${process.pid})`);
  return () => {
    rmSync(holder, { force: true });
    db.raw.exec("ROLLBACK");
    db.close();
  };
}

/** Whether such a command is at work now. For the daemon, which must not put back what the command takes away. */
export function isDataDirectoryBusy(dataDir: string): boolean {
  const path = join(dataDir, "stack.lock");
  if (!existsSync(path)) return false;
  const db = new Database({ path });
  try {
    db.raw.pragma("busy_timeout = 0");
    db.raw.exec("BEGIN IMMEDIATE");
    db.raw.exec("ROLLBACK");
    return false;
  } catch (error) {
    if ((error as { code?: string }).code !== "SQLITE_BUSY") throw error;
    return true;
  } finally {
    db.close();
  }
}
