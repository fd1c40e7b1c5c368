import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { HostExec } from "../../../src/host/exec.ts";
import { internalContext } from "../../../src/kernel/auth/context.ts";
import { Logger } from "../../../src/kernel/log/logger.ts";
import { FileVolumeDriver } from "../../../src/services/block-storage/driver/files.ts";
import { smallDisk, whyNoSmallDisk } from "../../support/small-disk.ts";
import { momentOf, STAMP, StampWriter } from "../../support/stamps.ts";
import { type Storage, storage } from "./support.ts";

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const IMAGE = "11111111-1111-4111-8111-111111111111";

function hasQemuImg(): boolean {
  try {
    execFileSync("qemu-img", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
const skip = hasQemuImg() ? false : "qemu-img is not installed";

let s: Storage;
const folder = () => join(s.directory, "cinder/lvmdriver-1");
const pathOf = (id: string) => join(folder(), `volume-${id}`);

before(async () => {
  const exec = new HostExec({ log: new Logger("test", { sink: () => {}, level: "error" }), tracer: null });
  s = await storage({
    driver: (directory) =>
      new FileVolumeDriver({
        exec,
        directory: join(directory, "cinder/lvmdriver-1"),
        prefix: "volume-",
        clear: "zero",
        copyLive: async () => false,
      }),
  });
});
after(() => s.close());

/** A qcow2 image with `content` at its beginning, known to the image service. */
function image(content: string, options: { id: string; sizeMb: number; backing?: string }): void {
  const raw = join(s.directory, "image.raw");
  const path = join(s.directory, `${options.id}.qcow2`);
  writeFileSync(raw, content);
  truncateSync(raw, options.sizeMb * MIB);
  if (options.backing === undefined) {
    execFileSync("qemu-img", ["convert", "-f", "raw", "-O", "qcow2", raw, path]);
  } else {
    execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", "-b", options.backing, "-F", "raw", path]);
  }
  s.images.add({ id: options.id, diskFormat: "qcow2", size: statSync(path).size, filePath: path });
}

test("a blank volume is a sparse file of its size", { skip }, async () => {
  const { id } = await s.volume();
  assert.equal((await s.show(id)).status, "available");
  const { size, blocks, mode } = statSync(pathOf(id));
  assert.equal(size, GIB);
  assert.ok(blocks * 512 < MIB, "it takes no space yet");
  assert.equal(mode & 0o777, 0o600);
  await s.action(id, { "os-extend": { new_size: 2 } });
  await s.idle();
  assert.equal(statSync(pathOf(id)).size, 2 * GIB);
  await s.request("DELETE", `/volumes/${id}`);
  await s.idle();
  assert.deepEqual(readdirSync(folder()), ["snapshots"]);
});

test("an image's contents come in as raw, through a snapshot and a clone, and out as qcow2", { skip }, async () => {
  image("bootable", { id: IMAGE, sizeMb: 8 });
  const { id } = await s.volume({ imageRef: IMAGE });
  assert.equal((await s.show(id)).bootable, "true");
  assert.equal(statSync(pathOf(id)).size, GIB);
  // Only the beginning is read: the file is a GiB of zeros.
  const start = (path: string) => execFileSync("head", ["-c", "8", path]).toString();
  assert.equal(start(pathOf(id)), "bootable");
  assert.ok(statSync(pathOf(id)).blocks * 512 < 9 * MIB, "holes stay holes");

  const { body } = await s.request("POST", "/snapshots", { body: { snapshot: { volume_id: id } } });
  await s.idle();
  execFileSync("dd", [`of=${pathOf(id)}`, "conv=notrunc", "status=none"], { input: "changed!" });
  const restored = await s.volume({ snapshot_id: body.snapshot.id, size: 2 });
  assert.equal(start(pathOf(restored.id)), "bootable");
  assert.equal(statSync(pathOf(restored.id)).size, 2 * GIB);
  const clone = await s.volume({ source_volid: id });
  assert.equal(start(pathOf(clone.id)), "changed!");
  await s.action(id, { revert: { snapshot_id: body.snapshot.id } }, { version: "3.40" });
  await s.idle();
  assert.equal(start(pathOf(id)), "bootable");

  const upload = await s.action(id, { "os-volume_upload_image": { image_name: "out", disk_format: "qcow2" } });
  await s.idle();
  const imageId = upload.body["os-volume_upload_image"].image_id;
  assert.equal(s.images.images.get(imageId)?.status, "active");
  assert.match(s.images.uploads.get(imageId) ?? "", /^[0-9a-f]{64}$/);
  assert.deepEqual(readdirSync(join(s.directory, "cinder/conversion")), [], "nothing is left of the conversion");

  await s.request("DELETE", `/snapshots/${body.snapshot.id}`);
  await s.idle();
  assert.deepEqual(readdirSync(join(folder(), "snapshots")), []);
});

test("an image is written again to a volume, with zeros behind it, and a failure leaves the old contents", {
  skip,
}, async () => {
  image("bootable", { id: IMAGE, sizeMb: 8 });
  const { id } = await s.volume();
  execFileSync("dd", [`of=${pathOf(id)}`, "conv=notrunc", "status=none", "bs=1M", "seek=20"], { input: "old data" });
  const at = (offset: number) =>
    execFileSync("dd", [`if=${pathOf(id)}`, "status=none", "bs=8", "count=1", `skip=${offset / 8}`]);
  const reimage = async (image_id: string) => {
    assert.equal((await s.action(id, { "os-reimage": { image_id } }, { version: "3.68" })).status, 202);
    await s.idle();
    return (await s.show(id)).status;
  };
  assert.equal(await reimage(IMAGE), "available");
  assert.equal(at(0).toString(), "bootable");
  assert.equal(at(20 * MIB).toString(), "\0".repeat(8));
  assert.deepEqual([statSync(pathOf(id)).size, statSync(pathOf(id)).mode & 0o777], [GIB, 0o600]);

  image("", { id: "44444444-4444-4444-8444-444444444444", sizeMb: 2048 });
  assert.equal(await reimage("44444444-4444-4444-8444-444444444444"), "error");
  assert.equal(at(0).toString(), "bootable");
  assert.equal(
    readdirSync(folder()).some((name) => name.endsWith(".part")),
    false,
  );
});

test("an image that refers to another file, or is too large, makes no volume", { skip }, async (t: TestContext) => {
  const secret = join(s.directory, "secret");
  writeFileSync(secret, "x".repeat(MIB));
  image("", { id: "22222222-2222-4222-8222-222222222222", sizeMb: 1, backing: secret });
  image("", { id: "33333333-3333-4333-8333-333333333333", sizeMb: 2048 });
  for (const imageRef of ["22222222-2222-4222-8222-222222222222", "33333333-3333-4333-8333-333333333333"]) {
    const { id } = await s.volume({ imageRef });
    assert.equal((await s.show(id)).status, "error");
    assert.equal(
      readdirSync(folder()).some((name) => name.includes(id)),
      false,
      "no half made file is left",
    );
  }
  const reasons = s.t.logs.filter(({ level }) => level === "error").map(({ message }) => message);
  t.diagnostic(reasons.join("\n"));
  assert.ok(reasons.some((reason) => reason.includes("has a backing file")));
  assert.ok(reasons.some((reason) => reason.includes("larger than the volume")));
});

test("what the disk has no room for is an error that says so, and leaves nothing", {
  skip: skip || (whyNoSmallDisk() ?? false),
}, async () => {
  const disk = smallDisk(12);
  try {
    const exec = new HostExec({ log: new Logger("test", { sink: () => {}, level: "error" }), tracer: null });
    const directory = join(disk.outside, "cinder");
    const driver = new FileVolumeDriver({
      exec,
      directory,
      prefix: "volume-",
      clear: "none",
      copyLive: async () => false,
    });
    await driver.start();
    const path = join(s.directory, "noise.raw");
    writeFileSync(path, Buffer.alloc(4 * MIB, 7));
    const image = { path, format: "raw" };
    const ref = (n: number) => ({ id: `0000000${n}-0000-4000-8000-000000000000` });
    const there = () => readdirSync(directory, { recursive: true }).sort();
    await driver.createFromFile(ref(1), 4 * MIB, image);
    const snapshot = { ...ref(9), volumeId: ref(1).id };
    await driver.createSnapshot(snapshot);
    const before = there();
    disk.fill();
    const noSpace = { name: "VolumeDriverError", code: "no-space" };
    await assert.rejects(driver.createFromFile(ref(2), 4 * MIB, image), noSpace);
    await assert.rejects(driver.clone(ref(3), 4 * MIB, ref(1)), noSpace);
    await assert.rejects(driver.createFromSnapshot(ref(4), 4 * MIB, snapshot), noSpace);
    await assert.rejects(driver.createSnapshot({ ...ref(8), volumeId: ref(1).id }), noSpace);
    await assert.rejects(driver.revert(ref(1), snapshot), noSpace);
    assert.deepEqual(there(), before);
    assert.equal(statSync(join(directory, `volume-${ref(1).id}`)).blocks * 512, 4 * MIB, "what there was is whole");
    disk.free();
    await driver.delete(ref(1));
    await driver.createFromSnapshot(ref(4), 4 * MIB, snapshot);
    assert.equal(statSync(join(directory, `volume-${ref(4).id}`)).size, 4 * MIB);
  } finally {
    disk.close();
  }
});

test("what is copied is as it was at one moment, whoever writes meanwhile and whenever it begins", {
  skip,
}, async () => {
  const exec = new HostExec({ log: new Logger("test", { sink: () => {}, level: "error" }), tracer: null });
  const directory = join(s.directory, "still");
  const size = 64 * MIB;
  let live: (file: string) => Promise<boolean> = async () => false;
  const driver = new FileVolumeDriver({
    ...{ exec, directory, prefix: "volume-", clear: "none" },
    copyLive: (_id, file) => live(file),
  });
  await driver.start();
  await driver.create({ id: "v" }, size);
  const { path } = await driver.connect({ id: "v" });
  writeFileSync(path, Buffer.alloc(size, 1));
  for (const offset of [0, size - STAMP])
    execFileSync("dd", [`of=${path}`, "conv=notrunc", "status=none", "oflag=seek_bytes", `seek=${offset}`], {
      input: Buffer.alloc(STAMP),
    });

  // Nobody stops the writer and no hypervisor can copy: no copy, rather than one that never was.
  const writer = new StampWriter(path, size);
  try {
    await writer.writes(1);
    const failed = { code: "failed", message: /written to/ };
    await assert.rejects(driver.createSnapshot({ id: "s", volumeId: "v" }), failed);
    await assert.rejects(driver.clone({ id: "c" }, size, { id: "v" }), failed);
    await assert.rejects(driver.exportTo({ id: "v" }, join(s.directory, "still.out"), "raw"), failed);
    assert.deepEqual(readdirSync(directory, { recursive: true }).sort(), ["snapshots", "volume-v"]);
    // A hypervisor that can, from the second try on: as when a server has just started with the volume, or just ended.
    let asked = 0;
    live = async (file) => {
      asked += 1;
      if (asked === 1) return false;
      if (asked === 2) throw new Error("the guest ended");
      assert.equal(statSync(file).size, size);
      writeFileSync(file, Buffer.alloc(size));
      return true;
    };
    await driver.createSnapshot({ id: "s", volumeId: "v" });
    assert.deepEqual([asked, momentOf(join(directory, "snapshots/snapshot-s"), size)], [3, { begin: 0, end: 0 }]);
    live = async () => false;
  } finally {
    await writer.kill();
  }
  // What a crash leaves of a copy goes at the next start.
  writeFileSync(join(directory, "volume-c.part"), "half");
  await driver.start();
  assert.deepEqual(readdirSync(directory).sort(), ["snapshots", "volume-v"]);
  await driver.clone({ id: "c" }, size, { id: "v" });
  assert.ok(momentOf((await driver.connect({ id: "c" })).path, size).end >= writer.synced);
});

test("compute gets the file's path, raw and never probed", { skip }, async () => {
  const context = internalContext("req-test", "alpha");
  const { id } = await s.volume();
  const attachment = s.facade.reserve(context, id, crypto.randomUUID());
  const connection = await s.facade.connect(context, attachment.id, { hostName: "box", device: "/dev/vdb" });
  assert.deepEqual(connection.source, { kind: "file", path: pathOf(id), format: "raw" });
  await s.facade.detach(context, attachment.id);
});
