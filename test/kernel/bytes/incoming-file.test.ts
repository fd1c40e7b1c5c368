import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { type FileHandle, mkdtemp, open, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Worker } from "node:worker_threads";
import { digestsOfFile, FileDigests } from "../../../src/kernel/bytes/file-digest.ts";
import { IncomingFile } from "../../../src/kernel/bytes/incoming-file.ts";
import { sumOf } from "../../../src/kernel/bytes/sums.ts";

const DIGESTS = ["md5", "sha512", "crc32", "crc32c", "crc64nvme"];
const KIB = 1024;
const MIB = 1024 * KIB;

let directory: string;
let count = 0;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "tenrec-incoming-"));
});
after(() => rm(directory, { recursive: true, force: true }));

async function incoming(options: { holes?: boolean; given?: boolean } = {}) {
  count += 1;
  const path = join(directory, `file-${count}`);
  const handle = await open(path, "wx");
  return { path, handle, file: new IncomingFile(handle, path, { digests: DIGESTS, ...options }) };
}

const sumsOf = (bytes: Uint8Array) =>
  Object.fromEntries(
    DIGESTS.map((name) => {
      if (!name.startsWith("crc")) return [name, createHash(name).update(bytes).digest("hex")];
      const sum = sumOf(name);
      sum.update(bytes);
      return [name, sum.digest()];
    }),
  );

test("checksums have their published values, in whatever pieces the bytes come", () => {
  // The check values of their catalogue: of "123456789".
  const published = { crc32: "cbf43926", crc32c: "e3069283", crc64nvme: "ae8b14860a799888" };
  for (const [name, value] of Object.entries(published)) {
    for (const pieces of [["123456789"], ["1", "2345678", "9"], ["12345678", "", "9"]]) {
      const sum = sumOf(name);
      for (const piece of pieces) sum.update(Buffer.from(piece));
      assert.equal(sum.digest(), value, name);
    }
    assert.match(sumOf(name).digest(), /^0+$/, "of nothing");
  }
});

/** Written as it comes, whatever the pieces. */
async function assertTaken(pieces: readonly Uint8Array[], options: { holes?: boolean } = {}): Promise<string> {
  const { path, handle, file } = await incoming(options);
  for (const piece of pieces) await file.add(piece);
  const sums = await file.finish("datasync");
  await handle.close();
  const all = Buffer.concat(pieces);
  assert.equal(file.size, all.length);
  assert.ok((await readFile(path)).equals(all), "the bytes are those that came");
  assert.deepEqual(sums, sumsOf(all));
  return path;
}

test("bytes and sums are right, of nothing, of little and of much, in pieces of all sizes", async () => {
  await assertTaken([]);
  await assertTaken([Buffer.from("a"), Buffer.from("bc")]);
  await assertTaken(Array.from({ length: 3_000 }, () => randomBytes(7)));
  await assertTaken([randomBytes(256 * KIB), Buffer.from("x")]);
  await assertTaken(Array.from({ length: 200 }, (_, n) => randomBytes(64 * KIB - n)));
  await assertTaken([randomBytes(5 * MIB + 3)]);
});

test("the threads are asked once for each sum of a file of a mebibyte", async () => {
  const { postMessage } = Worker.prototype;
  let asked = 0;
  Worker.prototype.postMessage = function (this: Worker, ...words: Parameters<typeof postMessage>) {
    asked += 1;
    return postMessage.apply(this, words);
  };
  try {
    await assertTaken([randomBytes(1024 * 1024)]);
    assert.equal(asked, DIGESTS.length);
  } finally {
    Worker.prototype.postMessage = postMessage;
  }
});

test("zeros are a hole, also at the end, and count in sums", async () => {
  const zeros = Buffer.alloc(2 * MIB);
  const data = randomBytes(64 * KIB);
  const path = await assertTaken([zeros, data, zeros, zeros, data, zeros], { holes: true });
  const { blocks, size } = await stat(path);
  assert.equal(size, 8 * MIB + 128 * KIB);
  assert.ok(blocks * 512 < MIB, `${blocks} blocks`);
  const only = await assertTaken([zeros], { holes: true });
  assert.equal((await stat(only)).blocks, 0);
});

/** A handle whose writes wait until they are let go. */
function held(handle: FileHandle) {
  const writes: { size: number; go: () => void }[] = [];
  const writev: FileHandle["writev"] = async (buffers, position) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    writes.push({ size: buffers.reduce((sum, { byteLength }) => sum + byteLength, 0), go: resolve });
    await promise;
    return original.call(handle, buffers, position as number) as never;
  };
  const original = handle.writev;
  handle.writev = writev;
  return writes;
}

