/**
 * One run of a program inside a pretended host's namespace: `box-driver.ts VERB DATADIR JSON`, result as JSON on standard output.
 * `watch` looks after the box until its standard input ends, and says what it does, a line of JSON each.
 */
import { join } from "node:path";
import { Box } from "../../../src/host/box/box.ts";
import { HostExec } from "../../../src/host/exec.ts";
import { registerUndos } from "../../../src/host/kinds/index.ts";
import { HostLedger, openLedgerDatabase } from "../../../src/host/ledger.ts";
import { takeSnapshot } from "../../../src/host/snapshot.ts";
import { HostWatch } from "../../../src/host/watch/host-watch.ts";
import { discard, Logger } from "../../../src/kernel/log/logger.ts";
import { systemClock } from "../../../src/kernel/time/clock.ts";
import { testSettings } from "../../support/settings.ts";

const [verb, dataDir = "", overrides = "{}"] = process.argv.slice(2);
const log = new Logger("test", { sink: discard });
const exec = new HostExec({ log, tracer: null });
const db = openLedgerDatabase(join(dataDir, "ledger.db"), systemClock);
const ledger = new HostLedger(db, systemClock);
registerUndos(ledger, exec);
const box = new Box({ settings: testSettings(JSON.parse(overrides)), exec, ledger, log });
const verbs: Record<string, () => Promise<unknown>> = {
  up: () => box.up(),
  isUp: () => box.isUp(),
  down: async () => {
    await box.down();
    return ledger.list();
  },
  plan: () => box.planRanges(),
  watch: async () => {
    const watch = new HostWatch({ exec, ledger, box, log, clock: systemClock, directory: join(dataDir, "watch") });
    const say = (event: string, what: unknown) => console.log(JSON.stringify({ event, what }));
    await watch.start({
      isBusy: () => false,
      says: {
        mended: (damage) => say("mended", damage),
        contested: ({ key }, times) => say("contested", { key, times }),
        settled: (key) => say("settled", key),
        failed: (damage, error) => say("failed", { damage, error: String(error) }),
        recovered: () => say("recovered", null),
      },
    });
    say("watching", null);
    for await (const _ of process.stdin);
    await watch.stop();
    return ledger.list({ kind: "process" });
  },
  snapshot: () => takeSnapshot(exec, { ownDirectories: [dataDir] }),
};
const run = verbs[verb ?? ""];
if (run === undefined) throw new Error(`unknown verb ${verb}`);
console.log(JSON.stringify((await run()) ?? null));
db.close();
