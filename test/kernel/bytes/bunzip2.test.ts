import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { BadBzip2, bunzip2 } from "../../../src/kernel/bytes/bunzip2.ts";

const MIB = 1024 * 1024;
const packed = (bytes: Uint8Array, level = 9): Buffer =>
  execFileSync("bzip2", [`-${level}`, "-c"], { input: bytes, maxBuffer: 64 * MIB });
async function* chunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
async function unpacked(bytes: Uint8Array, size = 64 * 1024): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of bunzip2(chunks(bytes, size))) pieces.push(piece);
  return Buffer.concat(pieces);
}

describe("bzip2", () => {
  const samples: [string, Buffer][] = [
    ["nothing", Buffer.alloc(0)],
    ["a byte", Buffer.from("x")],
    ["runs of each length", Buffer.concat(Array.from({ length: 600 }, (_, length) => Buffer.alloc(length, length)))],
    ["what does not get shorter", randomBytes(350_001)],
    ["words", Buffer.from("the same again and again, ".repeat(20_000))],
    ["zeros", Buffer.alloc(5 * MIB)],
    ["all bytes", Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * 7919) % 256))],
  ];
  for (const [name, bytes] of samples)
    it(`is what it was: ${name}`, async () => {
      for (const level of [1, 9]) {
        const got = await unpacked(packed(bytes, level));
        const sum = (buffer: Buffer) => createHash("sha256").update(buffer).digest("hex");
        assert.deepEqual([got.length, sum(got)], [bytes.length, sum(bytes)]);
      }
    });

  it("comes in chunks of any size, several streams one after another, and with something behind them", async () => {
    const two = Buffer.concat([packed(Buffer.from("one")), packed(Buffer.from("two"))]);
    for (const size of [1, 2, 3, 5, 1000]) assert.equal((await unpacked(two, size)).toString(), "onetwo");
    for (const more of ["x", "something else", "BZ", "\0".repeat(512)])
      assert.equal((await unpacked(Buffer.concat([two, Buffer.from(more)]))).toString(), "onetwo");
  });

  it("is refused where it is cut, and never other bytes where it is changed, whatever bit", async () => {
    const words = "some words that are long enough to be worth it, it, it, it";
    const whole = packed(Buffer.from(words));
    for (let length = 1; length < whole.length; length += 1)
      await assert.rejects(unpacked(whole.subarray(0, length)), BadBzip2, `cut at ${length}`);
    let harmless = 0;
    for (let bit = 0; bit < (whole.length - 1) * 8; bit += 1) {
      const changed = Buffer.from(whole);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (0x80 >> (bit & 7));
      // The size of blocks is only the most that they may be.
      if (bit >> 3 === 3) continue;
      const outcome = await unpacked(changed).catch((error: unknown) => error);
      if (outcome instanceof BadBzip2) continue;
      assert.equal(String(outcome), words, `bit ${bit}: of a table that nothing is written with`);
      harmless += 1;
    }
    assert.ok(harmless < 30, `${harmless} of ${whole.length * 8}`);
  });

  it("anything else is refused, or is nothing", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), async (bytes) => {
        const headed = Buffer.concat([Buffer.from("BZh1"), Buffer.from("314159265359", "hex"), bytes]);
        await assert.rejects(unpacked(headed), BadBzip2);
      }),
      { numRuns: 300 },
    );
  });

  it("is made as it is taken: what stands for a lot is not unpacked at once", async () => {
    const bomb = packed(Buffer.alloc(60 * MIB));
    assert.ok(bomb.length < 200);
    let read = 0;
    async function* source() {
      for (;;) {
        read += bomb.length;
        yield bomb;
      }
    }
    let length = 0;
    for await (const piece of bunzip2(source())) {
      assert.ok(piece.length <= 64 * 1024);
      length += piece.length;
      if (length > MIB) break;
    }
    assert.ok(read < 3_000_000, "as much as one block may be long, and no more");
  });
});
