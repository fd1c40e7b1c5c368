/** A sum of bytes as they come. */
export interface Sum {
  update(chunk: Uint8Array): unknown;
  /** In hexadecimal digits. */
  digest(): string;
}

/**
 * Makes sums by name: crc32, crc32c, crc64nvme, and those of node:crypto. Worker threads get it as text (digest-worker.ts), so it knows
 * nothing of what stands around it.
 */
export function sumMaker(): (algorithm: string) => Sum {
  const { createHash } = process.getBuiltinModule("node:crypto");
  const { crc32 } = process.getBuiltinModule("node:zlib");
  /** Reflected; sums begin with all ones and end with all bits turned. */
  const polynomials: Record<string, bigint> = { crc32c: 0x82f63b78n, crc64nvme: 0x9a6c9329ac4bc9b5n };
  /** Eight bytes a step: what a byte means that is followed by 0 to 7 others, low and high halves. */
  const tables = new Map<string, { low: Uint32Array; high: Uint32Array }>();

  function tablesOf(name: string): { low: Uint32Array; high: Uint32Array } {
    const known = tables.get(name);
    if (known !== undefined) return known;
    const low = new Uint32Array(8 * 256);
    const high = new Uint32Array(8 * 256);
    const polynomial = polynomials[name] as bigint;
    const first: bigint[] = [];
    for (let byte = 0; byte < 256; byte += 1) {
      let value = BigInt(byte);
      for (let bit = 0; bit < 8; bit += 1) value = value & 1n ? (value >> 1n) ^ polynomial : value >> 1n;
      first.push(value);
    }
    for (let byte = 0; byte < 256; byte += 1) {
      let value = first[byte] as bigint;
      for (let behind = 0; behind < 8; behind += 1) {
        low[behind * 256 + byte] = Number(value & 0xffffffffn);
        high[behind * 256 + byte] = Number(value >> 32n);
        value = (value >> 8n) ^ (first[Number(value & 0xffn)] as bigint);
      }
    }
    const made = { low, high };
    tables.set(name, made);
    return made;
  }

  const hex = (value: number): string => (value >>> 0).toString(16).padStart(8, "0");
  const at = (chunk: Uint8Array, index: number): number => chunk[index] as number;
  const word = (chunk: Uint8Array, index: number): number =>
    at(chunk, index) | (at(chunk, index + 1) << 8) | (at(chunk, index + 2) << 16) | (at(chunk, index + 3) << 24);
  const entry = (table: Uint32Array, behind: number, index: number): number => table[behind * 256 + index] as number;
  /** Two words, of which `a` came first. */
  const eight = (t: Uint32Array, a: number, b: number): number =>
    entry(t, 7, a & 255) ^
    entry(t, 6, (a >>> 8) & 255) ^
    entry(t, 5, (a >>> 16) & 255) ^
    entry(t, 4, a >>> 24) ^
    entry(t, 3, b & 255) ^
    entry(t, 2, (b >>> 8) & 255) ^
    entry(t, 1, (b >>> 16) & 255) ^
    entry(t, 0, b >>> 24);

  function zlibCrc32(): Sum {
    let value = 0;
    return {
      update(chunk) {
        value = crc32(chunk, value);
      },
      digest: () => hex(value),
    };
  }

  function crc32c(): Sum {
    const { low } = tablesOf("crc32c");
    let value = 0xffffffff;
    return {
      update(chunk) {
        const whole = chunk.length - (chunk.length % 8);
        let c = value;
        for (let i = 0; i < whole; i += 8) c = eight(low, c ^ word(chunk, i), word(chunk, i + 4));
        for (let i = whole; i < chunk.length; i += 1) c = entry(low, 0, (c ^ at(chunk, i)) & 255) ^ (c >>> 8);
        value = c;
      },
      digest: () => hex(~value),
    };
  }

  function crc64nvme(): Sum {
    const { low, high } = tablesOf("crc64nvme");
    let l = 0xffffffff;
    let h = 0xffffffff;
    return {
      update(chunk) {
        const whole = chunk.length - (chunk.length % 8);
        for (let i = 0; i < whole; i += 8) {
          const a = l ^ word(chunk, i);
          const b = h ^ word(chunk, i + 4);
          l = eight(low, a, b);
          h = eight(high, a, b);
        }
        for (let i = whole; i < chunk.length; i += 1) {
          const index = (l ^ at(chunk, i)) & 255;
          l = entry(low, 0, index) ^ ((l >>> 8) | (h << 24));
          h = entry(high, 0, index) ^ (h >>> 8);
        }
      },
      digest: () => hex(~h) + hex(~l),
    };
  }

  return (algorithm) => {
    if (algorithm === "crc32") return zlibCrc32();
    if (algorithm === "crc32c") return crc32c();
    if (algorithm === "crc64nvme") return crc64nvme();
    const hash = createHash(algorithm);
    return { update: (chunk) => hash.update(chunk), digest: () => hash.digest("hex") };
  };
}

/** A new sum. Errors: an algorithm that nobody knows. */
export const sumOf = sumMaker();
