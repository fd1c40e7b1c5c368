import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { inspect, judge } from "../../../src/services/image/inspect/inspect.ts";
import { bufferReader } from "../../../src/services/image/inspect/reader.ts";
import { type ImageCloud, imageCloud } from "./support.ts";

const MIB = 1024 * 1024;
let folder: string;
let t: ImageCloud;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "tenrec-inspect-"));
  t = await imageCloud();
});
after(async () => {
  await t.close();
  await rm(folder, { recursive: true, force: true });
});

/** What QEMU itself makes. */
async function made(format: string, ...options: string[]): Promise<Buffer> {
  const path = join(folder, `disk-${format}-${options.join("").replace(/[^a-z]/gi, "")}`);
  execFileSync("qemu-img", ["create", "-q", "-f", format, ...options, path, "64M"]);
  return readFile(path);
}

const verdict = async (bytes: Buffer, declared: string) => judge(await inspect(bufferReader(bytes)), declared);

test("every format is told by its header, with its virtual size", async () => {
  for (const [format, qemu, ...options] of [
    ["qcow2", "qcow2"],
    ["qcow2", "qcow2", "-o", "compat=0.10"],
    ["vmdk", "vmdk"],
    ["vmdk", "vmdk", "-o", "subformat=streamOptimized"],
    ["vdi", "vdi"],
    ["vhd", "vpc", "-o", "force_size=on"],
    ["vhdx", "vhdx"],
  ] as [string, string, ...string[]][]) {
    const result = await verdict(await made(qemu, ...options), format);
    assert.deepEqual(result, { ok: true, virtualSize: 64 * MIB, note: null }, `${format} ${options}`);
  }
  const iso = Buffer.alloc(40 * 1024);
  iso.write("\x01CD001", 0x8000, "latin1");
  iso.writeUInt32LE(20, 0x8000 + 80);
  iso.writeUInt16LE(2048, 0x8000 + 128);
  assert.deepEqual(await verdict(iso, "iso"), { ok: true, virtualSize: 40_960, note: null });
});

test("what would reach for other files is refused", async () => {
  const qcow2 = await made("qcow2");
  const changed = (change: (bytes: Buffer) => void): Buffer => {
    const copy = Buffer.from(qcow2);
    change(copy);
    return copy;
  };
  const backing = await made("qcow2", "-u", "-F", "raw", "-b", "/etc/passwd");
  for (const [name, bytes] of [
    ["backing file", backing],
    ["data file", changed((copy) => void copy.writeBigUInt64BE(4n, 72))],
    ["unknown feature", changed((copy) => void copy.writeBigUInt64BE(1n << 40n, 72))],
    ["cut off", qcow2.subarray(0, 80)],
  ] as [string, Buffer][]) {
    const result = await verdict(bytes, "qcow2");
    assert.equal(result.ok, false, name);
    assert.equal(!result.ok && result.unsafe, true, name);
  }
  const flat = join(folder, "flat.vmdk");
  execFileSync("qemu-img", ["create", "-q", "-f", "vmdk", "-o", "subformat=monolithicFlat", flat, "1M"]);
  const descriptor = await verdict(await readFile(flat), "vmdk");
  assert.equal(!descriptor.ok && descriptor.unsafe, true);
  const vmdk = await made("vmdk");
  const at = vmdk.indexOf("SPARSE");
  vmdk.write('FLAT "/etc/passwd" 0\n', at, "latin1");
  const pointed = await verdict(vmdk, "vmdk");
  assert.equal(!pointed.ok && pointed.unsafe, true);
});

test("a vmdk's parent is found wherever QEMU finds it", async () => {
  const vmdk = await made("vmdk", "-o", "subformat=monolithicSparse");
  const start = vmdk.indexOf("# Disk Descriptor");
  const text = vmdk.toString("latin1", start, vmdk.indexOf(0, start));
  const hint = 'parentFileNameHint="/etc/passwd"';
  const written = (descriptor: string, change: (bytes: Buffer) => void = () => {}): Buffer => {
    const copy = Buffer.from(vmdk);
    copy.write(descriptor, start, "latin1");
    change(copy);
    return copy;
  };
  const hidden: [string, Buffer][] = [
    ["in a comment", written(`${text}\n#${hint}\n`)],
    ["as the end of another name", written(`${text}\nx${hint}\n`)],
    [
      "behind the length that the header tells",
      written(`${text.padEnd(512, "#")}\n${hint}\n`, (copy) => copy.writeBigUInt64LE(1n, 36)),
    ],
    [
      "where the header does not point",
      written(`${text}\n${hint}\n`, (copy) => {
        copy.write(text, 40 * 512, "latin1");
        copy.writeBigUInt64LE(40n, 28);
      }),
    ],
    ["another parent's number first", written(text.replace("parentCID", "xparentCID=12345678\nparentCID"))],
    ["another type first", written(text.replace("createType", 'xcreateType="monolithicFlat"\ncreateType'))],
  ];
  for (const [name, bytes] of hidden) {
    const result = await verdict(bytes, "vmdk");
    assert.equal(!result.ok && result.unsafe, true, name);
  }
  // QEMU does see the parent in the first one, or the test would prove nothing.
  const path = join(folder, "hidden.vmdk");
  await writeFile(path, hidden[0]?.[1] ?? "");
  assert.match(
    execFileSync("qemu-img", ["info", "-f", "vmdk", path], { encoding: "utf8" }),
    /backing file: \/etc\/passwd/,
  );
  assert.equal((await verdict(written(text), "vmdk")).ok, true);
});

