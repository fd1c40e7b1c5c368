import { crc32 } from "node:zlib";

/** A checksum that takes bytes in as they come. */
export interface Crc {
  update(chunk: Uint8Array): unknown;
  /** Big-endian. */
  bytes(): Buffer;
}

/** Polynomials, reflected; their checksums begin with all ones and end with all bits turned. */
const POLYNOMIALS = { crc32: 0xedb88320n, crc32c: 0x82f63b78n, crc64nvme: 0x9a6c9329ac4bc9b5n } as const;
const WIDTHS = { crc32: 32, crc32c: 32, crc64nvme: 64 } as const;
export type CrcName = keyof typeof POLYNOMIALS;

export function crc(name: CrcName): Crc {
  return name === "crc32" ? zlibCrc32() : name === "crc32c" ? crc32c() : crc64nvme();
}

function zlibCrc32(): Crc {
  let value = 0;
  return {
    update(chunk) {
      value = crc32(chunk, value);
    },
    bytes: () => word(value),
  };
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** Eight bytes a step: tables of what a byte means that is followed by 0 to 7 others, low and high halves. */
interface Tables {
  low: Uint32Array;
  high: Uint32Array;
}
const tables = new Map<CrcName, Tables>();

function tablesOf(name: CrcName): Tables {
  const known = tables.get(name);
  if (known !== undefined) return known;
  const low = new Uint32Array(8 * 256);
  const high = new Uint32Array(8 * 256);
  const polynomial = POLYNOMIALS[name];
  const first: bigint[] = [];
  for (let byte = 0; byte < 256; byte += 1) {
    let value = BigInt(byte);
    for (let bit = 0; bit < 8; bit += 1) value = value & 1n ? (value >> 1n) ^ polynomial : value >> 1n;
    first.push(value);
  }
  for (let byte = 0; byte < 256; byte += 1) {
    let value = first[byte] ?? 0n;
    for (let behind = 0; behind < 8; behind += 1) {
      low[behind * 256 + byte] = Number(value & 0xffffffffn);
      high[behind * 256 + byte] = Number(value >> 32n);
      value = (value >> 8n) ^ (first[Number(value & 0xffn)] ?? 0n);
    }
  }
  const made = { low, high };
  tables.set(name, made);
  return made;
}

function crc32c(): Crc {
  const { low: t } = tablesOf("crc32c");
  let value = 0xffffffff;
  return {
    update(chunk) {
      let at = 0;
      const whole = chunk.length - (chunk.length % 8);
      let c = value;
      for (; at < whole; at += 8) {
        const x =
          c ^
          (byte(chunk, at) | (byte(chunk, at + 1) << 8) | (byte(chunk, at + 2) << 16) | (byte(chunk, at + 3) << 24));
        c =
          entry(t, 7, x & 255) ^
          entry(t, 6, (x >>> 8) & 255) ^
          entry(t, 5, (x >>> 16) & 255) ^
          entry(t, 4, x >>> 24) ^
          entry(t, 3, byte(chunk, at + 4)) ^
          entry(t, 2, byte(chunk, at + 5)) ^
          entry(t, 1, byte(chunk, at + 6)) ^
          entry(t, 0, byte(chunk, at + 7));
      }
      for (; at < chunk.length; at += 1) c = entry(t, 0, (c ^ byte(chunk, at)) & 255) ^ (c >>> 8);
      value = c;
    },
    bytes: () => word(~value),
  };
}

function crc64nvme(): Crc {
  const { low, high } = tablesOf("crc64nvme");
  let l = 0xffffffff;
  let h = 0xffffffff;
  return {
    update(chunk) {
      let at = 0;
      const whole = chunk.length - (chunk.length % 8);
      for (; at < whole; at += 8) {
        const a =
          l ^
          (byte(chunk, at) | (byte(chunk, at + 1) << 8) | (byte(chunk, at + 2) << 16) | (byte(chunk, at + 3) << 24));
        const b =
          h ^
          (byte(chunk, at + 4) |
            (byte(chunk, at + 5) << 8) |
            (byte(chunk, at + 6) << 16) |
            (byte(chunk, at + 7) << 24));
        l = eight(low, a, b);
        h = eight(high, a, b);
      }
      for (; at < chunk.length; at += 1) {
        const index = (l ^ byte(chunk, at)) & 255;
        l = entry(low, 0, index) ^ ((l >>> 8) | (h << 24));
        h = entry(high, 0, index) ^ (h >>> 8);
      }
    },
    bytes: () => Buffer.concat([word(~h), word(~l)]),
  };
}

const eight = (t: Uint32Array, a: number, b: number): number =>
  entry(t, 7, a & 255) ^
  entry(t, 6, (a >>> 8) & 255) ^
  entry(t, 5, (a >>> 16) & 255) ^
  entry(t, 4, a >>> 24) ^
  entry(t, 3, b & 255) ^
  entry(t, 2, (b >>> 8) & 255) ^
  entry(t, 1, (b >>> 16) & 255) ^
  entry(t, 0, b >>> 24);
const byte = (chunk: Uint8Array, at: number): number => chunk[at] as number;
const entry = (table: Uint32Array, behind: number, index: number): number => table[behind * 256 + index] as number;

/** The checksum of parts joined, from those of the parts and their lengths in bytes, without reading them again. */
export function combinedCrc(name: CrcName, parts: readonly { crc: Buffer; size: number }[]): Buffer {
  const width = WIDTHS[name];
  const shifts = new Map<number, bigint>();
  let value = 0n;
  for (const { crc: own, size } of parts) {
    const shift = shifts.get(size) ?? power(name, size * 8);
    shifts.set(size, shift);
    value = product(name, shift, value) ^ BigInt(`0x${own.toString("hex")}`);
  }
  return Buffer.from(value.toString(16).padStart(width / 4, "0"), "hex");
}

/** a·b modulo the polynomial; bits are reflected: the highest is x⁰. */
function product(name: CrcName, a: bigint, b: bigint): bigint {
  const top = 1n << BigInt(WIDTHS[name] - 1);
  let left = b;
  let result = 0n;
  for (let bit = top; bit > 0n; bit >>= 1n) {
    if (a & bit) result ^= left;
    left = left & 1n ? (left >> 1n) ^ POLYNOMIALS[name] : left >> 1n;
  }
  return result;
}

/** xⁿ modulo the polynomial. */
function power(name: CrcName, n: number): bigint {
  const top = 1n << BigInt(WIDTHS[name] - 1);
  let result = top;
  let square = top >> 1n;
  for (let rest = n; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = product(name, square, result);
    square = product(name, square, square);
  }
  return result;
}