test("what comes during a write is the next one; where more comes than a mebibyte, the sender waits", async () => {
  const { handle, file } = await incoming();
  const writes = held(handle);
  const piece = Buffer.alloc(64 * KIB, 7);
  assert.equal(file.add(piece), undefined);
  for (let n = 0; n < 15; n += 1) assert.equal(file.add(piece), undefined, "there is room");
  const full = file.add(piece);
  assert.ok(full instanceof Promise);
  assert.deepEqual(
    writes.map(({ size }) => size),
    [64 * KIB],
  );
  writes[0]?.go();
  await full;
  assert.deepEqual(
    writes.map(({ size }) => size),
    [64 * KIB, MIB],
  );
  writes[1]?.go();
  await file.finish("datasync");
  await handle.close();
});

test("many tiny pieces are not held either", async () => {
  const { handle, file } = await incoming();
  const writes = held(handle);
  let pieces = 0;
  let full: Promise<void> | undefined;
  for (; full === undefined; pieces += 1) full = file.add(Buffer.from("x"));
  assert.ok(pieces < 1_000, `${pieces}`);
  while (writes.length < 2) {
    writes[0]?.go();
    await full;
  }
  writes[1]?.go();
  await file.finish("datasync");
  await handle.close();
});

test("a write that comes up short goes on; one that fails is told by what comes next", async () => {
  const { path, handle, file } = await incoming();
  const { writev } = handle;
  handle.writev = (async (buffers: readonly Uint8Array[], position: number) =>
    writev.call(handle, [(buffers[0] as Uint8Array).subarray(0, 1_000)], position)) as unknown as typeof writev;
  const bytes = [randomBytes(4_500), randomBytes(10)];
  for (const piece of bytes) await file.add(piece);
  await file.finish("datasync");
  await handle.close();
  assert.ok((await readFile(path)).equals(Buffer.concat(bytes)));

  const full = await open("/dev/full", "w");
  const lost = new IncomingFile(full, "/dev/full", { digests: DIGESTS });
  await lost.add(Buffer.from("x"));
  await assert.rejects(lost.finish("datasync"), { code: "ENOSPC" });
  assert.throws(() => lost.add(Buffer.from("y")), { code: "ENOSPC" });
  await lost.abort();
  await full.close();
});

test("chunks that were given are ended once they are written, others and parts of others never are", async () => {
  for (const given of [true, false]) {
    const { path, handle, file } = await incoming({ holes: true, given });
    const whole = [randomBytes(64 * KIB), Buffer.alloc(64 * KIB)].map((bytes) => new Uint8Array(bytes));
    const part = new Uint8Array(2 * KIB).subarray(KIB).fill(9);
    const all = Buffer.concat([...whole, part]);
    for (const piece of [...whole, part]) await file.add(piece);
    assert.deepEqual(await file.finish("datasync"), sumsOf(all));
    await handle.close();
    assert.ok((await readFile(path)).equals(all));
    assert.deepEqual(
      whole.map(({ byteLength }) => byteLength),
      given ? [0, 0] : [64 * KIB, 64 * KIB],
    );
    assert.equal(part.byteLength, KIB);
  }
});

test("broken off, nothing is written any more", async () => {
  const { path, handle, file } = await incoming();
  for (let n = 0; n < 10; n += 1) await file.add(randomBytes(64 * KIB));
  file.add(randomBytes(64 * KIB));
  await file.abort();
  const { size } = await stat(path);
  await handle.close();
  assert.ok(size <= 11 * 64 * KIB);
  assert.throws(() => file.add(Buffer.from("x")));
});

test("sums of a file that is there; of several at once; of one that is not there or too short", async () => {
  const bytes = randomBytes(9 * MIB + 1);
  const path = await assertTaken([bytes]);
  const all = await Promise.all(Array.from({ length: 6 }, () => digestsOfFile(path, bytes.length, DIGESTS)));
  for (const sums of all) assert.deepEqual(sums, sumsOf(bytes));
  await assert.rejects(digestsOfFile(join(directory, "none"), 1, DIGESTS), /ENOENT/);
  await assert.rejects(digestsOfFile(path, bytes.length + 1, DIGESTS), /shorter/);
  const stop = () => {
    throw new Error("stopped");
  };
  await assert.rejects(digestsOfFile(path, bytes.length, DIGESTS, stop), /stopped/);
  const dropped = new FileDigests(path, DIGESTS);
  dropped.drop();
  await assert.rejects(dropped.finish(1), /nobody/);
  assert.deepEqual(await digestsOfFile(path, 3, ["md5"]), {
    md5: createHash("md5").update(bytes.subarray(0, 3)).digest("hex"),
  });
});