test("disks that need another image, and sizes that make no sense, are refused in every format", async () => {
  const changed = async (format: string, change: (bytes: Buffer) => void, ...options: string[]): Promise<Buffer> => {
    const bytes = await made(format, ...options);
    change(bytes);
    return bytes;
  };
  const [huge, hugeLittle] = [Buffer.alloc(8, 0xff), Buffer.alloc(8, 0xff)];
  const vhdx = await made("vhdx");
  const sizeAt = vhdx.indexOf(
    Buffer.from("24 42 a5 2f 1b cd 76 48 b2 11 5d be d8 3b f4 b8".replaceAll(" ", ""), "hex"),
  );
  const metadata = vhdx.lastIndexOf("metadata", sizeAt);
  const parametersAt = vhdx.indexOf(Buffer.from("3767a1ca36fa434db3b633f0aa44e76b", "hex"), metadata);
  for (const [name, declared, bytes] of [
    ["a differencing vdi", "vdi", await changed("vdi", (copy) => copy.writeUInt32LE(4, 0x4c))],
    ["a vdi of 16 EiB", "vdi", await changed("vdi", (copy) => void huge.copy(copy, 0x170))],
    ["a differencing vhd", "vhd", await changed("vpc", (copy) => copy.writeUInt32BE(4, 60))],
    ["a vhd of 16 EiB", "vhd", await changed("vpc", (copy) => void huge.copy(copy, 40))],
    [
      "a vhdx with a parent",
      "vhdx",
      await changed("vhdx", (copy) => copy.writeUInt32LE(2, metadata + copy.readUInt32LE(parametersAt + 16) + 4)),
    ],
    [
      "a vhdx of 16 EiB",
      "vhdx",
      await changed("vhdx", (copy) => void hugeLittle.copy(copy, metadata + copy.readUInt32LE(sizeAt + 16))),
    ],
    ["a qcow2 of 16 EiB", "qcow2", await changed("qcow2", (copy) => void huge.copy(copy, 24))],
    ["a vmdk of no size", "vmdk", await changed("vmdk", (copy) => void copy.fill(0, 12, 20))],
    ["a vmdk of 8 ZiB", "vmdk", await changed("vmdk", (copy) => void huge.copy(copy, 12))],
    ["an encrypted disk", "luks", Buffer.concat([Buffer.from("LUKS\xba\xbe", "latin1"), Buffer.alloc(1024)])],
    ["a QED", "qed", Buffer.concat([Buffer.from("QED\0"), Buffer.alloc(1024)])],
  ] as [string, string, Buffer][]) {
    const result = await verdict(bytes, declared);
    assert.equal(!result.ok && result.unsafe, true, name);
  }
});

test("what reaches for other files is refused in any container, and a packed bomb is stored as it is", async () => {
  const hostile = await made("qcow2", "-u", "-F", "raw", "-b", "/etc/passwd");
  for (const container_format of ["bare", "ovf", "ova", "docker", "compressed"]) {
    const { id } = await t.create({ disk_format: "qcow2", container_format });
    assert.equal((await t.upload(id, hostile)).status, 415, container_format);
  }
  // 16 MiB of zeros in a few kilobytes: nothing here unpacks what users bring.
  const bomb = gzipSync(Buffer.alloc(16 * MIB));
  const { id } = await t.create({ disk_format: "qcow2", container_format: "compressed" });
  assert.equal((await t.upload(id, bomb)).status, 204);
  const { body } = await t.request("GET", `/image/v2/images/${id}`, { token: "member:alpha" });
  assert.equal(body.size, bomb.length);
  assert.equal(body.virtual_size, null);
});

test("content that can be read as two formats is refused, unless it is a bootable ISO", async () => {
  const both = Buffer.alloc(64 * 1024);
  (await made("qcow2")).copy(both, 0, 0, 512);
  both.write("\x01CD001", 0x8000, "latin1");
  assert.equal((await verdict(both, "raw")).ok, false);
  const hybrid = Buffer.alloc(64 * 1024);
  hybrid.write("\x01CD001", 0x8000, "latin1");
  hybrid[446] = 0x80;
  hybrid[450] = 0x17;
  hybrid.writeUInt16LE(0xaa55, 510);
  assert.equal((await verdict(hybrid, "iso")).ok, true);
});

test("an upload is checked before it becomes an image, and nothing stays of a refused one", async () => {
  const { id } = await t.create({ disk_format: "qcow2" });
  const refused = await t.upload(id, "this is no qcow2");
  assert.equal(refused.status, 415);
  assert.match(refused.body.message, /Image disk_format qcow2 does not match stream data raw/);
  const { body } = await t.request("GET", `/image/v2/images/${id}`, { token: "member:alpha" });
  assert.equal(body.status, "queued");
  assert.equal(body.size, null);
  const again = await t.upload(id, await made("qcow2"));
  assert.equal(again.status, 204);
  const shown = await t.request("GET", `/image/v2/images/${id}`, { token: "member:alpha" });
  assert.equal(shown.body.virtual_size, 64 * MIB);

  const open = await imageCloud({ enforceFormat: false });
  try {
    const lax = await open.create({ disk_format: "qcow2" });
    const unsafe = await open.upload(lax.id, await made("qcow2", "-u", "-F", "raw", "-b", "/etc/passwd"));
    assert.equal(unsafe.status, 415);
    assert.equal((await open.upload(lax.id, "this is no qcow2")).status, 204);
  } finally {
    await open.close();
  }
});
