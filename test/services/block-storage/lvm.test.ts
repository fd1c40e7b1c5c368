import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Loops } from "../../../src/host/loop.ts";
import { Lvm } from "../../../src/host/lvm.ts";
import type { Exec } from "../../../src/host/types.ts";
import { LvmVolumeDriver } from "../../../src/services/block-storage/driver/lvm.ts";
import { hostParts, needsRoot, uniqueName } from "../../host/support/host.ts";
import { testInSmallVm, whyNoSmallVm } from "../../support/small-vm.ts";
import { momentOf, StampWriter } from "../../support/stamps.ts";

const MIB = 2 ** 20;
const hasDeviceMapper = / device-mapper$/m.test(readFileSync("/proc/devices", "utf8"));
const skip = needsRoot !== false ? needsRoot : hasDeviceMapper ? false : "this kernel has no device-mapper";

if (!hasDeviceMapper) {
  const none = whyNoSmallVm();
  test("logical volumes, under a kernel that has device-mapper", {
    skip: none ?? false,
  }, async () => {
    await testInSmallVm(import.meta.filename, { passing: 10, memoryMiB: 1536 });
  });
}

interface Group {
  driver: LvmVolumeDriver;
  lvm: Lvm;
  group: string;
  dataDir: string;
  /** Called with each command that changes volumes, before it runs; throw to be a crash at that moment. */
  crash: { at: (line: string) => void };
  path(id: string): Promise<string>;
  start(id: string): Promise<string>;
  write(id: string, text: string | Buffer, options?: { at?: number }): Promise<void>;
  /** Overwrites all of it. */
  fill(id: string): Promise<void>;
  digest(name: string): string;
  close(): Promise<void>;
}

async function openGroup(thin: boolean): Promise<Group> {
  const host = hostParts();
  const { ledger, dataDir } = host;
  const group = uniqueName("vols");
  const crash: Group["crash"] = { at: () => {} };
  const exec: Exec = Object.create(host.exec, {
    run: {
      value: (command: string, args: readonly string[], options: object) => {
        if (/^(lv(convert|change|create|rename)|qemu-img)$/.test(command)) crash.at(`${command} ${args.join(" ")}`);
        return host.exec.run(command, args, options);
      },
    },
  });
  const lvm = new Lvm(exec, ledger, new Loops(host.exec, ledger));
  await lvm.ensureGroup(group, { file: join(dataDir, "backing"), size: 256 * MIB }, "block-storage");
  const driver = new LvmVolumeDriver({ exec, lvm, group, prefix: "volume-", thin, clear: "zero" });
  await driver.start();
  const path = async (id: string) => (await driver.connect({ id })).path;
  const dd = (to: string, args: readonly string[], input: string | Buffer) =>
    execFileSync("dd", [`of=${to}`, "conv=notrunc,fsync", "status=none", ...args], { input });
  return {
    ...{ driver, lvm, group, dataDir, crash, path },
    close: host.clean,
    start: async (id) => execFileSync("head", ["-c", "8", await path(id)]).toString(),
    write: async (id, text, { at = 0 } = {}) => void dd(await path(id), ["oflag=seek_bytes", `seek=${at}`], text),
    async fill(id) {
      const size = execFileSync("blockdev", ["--getsize64", await path(id)])
        .toString()
        .trim();
      const line = `yes ${Math.random()} | head -c "$1" | dd of="$2" conv=notrunc,fsync bs=1M iflag=fullblock status=none`;
      execFileSync("sh", ["-c", line, "sh", size, await path(id)]);
    },
    digest: (name) =>
      execFileSync("sha256sum", [`/dev/${group}/${name}`])
        .toString()
        .slice(0, 64),
  };
}

