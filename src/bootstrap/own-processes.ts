import { existsSync } from "node:fs";
import { join } from "node:path";
import { HostLedger, openLedgerDatabase } from "../host/ledger.ts";
import { readPidFile } from "../host/processes.ts";
import { systemClock } from "../kernel/time/clock.ts";

export interface OwnProcess {
  /** As in the ledger: "STACK_NAME/libvirtd", "dnsmasq:<network id>". */
  name: string;
  /** Null: it should run and does not. */
  pid: number | null;
}

/** The processes a cloud has beside its daemon, from its ledger. Changes nothing. */
export async function ownProcesses(dataDir: string): Promise<OwnProcess[]> {
  const path = join(dataDir, "ledger.db");
  if (!existsSync(path)) return [];
  const db = openLedgerDatabase(path, systemClock);
  try {
    const rows = new HostLedger(db, systemClock).list({ kind: "process" });
    // The holder lives for moments only, while libvirtd starts.
    const lasting = rows.filter(({ name }) => !name.endsWith("/libvirtd-holder"));
    return await Promise.all(
      lasting.map(async ({ name, details }) => {
        const { pidFile, match } = details as { pidFile: string; match: string };
        return { name, pid: (await readPidFile(pidFile, match))?.pid ?? null };
      }),
    );
  } finally {
    db.close();
  }
}
