import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { HostExec } from "../../src/host/exec.ts";
import { FakeExec } from "../../src/host/fake/exec.ts";
import { QemuImg, UnsafeImageError } from "../../src/host/qemu-img.ts";
import { discard, Logger } from "../../src/kernel/log/logger.ts";

const exec = new HostExec({ log: new Logger("test", { sink: discard }), tracer: null });
const images = new QemuImg(exec);
const dir = mkdtempSync(join(tmpdir(), "hst-img-"));
const at = (name: string) => join(dir, name);
after(() => rmSync(dir, { recursive: true }));
const MIB = 1024 ** 2;

test("overlay, resize, convert and rebase keep sizes and data", async () => {
  writeFileSync(at("base.raw"), Buffer.alloc(MIB, "x"));
  await images.createOverlay(at("disk.qcow2"), { path: at("base.raw"), format: "raw" }, 8 * MIB);
  const info = await images.info(at("disk.qcow2"), "qcow2");
  assert.equal(info.virtualSize, 8 * MIB);
  assert.equal(info.backingFile, at("base.raw"));
  await images.resize(at("disk.qcow2"), "qcow2", 16 * MIB);
  await images.rebase(at("disk.qcow2"), null);
  assert.deepEqual(
    (({ virtualSize, backingFile }) => ({ virtualSize, backingFile }))(await images.inspect(at("disk.qcow2"), "qcow2")),
    {
      virtualSize: 16 * MIB,
      backingFile: null,
    },
  );
  await images.convert({ path: at("disk.qcow2"), format: "qcow2" }, { path: at("out.raw"), format: "raw" });
  assert.equal((await images.info(at("out.raw"), "raw")).virtualSize, 16 * MIB);
  await exec.run("cmp", ["-n", String(MIB), at("base.raw"), at("out.raw")]);
});

test("an uploaded image that would open other files is refused", async () => {
  const refused = (name: string, format: "qcow2" | "vmdk" | "raw", pattern: RegExp) =>
    assert.rejects(images.inspect(at(name), format), (error: unknown) => {
      assert.ok(error instanceof UnsafeImageError, String(error));
      assert.match(error.message, pattern);
      return true;
    });
  writeFileSync(at("secret"), Buffer.alloc(MIB));
  await exec.run("qemu-img", ["create", "-q", "-f", "qcow2", "-b", at("secret"), "-F", "raw", at("backed.qcow2")]);
  await refused("backed.qcow2", "qcow2", /backing file/);
  await exec.run("qemu-img", [
    "create",
    "-q",
    "-f",
    "qcow2",
    "-o",
    `data_file=${at("data")}`,
    at("external.qcow2"),
    "1M",
  ]);
  await refused("external.qcow2", "qcow2", /external data file/);
  const flat = `# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\ncreateType="monolithicFlat"\nRW 2048 FLAT "${at("secret")}" 0\n`;
  writeFileSync(at("flat.vmdk"), flat.padEnd(1024));
  await refused("flat.vmdk", "vmdk", /not a single file/);
  // A sparse file whose descriptor was replaced.
  await exec.run("qemu-img", ["create", "-q", "-f", "vmdk", "-o", "subformat=monolithicSparse", at("good.vmdk"), "1M"]);
  assert.equal((await images.inspect(at("good.vmdk"), "vmdk")).virtualSize, MIB);
  copyFileSync(at("good.vmdk"), at("bad.vmdk"));
  await exec.run("sed", ["-i", "s/monolithicSparse/monolithicFlat##/", at("bad.vmdk")]);
  await refused("bad.vmdk", "vmdk", /monolithicFlat/);
  writeFileSync(at("text.qcow2"), "hello");
  await refused("text.qcow2", "qcow2", /not qcow2/);
});

test("the format is what the caller says: a raw disk that starts like qcow2 stays raw", async () => {
  await images.create(at("guest.raw"), "qcow2", MIB);
  const info = await images.inspect(at("guest.raw"), "raw");
  assert.equal(info.format, "raw");
  assert.notEqual(info.virtualSize, MIB);
});

test("looking is limited in memory and time, and names are never protocols", async () => {
  const fake = new FakeExec(() => ({ stdout: '{"virtual-size": 1, "actual-size": 1}' }));
  await new QemuImg(fake).info("/x", "raw");
  assert.equal(fake.lines[0], "prlimit --as=1073741824 --cpu=30 -- qemu-img info --output=json -f raw -U /x");
  await assert.rejects(images.info("nbd:localhost:1", "raw"), UnsafeImageError);
  await assert.rejects(images.info('json:{"driver":"file"}', "raw"), UnsafeImageError);
});
