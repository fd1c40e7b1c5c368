import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { examineDaemon } from "../../src/bootstrap/doctor/daemon-area.ts";
import { examineLedger } from "../../src/bootstrap/doctor/ledger-area.ts";
import { diskFinding, examineMachine } from "../../src/bootstrap/doctor/machine-area.ts";
import { HostExec } from "../../src/host/exec.ts";
import { FakeExec } from "../../src/host/fake/exec.ts";
import { HostLedger, openLedgerDatabase } from "../../src/host/ledger.ts";
import { discard, Logger } from "../../src/kernel/log/logger.ts";
import { systemClock } from "../../src/kernel/time/clock.ts";
import { testSettings } from "../support/settings.ts";

const GIB = 1024 ** 3;
const newLedger = (clock = systemClock) => new HostLedger(openLedgerDatabase(":memory:", systemClock), clock);

test("a disk that is nearly full is a warning, one that is full an error; a large one may be fuller", () => {
  const found = (total: number, available: number) =>
    diskFinding("/data", { total: total * GIB, available: available * GIB })?.severity ?? null;
  assert.equal(found(100, 50), null);
  assert.equal(found(100, 9), "warning");
  assert.equal(found(4000, 100), null);
  assert.equal(found(100, 1.5), "error");
  assert.equal(found(8, 0.6), "error");
  assert.match(diskFinding("/data", { total: 100 * GIB, available: 9 * GIB })?.what ?? "", /\/data .*9\.0 GiB \(9 %\)/);
});

test("KVM that worked and does not any more is broken, and tried again by --fix; KVM that never worked is a warning", async () => {
  const settings = testSettings({ dataDir: tmpdir(), libvirtType: "kvm" });
  const look = async (known: boolean, now: boolean) => {
    const host = {
      ledger: newLedger(),
      kvm: async (mode?: "known" | "look" | "again") => ({ usable: mode === "look" ? now : known, reason: "r" }),
      reapsOrphans: async () => true,
    };
    const { findings } = await examineMachine(host, settings);
    return findings.filter(({ key }) => key.startsWith("kvm")).map(({ key, repair }) => `${key} ${repair}`);
  };
  assert.deepEqual(await look(true, true), []);
  assert.deepEqual(await look(true, false), ["kvm-broken kvm"]);
  assert.deepEqual(await look(false, false), ["kvm-unusable null"]);
});

test("a clock that went back shows in the ledger", async () => {
  const ledger = newLedger({ ...systemClock, now: () => Date.now() + 3_600_000 });
  const details = { path: "/x", recursive: false };
  await ledger.create({ kind: "directory", name: "/x", details, owner: "t" }, () => {});
  const host = { ledger, kvm: async () => ({ usable: true, reason: "" }), reapsOrphans: async () => true };
  const { findings } = await examineMachine(host, testSettings({ dataDir: tmpdir(), libvirtType: "qemu" }));
  const jump = findings.find(({ key }) => key === "clock-jump");
  assert.match(jump?.what ?? "", /3600 s back|3599 s back/);
});

test("a container without an init is warned of", async () => {
  const kvm = async () => ({ usable: true, reason: "" });
  const look = async (reaps: boolean) => {
    const host = { ledger: newLedger(), kvm, reapsOrphans: async () => reaps };
    const { findings } = await examineMachine(host, testSettings({ dataDir: tmpdir(), libvirtType: "qemu" }));
    return findings.filter(({ key }) => key === "init-missing").map(({ severity }) => severity);
  };
  assert.deepEqual(await look(true), []);
  assert.deepEqual(await look(false), ["warning"]);
});

test("a volume group whose device is gone, and the loop device under it, are attached again by --fix", async () => {
  const ledger = newLedger();
  const group = { physicalVolume: "/dev/loop3" };
  const loop = { backingFile: "/data/vg.img", device: "/dev/loop3" };
  await ledger.create({ kind: "loop", name: "/data/vg.img", details: loop, owner: "block-storage" }, () => {});
  await ledger.create(
    { kind: "volume-group", name: "stack-volumes", details: group, owner: "block-storage" },
    () => {},
  );
  const withGroups = new FakeExec((command) =>
    command === "vgs" ? { stdout: "  stack-volumes\n" } : { stdout: "/data/vg.img\n" },
  );
  assert.deepEqual((await examineLedger(withGroups, ledger)).findings, []);
  const { findings } = await examineLedger(new FakeExec(), ledger);
  assert.deepEqual(
    findings.map(({ key, severity, repair }) => `${key} ${severity} ${repair}`),
    ["loop-gone:/data/vg.img error storage", "volume-group-gone:stack-volumes error storage"],
  );
});

test("a cloud without guests has its disks looked at too", async () => {
  const { summary, findings } = await examineMachine(null, testSettings({ dataDir: tmpdir() }));
  assert.match(summary, /^free: [\d.]+ GiB \(\d+ %\) of .*GiB of memory; \d+ processors, \d+ % busy$/);
  assert.deepEqual(
    findings.filter(({ key }) => key !== "disk-full"),
    [],
  );
});

test("a bridge that was deleted is found, and the daemon makes it again", async () => {
  const ledger = newLedger();
  await ledger.create({ kind: "bridge", name: "brq1", details: { netns: null }, owner: "network:1" }, () => {});
  const there = new FakeExec(() => ({ stdout: "3: brq1: <BROADCAST,UP> mtu 1450\n" }));
  assert.deepEqual((await examineLedger(there, ledger)).findings, []);
  const { findings } = await examineLedger(new FakeExec(), ledger);
  assert.deepEqual(
    findings.map(({ key, repair }) => `${key} ${repair}`),
    ["bridge-gone:brq1 daemon"],
  );
});

test("a port that another program has taken while the daemon was down is named with that program", async () => {
  const directory = mkdtempSync(join(tmpdir(), "tenrec-doctor-"));
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const address = server.address();
    const api = typeof address === "object" && address !== null ? address.port : 0;
    const settings = testSettings({ dataDir: directory, ports: { api } });
    const exec = new HostExec({ log: new Logger("test", { sink: discard }), tracer: null });
    const { findings } = await examineDaemon(exec, settings);
    assert.deepEqual(
      findings.map(({ key }) => key),
      ["daemon-down", `port-taken:${api}`],
    );
    // As root the program is known too; it is this one.
    assert.match(findings[1]?.what ?? "", new RegExp(`port ${api} is taken by (.*pid ${process.pid}|another program)`));
  } finally {
    server.close();
    rmSync(directory, { recursive: true });
  }
});
