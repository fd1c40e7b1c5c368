import { setImmediate } from "node:timers/promises";

/** What was sent is no bzip2 data, or was changed on the way. */
export class BadBzip2 extends Error {}

/** Longer is no block, whatever is in it: 900,000 symbols of 20 bits, and the tables before them. */
const LONGEST_BLOCK = 2_400_000;
/** "BZh" */
const MAGIC = 0x425a68;
const BLOCK = 0x314159265359n;
const END = 0x177245385090n;
/** Symbols, and then bytes, between which others get their turn. */
const TURN = 100_000;
const PIECE = 64 * 1024;
const MOST_SELECTORS = 18_002;
const GROUP = 50;
const LONGEST_CODE = 20;

/**
 * bzip2 data as it was before, in pieces that are made as they are taken: a few bytes that stand for many do no harm before somebody
 * counts them. npm's decoders unpack all that they are given at once. Errors: BadBzip2.
 */
export async function* bunzip2(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const input = new Bits(source);
  try {
    for (let streams = 0; await input.fill(LONGEST_BLOCK); streams += 1) {
      const level = input.left < 4 || input.take(24) !== MAGIC ? 0 : input.take(8) - 0x30;
      if (level >= 1 && level <= 9) yield* stream(input, level * 100_000);
      // What trails a stream is passed over, as bzip2 itself does.
      else if (streams > 0) return;
      else throw new BadBzip2("not a bzip2 file");
    }
  } finally {
    await input.close();
  }
}

async function* stream(input: Bits, size: number): AsyncGenerator<Uint8Array> {
  const cells = new Uint32Array(size);
  let combined = 0;
  for (;;) {
    await input.fill(LONGEST_BLOCK);
    const mark = (BigInt(input.take(24)) << 24n) | BigInt(input.take(24));
    const crc = input.take32();
    if (mark === END) {
      if (crc !== combined >>> 0) throw new BadBzip2("combined CRC differs");
      input.align();
      return;
    }
    if (mark !== BLOCK) throw new BadBzip2("invalid block header");
    const { start, count } = await readBlock(input, cells);
    let sum = 0xffffffff;
    for (const piece of unfolded(cells, start, count)) {
      for (const byte of piece) sum = (sum << 8) ^ (CRC[(sum >>> 24) ^ byte] as number);
      yield piece;
      await setImmediate();
    }
    if (~sum >>> 0 !== crc) throw new BadBzip2("block CRC differs");
    combined = ((combined << 1) | (combined >>> 31)) ^ crc;
  }
}

/** The symbols of a block, sorted, each cell with the way to the next in its upper 24 bits. */
async function readBlock(input: Bits, cells: Uint32Array): Promise<{ start: number; count: number }> {
  if (input.take(1) === 1) throw new BadBzip2("randomised blocks are not supported");
  const origin = input.take(24);
  const recent = symbolsInUse(input);
  const end = recent.length + 1;
  const groups = input.take(3);
  const selectorCount = input.take(15);
  if (groups < 2 || groups > 6 || selectorCount < 1) throw new BadBzip2("invalid tables");
  const selectors = readSelectors(input, groups, selectorCount);
  const tables = Array.from({ length: groups }, () => new Codes(input, end + 1));
  const counts = new Uint32Array(256);
  let count = 0;
  let run = 0;
  let weight = 1;
  const flush = () => {
    const byte = recent[0] as number;
    if (run > cells.length - count) throw new BadBzip2("block too long");
    cells.fill(byte, count, count + run);
    counts[byte] = (counts[byte] as number) + run;
    count += run;
    run = 0;
    weight = 1;
  };
  for (let symbols = 0; ; symbols += 1) {
    const table = tables[selectors[Math.floor(symbols / GROUP)] ?? -1];
    if (table === undefined) throw new BadBzip2("invalid tables");
    const symbol = table.read(input);
    if (symbols % TURN === TURN - 1) await setImmediate();
    if (symbol <= 1) {
      if (weight > cells.length) throw new BadBzip2("block too long");
      run += weight << symbol;
      weight <<= 1;
      continue;
    }
    if (run > 0) flush();
    if (symbol === end) break;
    if (count >= cells.length) throw new BadBzip2("block too long");
    const byte = recent[symbol - 1] as number;
    recent.copyWithin(1, 0, symbol - 1);
    recent[0] = byte;
    counts[byte] = (counts[byte] as number) + 1;
    cells[count] = byte;
    count += 1;
  }
  if (origin >= count) throw new BadBzip2("invalid block");
  let sum = 0;
  for (let byte = 0; byte < 256; byte += 1) {
    const own = counts[byte] as number;
    counts[byte] = sum;
    sum += own;
  }
  for (let at = 0; at < count; at += 1) {
    const byte = (cells[at] as number) & 0xff;
    const to = counts[byte] as number;
    cells[to] = (cells[to] as number) | (at << 8);
    counts[byte] = to + 1;
    if (at % TURN === TURN - 1) await setImmediate();
  }
  return { start: (cells[origin] as number) >>> 8, count };
}

