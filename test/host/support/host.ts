import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { HostExec } from "../../../src/host/exec.ts";
import { registerUndos } from "../../../src/host/kinds/index.ts";
import { HostLedger, openLedgerDatabase } from "../../../src/host/ledger.ts";
import { Logger, type LogRecord } from "../../../src/kernel/log/logger.ts";
import { systemClock } from "../../../src/kernel/time/clock.ts";
import { isPlaceOfTest, until as waitUntil } from "../../support/patience.ts";

/** Why tests that touch network namespaces cannot run, or false. */
export const needsRoot: string | false = process.getuid?.() === 0 ? false : "needs root";

let counter = 0;
/** A name for a namespace of this test run; no other run has it. */
export function uniqueName(what: string): string {
  counter += 1;
  return `hst-${what}${process.pid % 10_000}${counter}`;
}

/** A data directory with a ledger in it, and the real exec. `clean` undoes what the ledger holds. */
export function hostParts() {
  // Under /var/tmp: /tmp may be small, and the guests' user must be able to enter.
  const dataDir = mkdtempSync("/var/tmp/hst-");
  isPlaceOfTest(dataDir);
  const records: LogRecord[] = [];
  const log = new Logger("test", { sink: (record) => records.push(record), level: "debug" });
  const exec = new HostExec({ log, tracer: null });
  const db = openLedgerDatabase(join(dataDir, "ledger.db"), systemClock);
  const ledger = new HostLedger(db, systemClock);
  registerUndos(ledger, exec);
  const clean = async (): Promise<void> => {
    const report = await ledger.undoAll();
    db.close();
    rmSync(dataDir, { recursive: true, force: true });
    if (report.failures[0] !== undefined) throw report.failures[0].error;
  };
  return { dataDir, records, log, exec, db, ledger, clean };
}

/** As `until` of test/support, the condition first; `withinMs` of rest. */
export const until = (condition: () => Promise<boolean> | boolean, what: string, withinMs = 20_000): Promise<boolean> =>
  waitUntil(what, withinMs / 1000, condition);
