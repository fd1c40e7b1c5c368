import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { HostCommandError, HostExec } from "../../../src/host/exec.ts";
import { discard, Logger } from "../../../src/kernel/log/logger.ts";
import { Retriever } from "../../../src/services/image/download/retrieve.ts";
import { type ImageCloud, imageCloud } from "./support.ts";

let folder: string;
let server: Server;
let origin: string;
let asked: { url: string; range: string | undefined }[];
const big = Buffer.from("0123456789".repeat(20_000));
const bigger = Buffer.from("abcdefghij".repeat(30_000));
const opened: ImageCloud[] = [];
const md5 = (bytes: Uint8Array): string => createHash("md5").update(bytes).digest("hex");

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "tenrec-seed-"));
  asked = [];
  server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(async () => {
  for (const cloud of opened) await cloud.close();
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true, force: true });
});

/** `/big.raw` breaks off half way at first; `/new.raw` is another one from then on; everything else is a file of `folder`. */
function answer(request: IncomingMessage, response: ServerResponse): void {
  const { url = "/", headers } = request;
  if (url === "/busy.raw" && asked.filter((one) => one.url === url).length < 1) {
    asked.push({ url, range: undefined });
    response.writeHead(503).end();
    return;
  }
  asked.push({ url, range: headers.range });
  const again = asked.filter((one) => one.url === url).length > 1;
  const etag = url === "/new.raw" && again ? '"second"' : '"first"';
  const data = existsSync(folder + url) ? readFileSync(folder + url) : etag === '"first"' ? big : bigger;
  const isValid = headers["if-range"] === etag;
  const from = isValid ? Number(/bytes=(\d+)-/.exec(headers.range ?? "")?.[1] ?? 0) : 0;
  response.writeHead(from > 0 ? 206 : 200, { "content-length": String(data.length - from), etag });
  if (data === big && !again) response.write(data.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 20));
  else response.end(data.subarray(from));
}

async function seeded(urls: string[], more: Record<string, unknown> = {}, offline = false): Promise<ImageCloud> {
  const t = await imageCloud({ urls, ...more }, { offline });
  opened.push(t);
  await t.cloud.seed();
  return t;
}

async function listed(t: ImageCloud) {
  const { body } = await t.request("GET", "/image/v2/images?sort_key=name&sort_dir=asc", { token: "admin:admin" });
  return body.images;
}

test("a packed file is unpacked, its format found out; seeding again adds nothing", async () => {
  await writeFile(join(folder, "disk.img.gz"), gzipSync(Buffer.alloc(4096, "x")));
  const t = await seeded([`file://${folder}/disk.img.gz`]);
  await t.cloud.seed();
  const [image, ...others] = await listed(t);
  assert.deepEqual(others, []);
  assert.equal(image.name, "disk");
  assert.equal(image.disk_format, "raw");
  assert.equal(image.visibility, "public");
  assert.equal(image.size, 4096);
  assert.deepEqual(t.cloud.kernel.warnings.list(), []);
});

test("a uec archive becomes kernel, ramdisk and image; links and paths in it lead nowhere", async () => {
  const inside = join(folder, "uec");
  await mkdir(inside);
  await writeFile(join(inside, "tty-vmlinuz"), "kernel");
  await writeFile(join(inside, "tty-initrd"), "ramdisk");
  await writeFile(join(inside, "tty-blank.img"), "root disk");
  execFileSync("ln", ["-s", "/etc/passwd", join(inside, "evil.img")]);
  execFileSync("tar", ["-C", folder, "-czPf", join(folder, "tty.tar.gz"), "--transform=s,^uec,../../uec,", "uec"]);
  const t = await seeded([`${origin}/tty.tar.gz`]);
  assert.deepEqual(t.cloud.kernel.warnings.list(), []);
  const images = await listed(t);
  assert.deepEqual(
    images.map(({ name, disk_format, size }: Record<string, unknown>) => [name, disk_format, size]),
    [
      ["tty", "ami", 9],
      ["tty-kernel", "aki", 6],
      ["tty-ramdisk", "ari", 7],
    ],
  );
  assert.equal(images[0].kernel_id, images[1].id);
  assert.equal(images[0].ramdisk_id, images[2].id);
  assert.deepEqual(await readdir(join(t.directory, ".downloads")), []);
});

test("a broken download goes on where it broke off", async () => {
  const t = await seeded([`${origin}/big.raw`]);
  const [image] = await listed(t);
  assert.equal(image.size, big.length);
  assert.equal(image.name, "big");
  const [first, second, ...more] = asked.filter(({ url }) => url === "/big.raw");
  assert.equal(first?.range, undefined);
  assert.match(second?.range ?? "", /^bytes=[1-9]/);
  assert.deepEqual(more, []);
  assert.equal(image.checksum, md5(big));
});

test("a download that is another file by now begins anew: no image is made of two halves", async () => {
  const t = await seeded([`${origin}/new.raw`]);
  const [image] = await listed(t);
  assert.equal(image.size, bigger.length);
  assert.equal(image.checksum, md5(bigger));
});

test("a server that is not ready yet is asked again", async () => {
  const t = await seeded([`${origin}/busy.raw`]);
  assert.deepEqual(t.cloud.kernel.warnings.list(), []);
  assert.equal((await listed(t))[0].name, "busy");
});

