import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  bytes,
  type Codec,
  charArray,
  decode,
  domainRef,
  encode,
  flag,
  i32,
  i64,
  list,
  optional,
  size,
  string,
  struct,
  typedParam,
  u32,
  u64,
  uuid,
} from "../../src/libvirt/codecs.ts";
import { LibvirtProtocolError } from "../../src/libvirt/errors.ts";
import { qemu, remote } from "../../src/libvirt/procedures.ts";

function roundTrip<T>(codec: Codec<T>, values: fc.Arbitrary<T>): void {
  fc.assert(
    fc.property(values, (value) => {
      const encoded = encode(codec, value);
      assert.equal(encoded.length % 4, 0);
      assert.deepEqual(decode(codec, encoded), value);
    }),
  );
}

const text = fc.string({ unit: "grapheme" }).filter((s) => !s.includes("\0"));
const max64 = 2n ** 64n - 1n;

describe("libvirt codecs", () => {
  it("give back what they were given", () => {
    roundTrip(i32, fc.integer());
    roundTrip(u32, fc.nat(0xffff_ffff));
    roundTrip(i64, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }));
    roundTrip(u64, fc.bigInt({ min: 0n, max: max64 }));
    roundTrip(size, fc.maxSafeNat());
    roundTrip(flag, fc.boolean());
    roundTrip(string, text);
    roundTrip(uuid, fc.uuid());
    roundTrip(optional(string), fc.option(text));
    roundTrip(list(i32, 100), fc.array(fc.integer(), { maxLength: 100 }));
    roundTrip(
      struct({ a: string, b: i32, c: list(optional(uuid), 10) }),
      fc.record(
        {
          a: text,
          b: fc.integer(),
          c: fc.array(fc.option(fc.uuid()), { maxLength: 10 }),
        },
        { noNullPrototype: true },
      ),
    );
  });

  it("match bytes worked out by hand", () => {
    const domain = { name: "vm-01", uuid: "00112233-4455-6677-8899-aabbccddeeff", id: -1 };
    assert.equal(
      encode(domainRef, domain).toString("hex"),
      "00000005" + "766d2d3031000000" + "00112233445566778899aabbccddeeff" + "ffffffff",
    );
    assert.equal(
      encode(remote.create.args, { domain, flags: 1 }).toString("hex"),
      "00000005766d2d303100000000112233445566778899aabbccddeeffffffffff" + "00000001",
    );
    assert.equal(
      encode(remote.connectOpen.args, { uri: "test:///default", flags: 0 }).toString("hex"),
      "00000001" + "0000000f" + "746573743a2f2f2f64656661756c7400" + "00000000",
    );
    assert.equal(encode(remote.connectOpen.args, { uri: null, flags: 0 }).toString("hex"), "0000000000000000");
    assert.equal(
      encode(typedParam, { name: "iops", kind: "ullong", value: 2 ** 33 }).toString("hex"),
      "00000004" + "696f7073" + "00000004" + "0000000200000000",
    );
    assert.equal(encode(flag, true).toString("hex"), "00000001");
    assert.equal(encode(bytes(10), Buffer.from([1, 2, 3, 4, 5])).toString("hex"), "000000050102030405000000");
    assert.equal(decode(charArray(4), Buffer.from("0000007800000038000000360000000000".slice(0, 32), "hex")), "x86");
  });

  it("keep every kind of typed parameter, exactly above 2^53", () => {
    for (const param of [
      { name: "a", kind: "int", value: -5 },
      { name: "b", kind: "uint", value: 0xffff_ffff },
      { name: "c", kind: "llong", value: -(2n ** 60n) },
      { name: "d", kind: "ullong", value: max64 },
      { name: "e", kind: "ullong", value: 12 },
      { name: "f", kind: "double", value: 0.25 },
      { name: "g", kind: "boolean", value: true },
      { name: "h", kind: "string", value: "häh" },
    ] as const)
      assert.deepEqual(decode(typedParam, encode(typedParam, param)), param);
  });

  it("refuse values that do not fit, naming the field", () => {
    assert.throws(() => encode(u32, -1), RangeError);
    assert.throws(() => encode(i32, 1.5), RangeError);
    assert.throws(() => encode(size, -1), RangeError);
    assert.throws(() => encode(u64, -1n), RangeError);
    assert.throws(() => encode(uuid, "not-one"), TypeError);
    assert.throws(() => encode(string, "a\0b"), /NUL/);
    assert.throws(() => encode(remote.lookupByName.args, { name: "x\0" }), /name: .*NUL/);
    assert.throws(() => encode(typedParam, { name: "a", kind: "int", value: "7" }), TypeError);
    assert.throws(() => encode(list(i32, 2), [1, 2, 3]), RangeError);
  });

  it("answer any bytes with a value or a LibvirtProtocolError, and never by allocating a lie", () => {
    const codecs = [...Object.values(remote), ...Object.values(qemu)].map(({ result }) => result as Codec<unknown>);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...codecs), (data, codec) => {
        try {
          decode(codec, Buffer.from(data));
        } catch (error) {
          assert.ok(error instanceof LibvirtProtocolError, String(error));
        }
      }),
      { numRuns: 2000 },
    );
    assert.throws(() => decode(string, Buffer.from("ffffffff", "hex")), /limit/);
    assert.throws(() => decode(list(i32, 2 ** 30), Buffer.from("10000000", "hex")), /bytes left/);
    assert.throws(() => decode(optional(i32), Buffer.from("0000000200000000", "hex")), /instead of 0 or 1/);
    assert.throws(() => decode(i32, Buffer.alloc(8)), /4 unexpected bytes/);
  });

  it("have one procedure per number", () => {
    for (const table of [remote, qemu]) {
      const ids = Object.values(table).map(({ id }) => id);
      assert.equal(new Set(ids).size, ids.length);
    }
  });
});
