import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Loops } from "../../src/host/loop.ts";
import { Lvm } from "../../src/host/lvm.ts";
import { testInSmallVm, whyNoSmallVm } from "../support/small-vm.ts";
import { hostParts, needsRoot, uniqueName } from "./support/host.ts";

const MIB = 1024 ** 2;

test("a loop device is made once, found again, and detached by its file", { skip: needsRoot }, async () => {
  const host = hostParts();
  try {
    const loops = new Loops(host.exec, host.ledger);
    const file = join(host.dataDir, "volumes");
    const device = await loops.attach(file, 64 * MIB, "volumes");
    assert.match(device, /^\/dev\/loop\d+$/);
    assert.equal(await loops.attach(file, 64 * MIB, "volumes"), device);
    assert.equal(await loops.find(file), device);
    assert.equal(host.ledger.get("loop", file)?.details.device, device);
    await loops.detach(file);
    assert.equal(await loops.find(file), null);
    assert.deepEqual(host.ledger.list(), []);
  } finally {
    await host.clean();
  }
});

test("files, directories and sysctls come back as they were", { skip: needsRoot }, async () => {
  const host = hostParts();
  const { ledger, exec, dataDir } = host;
  const netns = uniqueName("s");
  try {
    await exec.run("ip", ["netns", "add", netns]);
    const changed = join(dataDir, "changed");
    writeFileSync(changed, "before");
    const previous = Buffer.from("before").toString("base64");
    await ledger.create({ kind: "file", name: changed, details: { path: changed, previous }, owner: "t" }, () =>
      writeFileSync(changed, "after"),
    );
    const added = join(dataDir, "added");
    await ledger.create({ kind: "file", name: added, details: { path: added, previous: null }, owner: "t" }, () =>
      writeFileSync(added, "x"),
    );
    const key = "net/ipv4/conf/lo/forwarding";
    const details = { netns, previous: "0", value: "1" };
    await ledger.create({ kind: "sysctl", name: `${netns}:${key}`, details, owner: "t" }, () =>
      exec.run("tee", [`/proc/sys/${key}`], { netns, input: "1" }),
    );
    assert.deepEqual(await ledger.undoAll(), { undone: 3, failures: [] });
    assert.equal((await exec.run("cat", [changed])).stdout, "before");
    assert.equal(existsSync(added), false);
    assert.equal((await exec.run("cat", [`/proc/sys/${key}`], { netns })).stdout, "0\n");
  } finally {
    await exec.run("ip", ["netns", "del", netns], { allowFailure: true });
    await host.clean();
  }
});

