import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { HostExec } from "../../../../../src/host/exec.ts";
import { QemuImg } from "../../../../../src/host/qemu-img.ts";
import { discard, Logger } from "../../../../../src/kernel/log/logger.ts";
import type { InstanceSpec } from "../../../../../src/services/compute/driver/driver.ts";
import { BaseImages } from "../../../../../src/services/compute/driver/libvirt/base-images.ts";
import type { LibvirtDriverDeps } from "../../../../../src/services/compute/driver/libvirt/context.ts";
import { diskFiles, diskParts, GuestDisks } from "../../../../../src/services/compute/driver/libvirt/disks.ts";
import { virtualSize } from "../../../../../src/services/compute/driver/libvirt/image-header.ts";

/** Disks in the hands of a guest that writes headers of images where only data belongs. */

const MIB = 2 ** 20;
const skip = existsSync("/usr/bin/qemu-img") && existsSync("/usr/bin/qemu-io") ? false : "qemu-utils is not installed";
const home = mkdtempSync(join(tmpdir(), "disks-"));
after(() => rmSync(home, { recursive: true, force: true }));

const SECRET = join(home, "secret");
writeFileSync(SECRET, "host secret".padEnd(MIB, "!"));
const log = new Logger("test", { sink: discard });
const exec = new HostExec({ log, tracer: null });
const qemuImg = new QemuImg(exec);
const instancesPath = join(home, "instances");
const disks = new GuestDisks(
  { exec, log, qemuUser: null, instancesPath } as unknown as LibvirtDriverDeps,
  new BaseImages(instancesPath, qemuImg),
  qemuImg,
);
const directory = join(instancesPath, "guest");
mkdirSync(directory, { recursive: true });

const qemu = (...args: string[]) => execFileSync("qemu-img", args, { stdio: ["ignore", "pipe", "pipe"] }).toString();
/** What a guest would write to have a file of the host shown to it: a qcow2 with a backing file, or with a data file. */
function hostile(): Buffer[] {
  const backing = join(home, "backing.qcow2");
  qemu("create", "-q", "-f", "qcow2", "-b", SECRET, "-F", "raw", backing);
  const data = join(home, "data.qcow2");
  qemu("create", "-q", "-f", "qcow2", "-o", `data_file=${join(home, "data.raw")},data_file_raw=on`, data, "1M");
  const text = `# Disk DescriptorFile\nversion=1\ncreateType="monolithicFlat"\nRW 2048 FLAT "${SECRET}" 0\n`;
  return [readFileSync(backing), readFileSync(data), Buffer.from(text)];
}
function start(path: string, length: number): Buffer {
  const file = openSync(path, "r");
  const bytes = Buffer.alloc(length);
  readSync(file, bytes, 0, length, 0);
  closeSync(file);
  return bytes;
}

test("a raw disk on which a guest wrote an image's header grows as what it is", { skip }, async () => {
  const spec = { paths: { directory }, ephemerals: [{ index: 0, sizeMb: 4, format: null }], volumes: [], root: null };
  const path = join(directory, diskFiles.ephemeral(0));
  for (const [index, header] of hostile().entries()) {
    await disks.createEphemerals(spec as unknown as InstanceSpec);
    assert.equal(statSync(path).mode & 0o077, 0, "nobody else reads it");
    const file = openSync(path, "r+");
    writeSync(file, header, 0, header.length, 0);
    closeSync(file);
    assert.equal(await disks.grow(path, "raw", 8 * MIB), true);
    assert.equal(statSync(path).size, 8 * MIB, `header ${index}`);
    assert.ok(start(path, header.length).equals(header), "not a byte of it has changed");
    assert.equal(statSync(SECRET).size, MIB);
  }
  const parts = diskParts({ ...spec, swapMb: 0, configDrive: null, imageProperties: {} } as unknown as InstanceSpec);
  assert.deepEqual(
    parts.map((part) => [part.path, part.format]),
    [[path, "raw"]],
    "and QEMU is told so",
  );
});

test("an image made of a disk on which a guest wrote a header holds the header, not what it names", {
  skip,
}, async () => {
  const image = join(home, "image.raw");
  writeFileSync(image, Buffer.alloc(MIB));
  const names = { base: join(directory, diskFiles.rootBase), disk: join(directory, diskFiles.root), sizeGb: 0 };
  const from = join(home, "header");
  for (const header of hostile()) {
    await disks.overlay({ imageId: "image", imagePath: image, imageFormat: "raw" }, names);
    writeFileSync(from, header);
    const length = Math.ceil(header.length / 512) * 512;
    execFileSync("qemu-io", ["-f", "qcow2", "-c", `write -q -s ${from} 0 ${length}`, names.disk]);
    for (const format of ["raw", "qcow2"] as const) {
      const to = join(home, `snapshot.${format}`);
      await disks.flatten(names.disk, format, to);
      assert.equal(await virtualSize(to, format), MIB);
      for (const path of [names.disk, to]) assert.equal(statSync(path).mode & 0o077, 0, "nobody else reads it");
      if (format === "qcow2") assert.equal((await qemuImg.inspect(to, format)).backingFile, null);
      else assert.ok(start(to, header.length).equals(header));
      assert.ok(!readFileSync(to).includes("host secret!"));
      rmSync(to);
    }
    assert.equal(await disks.grow(names.disk, "qcow2", 2 * MIB), true);
  }
});

test("an image is what it was uploaded as: names no files, and is no larger than the flavor's disk", {
  skip,
}, async () => {
  const path = join(home, "uploaded");
  const provide = (imageFormat: string, sizeGb = 1) =>
    disks.overlay(
      { imageId: `of-${imageFormat}`, imagePath: path, imageFormat },
      { base: join(directory, diskFiles.rootBase), disk: join(directory, diskFiles.root), sizeGb },
    );
  const [backing, data, descriptor] = hostile();
  for (const [format, content] of [
    ["qcow2", backing],
    ["qcow2", data],
    ["vmdk", descriptor],
    ["vmdk", backing],
    ["../../etc", backing],
  ] as const) {
    writeFileSync(path, content ?? "");
    await assert.rejects(provide(format), { code: "image" }, format);
  }
  // As raw it is a disk of these bytes, whatever they look like.
  writeFileSync(path, backing ?? "");
  await provide("raw", 0);
  const to = join(home, "flat");
  await disks.flatten(join(directory, diskFiles.root), "raw", to);
  assert.ok(start(to, backing?.length ?? 0).equals(backing ?? Buffer.alloc(0)));
  rmSync(path);
  // Little data, large disk.
  qemu("create", "-q", "-f", "qcow2", path, "1T");
  await assert.rejects(provide("qcow2"), /^DriverError: Flavor's disk is too small for requested image/);
});