/** The bytes of a block in their order; after four that are the same a fifth says how many more there are. */
function* unfolded(cells: Uint32Array, start: number, count: number): Generator<Uint8Array> {
  let piece = new Uint8Array(PIECE);
  let length = 0;
  let at = start;
  let previous = -1;
  let same = 0;
  for (let read = 0; read < count; read += 1) {
    const cell = cells[at] as number;
    const byte = cell & 0xff;
    at = cell >>> 8;
    if (length + 255 > PIECE) {
      yield piece.subarray(0, length);
      piece = new Uint8Array(PIECE);
      length = 0;
    }
    if (same === 4) {
      piece.fill(previous, length, length + byte);
      length += byte;
      same = 0;
      previous = -1;
      continue;
    }
    same = byte === previous ? same + 1 : 1;
    previous = byte;
    piece[length] = byte;
    length += 1;
  }
  if (length > 0) yield piece.subarray(0, length);
}

function symbolsInUse(input: Bits): Uint8Array {
  const found: number[] = [];
  const ranges = input.take(16);
  for (let range = 0; range < 16; range += 1) {
    if ((ranges & (0x8000 >> range)) === 0) continue;
    const used = input.take(16);
    for (let one = 0; one < 16; one += 1) if ((used & (0x8000 >> one)) !== 0) found.push(range * 16 + one);
  }
  if (found.length === 0) throw new BadBzip2("invalid tables");
  return Uint8Array.from(found);
}

/** Which table the symbols of each group of 50 are written with. */
function readSelectors(input: Bits, groups: number, count: number): Uint8Array {
  const recent = [0, 1, 2, 3, 4, 5];
  const selectors = new Uint8Array(Math.min(count, MOST_SELECTORS));
  for (let at = 0; at < count; at += 1) {
    let back = 0;
    while (input.take(1) === 1) {
      back += 1;
      if (back >= groups) throw new BadBzip2("invalid tables");
    }
    const [table = 0] = recent.splice(back, 1);
    recent.unshift(table);
    if (at < selectors.length) selectors[at] = table;
  }
  return selectors;
}

/** A canonical Huffman code. */
class Codes {
  /** By length: what a code of it is at most, and what is to be taken off to find its symbol. */
  readonly #limits = new Int32Array(LONGEST_CODE + 2).fill(-1);
  readonly #offsets = new Int32Array(LONGEST_CODE + 2);
  readonly #symbols: Uint16Array;
  readonly #shortest: number;

  constructor(input: Bits, size: number) {
    const lengths = new Uint8Array(size);
    let length = input.take(5);
    for (let symbol = 0; symbol < size; symbol += 1) {
      for (;;) {
        if (length < 1 || length > LONGEST_CODE) throw new BadBzip2("invalid tables");
        if (input.take(1) === 0) break;
        length += input.take(1) === 0 ? 1 : -1;
      }
      lengths[symbol] = length;
    }
    const symbols: number[] = [];
    let code = 0;
    for (let bits = 1; bits <= LONGEST_CODE; bits += 1) {
      const before = symbols.length;
      for (let symbol = 0; symbol < size; symbol += 1) if (lengths[symbol] === bits) symbols.push(symbol);
      this.#offsets[bits] = code - before;
      code += symbols.length - before;
      this.#limits[bits] = symbols.length > before ? code - 1 : -1;
      code <<= 1;
    }
    this.#symbols = Uint16Array.from(symbols);
    this.#shortest = Math.min(...lengths);
  }

  read(input: Bits): number {
    let length = this.#shortest;
    let code = input.take(length);
    while (code > (this.#limits[length] as number)) {
      length += 1;
      if (length > LONGEST_CODE) throw new BadBzip2("invalid code");
      code = (code << 1) | input.take(1);
    }
    const symbol = this.#symbols[code - (this.#offsets[length] as number)];
    if (symbol === undefined) throw new BadBzip2("invalid code");
    return symbol;
  }
}

/** A stream by bits, of which a whole block is at hand before any is taken. */
class Bits {
  readonly #iterator: AsyncIterator<Uint8Array>;
  #bytes: Uint8Array = new Uint8Array();
  #at = 0;
  /** Bits that were read from `#bytes` and not taken. */
  #held = 0;
  #count = 0;
  #isOver = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#iterator = source[Symbol.asyncIterator]();
  }

  /** Bytes that are at hand. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** Whether there is anything, once `size` bytes are at hand or there are no more. */
  async fill(size: number): Promise<boolean> {
    const chunks: Uint8Array[] = [];
    let have = this.left;
    while (!this.#isOver && have < size) {
      const { done, value } = await this.#iterator.next();
      if (done === true) this.#isOver = true;
      else {
        chunks.push(value);
        have += value.byteLength;
      }
    }
    if (chunks.length > 0) {
      this.#bytes = Buffer.concat([this.#bytes.subarray(this.#at), ...chunks]);
      this.#at = 0;
    }
    return have > 0;
  }

  /** At most 24. */
  take(count: number): number {
    while (this.#count < count) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) throw new BadBzip2("unexpected end of data");
      this.#at += 1;
      this.#held = ((this.#held & 0xffffff) << 8) | byte;
      this.#count += 8;
    }
    this.#count -= count;
    return (this.#held >>> this.#count) & ((1 << count) - 1);
  }

  take32(): number {
    return this.take(16) * 0x10000 + this.take(16);
  }

  /** To the next whole byte. */
  align(): void {
    this.#count -= this.#count % 8;
  }

  async close(): Promise<void> {
    await this.#iterator.return?.();
  }
}

const CRC = Int32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte << 24;
  for (let bit = 0; bit < 8; bit += 1) sum = sum < 0 ? (sum << 1) ^ 0x04c11db7 : sum << 1;
  return sum;
});