for (const thin of [true, false]) {
  describe(thin ? "thin logical volumes" : "thick logical volumes", { skip }, () => {
    let g: Group;
    before(async () => {
      g = await openGroup(thin);
    });
    after(() => g?.close());

    test("are made, grown, copied, reverted and removed", async () => {
      const { driver, lvm, group, dataDir, path, start, write } = g;
      const sizeOf = async (id: string) => Number(execFileSync("blockdev", ["--getsize64", await path(id)]).toString());
      await driver.create({ id: "a" }, 16 * MIB);
      await driver.create({ id: "a" }, 16 * MIB);
      assert.equal(await sizeOf("a"), 16 * MIB);
      await driver.extend({ id: "a" }, 32 * MIB);
      await driver.extend({ id: "a" }, 32 * MIB);
      assert.equal(await sizeOf("a"), 32 * MIB);

      const image = join(dataDir, "image");
      writeFileSync(image, "bootable");
      truncateSync(image, MIB);
      await driver.createFromFile({ id: "b" }, 16 * MIB, { path: image, format: "raw" });
      assert.equal(await start("b"), "bootable");
      await driver.createSnapshot({ id: "s", volumeId: "b" });
      await write("b", "changed!");
      await driver.createFromSnapshot({ id: "c" }, 32 * MIB, { id: "s", volumeId: "b" });
      assert.equal(await start("c"), "bootable");
      assert.equal(await sizeOf("c"), 32 * MIB);
      await driver.clone({ id: "d" }, 16 * MIB, { id: "b" });
      assert.equal(await start("d"), "changed!");
      await driver.revert({ id: "b" }, { id: "s", volumeId: "b" });
      assert.equal(await start("b"), "bootable");
      await write("d", "x".repeat(2 * MIB));
      await driver.reimage({ id: "d" }, 16 * MIB, { path: image, format: "raw" });
      assert.equal(await start("d"), "bootable");
      const behind = execFileSync("dd", [`if=${await path("d")}`, "status=none", "bs=1M", "skip=1", "count=1"]);
      assert.ok(behind.equals(Buffer.alloc(MIB)), "what was behind the image's end is gone");
      const { totalBytes, freeBytes } = await driver.capacity();
      assert.ok(freeBytes > 0 && freeBytes < totalBytes);
      await driver.exportTo({ id: "b" }, join(dataDir, "out"), "raw");
      assert.equal(execFileSync("head", ["-c", "8", join(dataDir, "out")]).toString(), "bootable");

      await driver.deleteSnapshot({ id: "s", volumeId: "b" });
      for (const id of ["a", "b", "c", "d", "d"]) await driver.delete({ id });
      const left = (await lvm.volumes(group)).map(({ name }) => name);
      assert.deepEqual(left, thin ? [`${group}-pool`] : [], "no snapshot of a copy is left either");
      await assert.rejects(driver.connect({ id: "a" }), { code: "not-found" });
    });

    test("a volume goes back to its latest snapshot again and again, however much was written; all snapshots stay", async () => {
      const { driver, fill, digest, path } = g;
      const size = 8 * MIB;
      await driver.create({ id: "v" }, size);
      await fill("v");
      await driver.createSnapshot({ id: "s1", volumeId: "v" });
      const first = digest("volume-v");
      await fill("v");
      await driver.createSnapshot({ id: "s2", volumeId: "v" });
      const second = digest("volume-v");
      for (let round = 0; round < 2; round += 1) {
        await fill("v");
        assert.notEqual(digest("volume-v"), second);
        await driver.revert({ id: "v" }, { id: "s2", volumeId: "v" });
        assert.deepEqual([digest("volume-v"), digest("_snapshot-s2"), digest("_snapshot-s1")], [second, second, first]);
      }
      assert.deepEqual((await driver.health()).lostSnapshots, []);
      // One that somebody has open is left alone.
      const holder = new StampWriter(await path("v"), size);
      await holder.writes(1);
      await assert.rejects(driver.revert({ id: "v" }, { id: "s2", volumeId: "v" }), { code: "failed" });
      assert.equal(digest("_snapshot-s2"), second);
      await holder.kill();
      assert.ok(momentOf(await path("v"), size).end >= holder.synced, "nor is what was written to it");
      await driver.revert({ id: "v" }, { id: "s2", volumeId: "v" });
      assert.deepEqual([digest("volume-v"), digest("_snapshot-s2")], [second, second]);
      for (const id of ["s1", "s2"]) await driver.deleteSnapshot({ id, volumeId: "v" });
      await driver.delete({ id: "v" });
    });

    test("a revert that crashes cut off again and again, after each of its commands, comes to its end", async () => {
      const { driver, fill, digest, crash, lvm, group } = g;
      await driver.create({ id: "v" }, 8 * MIB);
      await fill("v");
      await driver.createSnapshot({ id: "s", volumeId: "v" });
      const before = digest("volume-v");
      const revert = () => driver.revert({ id: "v" }, { id: "s", volumeId: "v" });
      await fill("v");
      // Each try goes on from where the one before was cut off, and comes one command further.
      let tries = 0;
      for (let isDone = false; !isDone; tries += 1) {
        let left = tries;
        crash.at = (line) => {
          left -= 1;
          if (left < 0) throw new Error(`killed before ${line}`);
        };
        isDone = await revert().then(
          () => true,
          () => false,
        );
        assert.ok(isDone || left < 0, "nothing but the crash stops it");
      }
      crash.at = () => {};
      assert.ok(tries > 3, `${tries} tries`);
      assert.deepEqual([digest("volume-v"), digest("_snapshot-s")], [before, before]);
      const names = (await lvm.volumes(group)).map(({ name }) => name).filter((name) => name !== `${group}-pool`);
      assert.deepEqual(names.sort(), ["_snapshot-s", "volume-v"]);
      await driver.deleteSnapshot({ id: "s", volumeId: "v" });
      await driver.delete({ id: "v" });
    });

    test("copies of a volume that is written to are a point in time, and hold what was synchronised before", async () => {
      const { driver, path, dataDir, group } = g;
      const size = 32 * MIB;
      await driver.create({ id: "v" }, size);
      const writer = new StampWriter(await path("v"), size);
      try {
        await writer.writes(3);
        const taken = async (copy: () => Promise<void>, where: string) => {
          const synced = writer.synced;
          await copy();
          const { end } = momentOf(where, size);
          assert.ok(end >= synced, `${end} holds ${synced}`);
          await writer.writes(1);
        };
        await taken(() => driver.createSnapshot({ id: "s", volumeId: "v" }), `/dev/${group}/_snapshot-s`);
        await taken(() => driver.clone({ id: "c" }, size, { id: "v" }), `/dev/${group}/volume-c`);
        await taken(() => driver.exportTo({ id: "v" }, join(dataDir, "out"), "raw"), join(dataDir, "out"));
      } finally {
        await writer.kill();
      }
      await driver.deleteSnapshot({ id: "s", volumeId: "v" });
      assert.ok(momentOf(await path("v"), size).end >= writer.synced);
      for (const id of ["v", "c"]) await driver.delete({ id });
    });

    if (thin) roomOfThin(() => g);
    else roomOfThick(() => g);
  });
}

