import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { HostExec } from "../../src/host/exec.ts";
import { registerUndos } from "../../src/host/kinds/index.ts";
import { HostLedger, openLedgerDatabase } from "../../src/host/ledger.ts";
import { tuneKernel } from "../../src/host/tuning.ts";
import type { Settings } from "../../src/kernel/config/settings.ts";
import { Logger } from "../../src/kernel/log/logger.ts";
import { ManualClock } from "../../src/kernel/time/clock.ts";
import { testSettings } from "../support/settings.ts";

/** Stands for /sys; a kernel has `ksm/run` and zswap's parameters, or not. */
let sys: string;
let ledger: HostLedger;
const run = () => join(sys, "kernel/mm/ksm/run");
const zswap = (name: string) => join(sys, "module/zswap/parameters", name);
const read = (path: string) => readFileSync(path, "utf8").trim();
const tune = (tuning: Settings["tuning"]) => tuneKernel({ settings: testSettings({ tuning }), ledger, sys });

beforeEach(() => {
  sys = mkdtempSync(join(tmpdir(), "tenrec-sys-"));
  mkdirSync(join(sys, "kernel/mm/ksm"), { recursive: true });
  writeFileSync(run(), "0\n");
  ledger = new HostLedger(openLedgerDatabase(":memory:", new ManualClock()), new ManualClock());
  registerUndos(ledger, new HostExec({ log: new Logger("test", { sink: () => {} }), tracer: null }));
});
afterEach(() => rmSync(sys, { recursive: true }));

test("KSM is switched on and given back; a second stack changes nothing", async () => {
  assert.deepEqual(await tune({ ksm: true, zswap: null }), ["KSM on"]);
  assert.equal(read(run()), "1");
  assert.deepEqual(await tune({ ksm: true, zswap: null }), []);
  assert.deepEqual(
    ledger.list().map(({ kind, name, details }) => [kind, name, details]),
    [["kernel-switch", run(), { previous: "0", value: "1" }]],
  );
  // A reboot took it away: it is set again, and what it was at first is not forgotten.
  writeFileSync(run(), "0\n");
  assert.deepEqual(await tune({ ksm: true, zswap: null }), ["KSM on"]);
  assert.deepEqual((await ledger.undoAll()).failures, []);
  assert.equal(read(run()), "0");
  assert.deepEqual(ledger.list(), []);
});

test("what was on before stays on; ENABLE_KSM=False switches off, as DevStack does, and gives back", async () => {
  writeFileSync(run(), "1\n");
  await tune({ ksm: true, zswap: null });
  assert.deepEqual(ledger.list(), []);
  assert.deepEqual(await tune({ ksm: false, zswap: null }), ["KSM off"]);
  assert.equal(read(run()), "0");
  await ledger.undoAll();
  assert.equal(read(run()), "1");
});

test("what somebody else has set since is theirs", async () => {
  await tune({ ksm: true, zswap: null });
  writeFileSync(run(), "2\n");
  await ledger.undoAll();
  assert.equal(read(run()), "2");
});

test("zswap with its parameters, backwards when it is given back; without it in the kernel it is told", async () => {
  const wanted = { ksm: true, zswap: { compressor: "lz4", pool: "zsmalloc" } };
  assert.deepEqual(await tune(wanted), ["KSM on", "this kernel has no zswap"]);
  mkdirSync(join(sys, "module/zswap/parameters"), { recursive: true });
  for (const [name, value] of Object.entries({ compressor: "lzo", zpool: "zbud", enabled: "N" }))
    writeFileSync(zswap(name), `${value}\n`);
  assert.deepEqual(await tune(wanted), ["zswap's compressor lz4", "zswap's pool zsmalloc", "zswap on"]);
  assert.deepEqual([read(zswap("compressor")), read(zswap("zpool")), read(zswap("enabled"))], ["lz4", "zsmalloc", "Y"]);
  await ledger.undoAll();
  assert.deepEqual([read(zswap("compressor")), read(zswap("zpool")), read(zswap("enabled"))], ["lzo", "zbud", "N"]);
});

test("a kernel that lets nobody set it costs a remark, and the ledger holds nothing", async () => {
  rmSync(run());
  mkdirSync(run());
  const wanted = { ksm: true, zswap: null };
  await assert.rejects(tune(wanted), /EISDIR/, "that is no kernel's way to refuse");
  rmSync(run(), { recursive: true });
  assert.deepEqual(await tune(wanted), ["this kernel has no KSM"]);
  assert.deepEqual(await tune({ ksm: false, zswap: null }), []);
  assert.deepEqual(ledger.list(), []);
});
