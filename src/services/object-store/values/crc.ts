import type { Pause } from "../../../kernel/turns/slices.ts";

/** Polynomials, reflected (kernel/bytes/sums.ts makes the checksums). */
const POLYNOMIALS = { crc32: 0xedb88320n, crc32c: 0x82f63b78n, crc64nvme: 0x9a6c9329ac4bc9b5n } as const;
const WIDTHS = { crc32: 32, crc32c: 32, crc64nvme: 64 } as const;
export type CrcName = keyof typeof POLYNOMIALS;

/** Parts of one turn of the loop: 10 µs each. */
const AT_ONCE = 500;

/** The checksum of parts joined, from those of the parts and their lengths in bytes, without reading them again. */
export async function combinedCrc(
  name: CrcName,
  parts: readonly { crc: Buffer; size: number }[],
  pause: Pause,
): Promise<Buffer> {
  const width = WIDTHS[name];
  const shifts = new Map<number, bigint>();
  let value = 0n;
  for (const [index, { crc: own, size }] of parts.entries()) {
    if (index % AT_ONCE === AT_ONCE - 1) await pause();
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