function roomOfThin(g: () => Group): void {
  test("thin: neither an image nor a revert takes more of the pool than there is data; one that fills up is told", async () => {
    const { driver, dataDir, fill, path, write } = g();
    const image = join(dataDir, "image");
    writeFileSync(image, Buffer.alloc(2 * MIB, 7));
    truncateSync(image, 96 * MIB);
    const used = async () => {
      const { totalBytes, freeBytes } = await driver.capacity();
      return (totalBytes - freeBytes) / MIB;
    };
    await driver.createFromFile({ id: "v" }, 128 * MIB, { path: image, format: "raw" });
    assert.ok((await used()) < 8, `${await used()} MiB for 2 MiB of data`);
    await driver.createSnapshot({ id: "s", volumeId: "v" });
    await driver.revert({ id: "v" }, { id: "s", volumeId: "v" });
    assert.ok((await used()) < 8, `${await used()} MiB after a revert`);
    // An earlier try that a crash cut off may have written anything: it is made anew.
    await write("v", Buffer.alloc(MIB, 9), { at: 100 * MIB });
    await driver.createFromFile({ id: "v" }, 128 * MIB, { path: image, format: "raw" });
    const tail = execFileSync("dd", [`if=${await path("v")}`, "bs=1M", "skip=2", "status=none"], {
      maxBuffer: 256 * MIB,
    });
    assert.ok(tail.equals(Buffer.alloc(126 * MIB)));
    await driver.create({ id: "w" }, 200 * MIB);
    await fill("w");
    const { usedPercent } = await driver.health();
    assert.ok(usedPercent !== null && usedPercent > 80, `${usedPercent} %`);
  });
}

function roomOfThick(g: () => Group): void {
  test("thick: a snapshot without room for all changes is noticed and refused", async () => {
    const { driver, lvm, group, fill } = g();
    await driver.create({ id: "v" }, 16 * MIB);
    await lvm.createSnapshot(group, "volume-v", "_snapshot-small", "block-storage", 4 * MIB);
    assert.deepEqual((await driver.health()).lostSnapshots, []);
    await fill("v");
    assert.deepEqual(await driver.health(), { lostSnapshots: ["small"], usedPercent: null });
    const snapshot = { id: "small", volumeId: "v" };
    await assert.rejects(driver.revert({ id: "v" }, snapshot), { code: "failed", message: /lost/ });
    await assert.rejects(driver.createFromSnapshot({ id: "w" }, 16 * MIB, snapshot), {
      code: "failed",
      message: /lost/,
    });
    assert.equal(await lvm.volume(group, "volume-w"), null);
    await driver.deleteSnapshot(snapshot);
  });
}
