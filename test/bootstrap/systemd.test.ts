import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { Systemd, unitText } from "../../src/bootstrap/systemd.ts";
import { FakeExec } from "../../src/host/fake/exec.ts";
import { registerUndos } from "../../src/host/kinds/index.ts";
import { HostLedger, openLedgerDatabase } from "../../src/host/ledger.ts";
import { systemClock } from "../../src/kernel/time/clock.ts";
import { testSettings } from "../support/settings.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tenrec-systemd-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

test("the unit brings the cloud back at boot, leaves guests alone at a restart, and stops them at shutdown", () => {
  const text = unitText({ ...testSettings({ stackName: "lab" }), configFile: "/home/stack/my %n files/local.conf" });
  assert.match(text, /^ExecStart=\S+node .*rejoin --foreground -c "\/home\/stack\/my %%n files\/local\.conf"$/m);
  assert.match(text, /^ExecStopPost=.* stop-guests --at-shutdown -c /m);
  assert.match(text, /^KillMode=process$/m);
  // At shutdown nothing is unmounted before the guests, which lie in the data directory, have stopped.
  assert.match(
    text,
    /^RequiresMountsFor=\/opt\/stack\/data \/opt\/stack\/logs \S+node \S+main\.ts "\/home\/stack\/my %%n files\/local\.conf"$/m,
  );
  assert.match(text, /^WantedBy=multi-user\.target$/m);
});

test("installing it writes unit and link, both in the ledger, and undoing leaves nothing", async () => {
  const exec = new FakeExec();
  const ledger = new HostLedger(openLedgerDatabase(":memory:", systemClock), systemClock);
  registerUndos(ledger, exec);
  const systemd = new Systemd({ exec, ledger, unitDirectory: directory, marker: join(directory, "none") });
  const settings = testSettings({ stackName: "lab" });
  assert.equal(systemd.isInstalled(settings), false);

  await systemd.install(settings);
  await systemd.install(settings);
  const unit = join(directory, "tenrec@lab.service");
  const link = join(directory, "multi-user.target.wants/tenrec@lab.service");
  assert.equal(readFileSync(unit, "utf8"), unitText(settings));
  assert.equal(readlinkSync(link), unit);
  assert.equal(systemd.isInstalled(settings), true);
  assert.ok(exec.lines.includes("systemctl daemon-reload"));

  const report = await ledger.undoAll();
  assert.deepEqual(report.failures, []);
  assert.ok(!existsSync(unit) && !existsSync(join(directory, "multi-user.target.wants")));
});

test("it is used only where systemd runs", async () => {
  const ledger = new HostLedger(openLedgerDatabase(":memory:", systemClock), systemClock);
  const parts = { exec: new FakeExec(), ledger, unitDirectory: directory, marker: join(directory, "system") };
  assert.equal(await new Systemd(parts).isUsable(), false);
  mkdirSync(parts.marker);
  // And only where units' processes would be in the same network as this one.
  const [own, init] = ["self", "1"].map((process) => {
    try {
      return readlinkSync(`/proc/${process}/ns/net`);
    } catch {
      return null;
    }
  });
  assert.equal(await new Systemd(parts).isUsable(), own === init);
});

test("a unit that does not stay up is told with the journal's last words", async () => {
  let restarts = "0\n";
  const exec = new FakeExec((command) => ({ stdout: command === "systemctl" ? restarts : "port 80 is taken\n" }));
  const ledger = new HostLedger(openLedgerDatabase(":memory:", systemClock), systemClock);
  const systemd = new Systemd({ exec, ledger, unitDirectory: directory, marker: directory });
  const settings = testSettings({ stackName: "lab" });
  assert.equal(await systemd.failure(settings), null);
  restarts = "3\n";
  assert.equal(await systemd.failure(settings), "port 80 is taken");
});
