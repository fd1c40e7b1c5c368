import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { encodeFrame, type Frame, FrameParser, MAX_MESSAGE_BYTES, program } from "../../src/libvirt/frame.ts";

function frame(serial: number, payload: Buffer): Frame {
  return { program: program.remote, procedure: 66, type: 0, serial, status: 0, payload };
}

describe("libvirt frames", () => {
  it("have the bytes of a first AUTH_LIST call", () => {
    assert.equal(
      encodeFrame(frame(1, Buffer.alloc(0))).toString("hex"),
      "0000001c" + "20008086" + "00000001" + "00000042" + "00000000" + "00000001" + "00000000",
    );
  });

  it("come out whole however the socket splits them", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 60 }), { minLength: 1, maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        (payloads, cuts) => {
          const bytes = Buffer.concat(payloads.map((payload, i) => encodeFrame(frame(i + 1, Buffer.from(payload)))));
          const parser = new FrameParser();
          const seen: Frame[] = [];
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const length = cuts[i % cuts.length] ?? 1;
            seen.push(...parser.push(bytes.subarray(at, at + length)));
            at += length;
          }
          assert.deepEqual(
            seen.map(({ serial, payload }) => [serial, [...payload]]),
            payloads.map((payload, i) => [i + 1, [...payload]]),
          );
        },
      ),
    );
  });

  const broken: readonly [string, Buffer, RegExp][] = [
    ["a length of zero", Buffer.alloc(4), /length 0 /],
    ["a length below the header", Buffer.from("0000001b", "hex"), /length 27 /],
    ["text", Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"), /length 1213486160 /],
    ["an unknown program", Buffer.from("0000001c2000808800000001000000420000000100000001000000000", "hex"), /program/],
    ["another version", Buffer.from("0000001c20008086000000020000004200000001000000010000000000", "hex"), /version 2/],
    ["an unknown type", Buffer.from("0000001c20008086000000010000004200000007000000010000000000", "hex"), /type 7/],
    ["an unknown status", Buffer.from("0000001c20008086000000010000004200000001000000010000000300", "hex"), /status 3/],
  ];
  for (const [what, bytes, message] of broken)
    it(`refuse ${what}`, () => {
      assert.throws(() => [...new FrameParser().push(bytes)], { name: "LibvirtProtocolError", message });
    });

  it("refuse a length over 32 MiB at once, without waiting for the bytes", () => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(MAX_MESSAGE_BYTES + 1);
    assert.throws(() => [...new FrameParser().push(length)], /outside/);
    assert.throws(() => encodeFrame(frame(1, Buffer.alloc(MAX_MESSAGE_BYTES))), RangeError);
  });
});