test("undoing is idempotent for every kind: what is gone already is no error", {
  skip: needsRoot,
}, async () => {
  const host = hostParts();
  const { ledger, dataDir } = host;
  try {
    const netns = uniqueName("gone");
    const nothing = () => undefined;
    for (const within of [null, netns]) {
      const at = (name: string) => (within === null ? name : `${within}/${name}`);
      const here = { netns: within };
      const owner = "t";
      await ledger.create({ kind: "bridge", name: at("hst-none0"), details: here, owner }, nothing);
      await ledger.create({ kind: "tap", name: at("hst-none1"), details: here, owner }, nothing);
      await ledger.create({ kind: "ipset", name: at("hst-none2"), details: here, owner }, nothing);
      const rule = {
        ...here,
        variant: "iptables-nft" as const,
        family: 4 as const,
        table: "filter",
        chain: "hst-none",
      };
      await ledger.create(
        { kind: "iptables-rule", name: at("r"), details: { ...rule, rule: ["-j", "ACCEPT"] }, owner },
        nothing,
      );
      await ledger.create({ kind: "iptables-chain", name: at("c"), details: rule, owner }, nothing);
      await ledger.create(
        {
          kind: "nft-rule",
          name: at("r"),
          details: { ...here, family: "ip", table: "hst-none", chain: "none", rule: "accept" },
          owner,
        },
        nothing,
      );
      await ledger.create(
        { kind: "nft-table", name: at("t"), details: { ...here, family: "ip", table: "hst-none" }, owner },
        nothing,
      );
      const route = { ...here, spec: ["203.0.113.0/24", "dev", "hst-none0"], family: 4 as const };
      await ledger.create({ kind: "route", name: at("route"), details: route, owner }, nothing);
      const neighbour = { ...here, address: "203.0.113.1", device: "hst-none0" };
      await ledger.create({ kind: "proxy-neighbour", name: at("n"), details: neighbour, owner }, nothing);
      await ledger.create(
        { kind: "address", name: at("a"), details: { ...neighbour, address: "203.0.113.1/32" }, owner },
        nothing,
      );
    }
    const path = join(dataDir, "none");
    await ledger.create({ kind: "namespace", name: `${netns}x`, details: {}, owner: "t" }, nothing);
    await ledger.create({ kind: "loop", name: path, details: { backingFile: path }, owner: "t" }, nothing);
    await ledger.create({ kind: "mount", name: path, details: { target: path }, owner: "t" }, nothing);
    await ledger.create({ kind: "file", name: path, details: { path, previous: null }, owner: "t" }, nothing);
    await ledger.create({ kind: "directory", name: path, details: { path, recursive: false }, owner: "t" }, nothing);
    await ledger.create({ kind: "process", name: "p", details: { pidFile: path, match: "x" }, owner: "t" }, nothing);
    await ledger.create({ kind: "cgroup", name: path, details: { path }, owner: "t" }, nothing);
    const domain = { socket: join(dataDir, "no-socket"), uuid: "7f2c3a4e-0000-4000-8000-000000000000" };
    await ledger.create({ kind: "domain", name: "d", details: domain, owner: "t" }, nothing);
    const report = await ledger.undoAll();
    assert.deepEqual(
      report.failures.map(({ entry, error }) => `${entry.kind}: ${error.message}`),
      [],
    );
    assert.deepEqual(ledger.list(), []);
  } finally {
    host.db.exec("DELETE FROM host_ledger");
    await host.clean();
  }
});

// Where the kernel has no device-mapper (some cloud sandboxes): under one that has.
test("a volume group of ours on a loop file, thin volumes and snapshots in it, and all gone again", {}, async (t) => {
  const host = hostParts();
  try {
    const loops = new Loops(host.exec, host.ledger);
    const lvm = new Lvm(host.exec, host.ledger, loops);
    if (needsRoot !== false) return t.skip(needsRoot);
    if (!(await lvm.hasDeviceMapper())) {
      const none = process.env.IN_SMALL_VM === "1" ? "no device-mapper here either" : whyNoSmallVm();
      return none === null
        ? testInSmallVm(import.meta.filename, { passing: 1, only: "^a volume group" })
        : t.skip(none);
    }
    const name = uniqueName("vg");
    const backing = { file: join(host.dataDir, "backing"), size: 512 * MIB };
    const group = await lvm.ensureGroup(name, backing, "volumes");
    assert.equal(group.own, true);
    assert.deepEqual(await lvm.ensureGroup(name, backing, "volumes"), group);
    await lvm.ensureThinPool(name, "pool", "volumes");
    await lvm.createThinVolume(name, "pool", "one", 1024 * MIB, "volumes");
    await lvm.createSnapshot(name, "one", "snap", "volumes");
    await lvm.extend(name, "one", 2048 * MIB);
    const volumes = Object.fromEntries((await lvm.volumes(name)).map((volume) => [volume.name, volume]));
    assert.equal(volumes.one?.size, 2048 * MIB);
    assert.equal(volumes.snap?.origin, "one");
    assert.equal(existsSync(lvm.devicePath(name, "snap")), true);
    await lvm.removeVolume(name, "snap");
    const report = await host.ledger.undoAll();
    assert.deepEqual(report.failures, []);
    assert.equal(await lvm.group(name), null);
    assert.equal(await loops.find(backing.file), null);
  } finally {
    await host.clean();
  }
});