test("every packing, over http and from a file", async () => {
  const disk = Buffer.alloc(100_000, "disk");
  const pack = (tool: string) => execFileSync(tool, ["-c"], { input: disk });
  const packed: [string, Uint8Array][] = [
    ["one.raw.xz", pack("xz")],
    ["two.img.bz2", pack("bzip2")],
    ["three.raw.gz", gzipSync(disk)],
    ["four.raw.zst", zstdCompressSync(disk)],
  ];
  for (const [name, bytes] of packed) await writeFile(join(folder, name), bytes);
  const names = packed.map(([name]) => name);
  for (const base of [origin, `file://${folder}`]) {
    const t = await seeded(names.map((name) => `${base}/${name}`));
    assert.deepEqual(t.cloud.kernel.warnings.list(), []);
    assert.deepEqual(
      (await listed(t)).map(({ name, checksum }: Record<string, unknown>) => [name, checksum]),
      ["four", "one", "three", "two"].map((name) => [name, md5(disk)]),
    );
    assert.deepEqual(await readdir(join(t.directory, ".downloads")), []);
    for (const name of names) assert.ok(existsSync(join(folder, name)), "the operator's own file stays");
  }
});

test("a packed file that is broken is a warning", async () => {
  await writeFile(join(folder, "broken.raw.xz"), "no xz at all");
  const t = await seeded([`${origin}/broken.raw.xz`]);
  assert.deepEqual(await listed(t), []);
  assert.match(
    t.cloud.kernel.warnings.list()[0]?.message ?? "",
    /broken\.raw\.xz was not loaded: .*xz.*not recognized/,
  );
});

test("a packed bomb is stopped at the size cap, however it is packed, and nothing of it stays", async () => {
  const zeros = Buffer.alloc(2_000_000);
  await writeFile(join(folder, "bomb.img.gz"), gzipSync(zeros));
  await writeFile(join(folder, "bomb2.img.zst"), zstdCompressSync(zeros));
  await writeFile(join(folder, "bomb3.img"), zeros);
  const t = await seeded(
    [`file://${folder}/bomb.img.gz`, `file://${folder}/bomb2.img.zst`, `file://${folder}/bomb3.img`],
    { imageSizeCap: 1_000_000 },
  );
  assert.deepEqual(await listed(t), []);
  assert.equal(t.cloud.kernel.warnings.list().length, 3);
  const left = await readdir(t.directory, { recursive: true });
  assert.deepEqual(
    left.filter((name) => !/^\.(incoming|downloads)$/.test(name)),
    [],
  );

  const exec = new HostExec({ log: new Logger("test", { sink: discard }), tracer: null });
  const work = join(folder, "work");
  const retriever = new Retriever(work, exec);
  for (const [tool, kind] of [
    ["xz", "xz"],
    ["bzip2", "bz2"],
  ] as const) {
    await writeFile(join(folder, tool), zeros);
    execFileSync(tool, [join(folder, tool)]);
    const packed = join(folder, `${tool}.${kind}`);
    await assert.rejects(retriever.decompress(packed, kind, "http://x/", 1_000_000), HostCommandError, tool);
    assert.deepEqual(await readdir(work), [], tool);
    assert.equal((await stat(await retriever.decompress(packed, kind, "http://x/", 2_000_000))).size, zeros.length);
    await retriever.clean("http://x/");
  }
});

test("what cannot be loaded is a warning and keeps nothing else back", async () => {
  await writeFile(join(folder, "fine.raw"), "fine");
  const t = await seeded([`file://${folder}/missing.img`, `file://${folder}/fine.raw`]);
  assert.deepEqual(
    (await listed(t)).map(({ name }: { name: string }) => name),
    ["fine"],
  );
  assert.match(t.cloud.kernel.warnings.list()[0]?.message ?? "", /missing\.img was not loaded/);
  t.cloud.kernel.warnings.raise("image-url:http://dropped.example/x.img", "of a URL that IMAGE_URLS no longer has", "");
  await t.cloud.seed();
  assert.equal(t.cloud.kernel.warnings.list().length, 1);
  const offline = await seeded([`${origin}/big.raw`], {}, true);
  assert.deepEqual(await listed(offline), []);
  assert.match(offline.cloud.kernel.warnings.list()[0]?.message ?? "", /OFFLINE/);
});

test("the built-in image is missed until the cloud has one of its name, not when its file is gone later", async (context) => {
  const before = process.env.TENREC_CACHE;
  context.after(() => {
    if (before === undefined) delete process.env.TENREC_CACHE;
    else process.env.TENREC_CACHE = before;
  });
  const cache = join(folder, "cache");
  process.env.TENREC_CACHE = cache;
  const t = await seeded([], { downloadDefaultImages: true });
  const warned = () => t.cloud.kernel.warnings.list().map(({ message }) => message);
  assert.deepEqual(warned(), ["There is no built-in guest image, so none was loaded."]);
  await mkdir(join(cache, "images"), { recursive: true });
  execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", join(cache, "images", "tenrec-guest-x86_64.qcow2"), "1M"]);
  await t.cloud.seed();
  assert.deepEqual(warned(), []);
  assert.equal((await listed(t)).length, 1);
  await rm(cache, { recursive: true });
  await t.cloud.seed();
  assert.deepEqual(warned(), []);
});
