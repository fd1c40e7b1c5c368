const BLOCK = 512;
/** Of names and attributes that stand before a file in blocks of their own. */
const MOST_EXTENDED = 1024 * 1024;

export interface TarFile {
  name: string;
  size: number;
  /** Attributes of pax headers. */
  pax: ReadonlyMap<string, string>;
  /** Once, and before the next file is asked for; what is left unread is passed over. */
  bytes(): AsyncGenerator<Uint8Array>;
}

/** What an archive is not. Errors of this kind are the sender's. */
export class BadTar extends Error {}

/** The plain files of a tar archive (ustar, GNU, pax), one after another as they come. Errors: BadTar. */
export async function* readTar(source: AsyncIterable<Uint8Array>): AsyncGenerator<TarFile> {
  const input = new Input(source);
  let pax = new Map<string, string>();
  let longName: string | null = null;
  try {
    for (;;) {
      const block = await input.take(BLOCK);
      if (block === null || block.every((byte) => byte === 0)) return;
      const head = header(block);
      const padding = (BLOCK - (head.size % BLOCK)) % BLOCK;
      if (head.type === "x" || head.type === "g" || head.type === "L" || head.type === "K") {
        if (head.size > MOST_EXTENDED) throw new BadTar("a header is too long");
        const text = (await input.take(head.size))?.toString("utf8") ?? "";
        await input.skip(padding);
        if (head.type === "x") pax = records(text);
        else if (head.type === "L") longName = text.replace(/\0.*$/s, "");
        continue;
      }
      const size = pax.has("size") ? Number(pax.get("size")) : head.size;
      const rest = { left: size };
      if (head.type === "0" || head.type === "\0" || head.type === "7") {
        yield {
          name: pax.get("path") ?? longName ?? head.name,
          size,
          pax,
          bytes: () => input.bytes(rest),
        };
      }
      await input.skip(rest.left + ((BLOCK - (size % BLOCK)) % BLOCK));
      pax = new Map();
      longName = null;
    }
  } finally {
    await input.close();
  }
}

function header(block: Buffer): { name: string; size: number; type: string } {
  const text = (from: number, to: number) => block.subarray(from, to).toString("utf8").replace(/\0.*$/s, "");
  let sum = 0;
  for (const [index, byte] of block.entries()) sum += index >= 148 && index < 156 ? 32 : byte;
  if (Number.parseInt(text(148, 156).trim(), 8) !== sum) throw new BadTar("invalid header");
  const prefix = text(257, 262) === "ustar" ? text(345, 500) : "";
  const name = text(0, 100);
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    size: number(block.subarray(124, 136)),
    type: String.fromCharCode(block[156] ?? 0),
  };
}

/** Octal digits, or GNU's binary form for what is larger than those say. */
function number(field: Buffer): number {
  const [first = 0] = field;
  if ((first & 0x80) === 0) {
    const value = Number.parseInt(field.toString("latin1").replace(/\0.*$/s, "").trim() || "0", 8);
    if (!Number.isSafeInteger(value) || value < 0) throw new BadTar("invalid header");
    return value;
  }
  let value = first & 0x7f;
  for (const byte of field.subarray(1)) value = value * 256 + byte;
  if (!Number.isSafeInteger(value)) throw new BadTar("invalid header");
  return value;
}

/** "27 path=a/long/name\n"… */
function records(text: string): Map<string, string> {
  const found = new Map<string, string>();
  let bytes = Buffer.from(text);
  while (bytes.byteLength > 0) {
    const space = bytes.indexOf(32);
    const length = Number(bytes.subarray(0, Math.max(space, 0)).toString());
    if (space < 1 || !Number.isInteger(length) || length <= space || length > bytes.byteLength)
      throw new BadTar("invalid header");
    const record = bytes.subarray(space + 1, length - 1).toString("utf8");
    const equals = record.indexOf("=");
    if (equals > 0) found.set(record.slice(0, equals), record.slice(equals + 1));
    bytes = bytes.subarray(length);
  }
  return found;
}

/** A stream by counts of bytes. */
class Input {
  readonly #iterator: AsyncIterator<Uint8Array>;
  #held: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#iterator = source[Symbol.asyncIterator]();
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#iterator.next();
    if (done === true) return false;
    const chunk = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    this.#held = this.#held.byteLength === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    return true;
  }

  /** Null at the end. Errors: BadTar for an end in the middle. */
  async take(size: number): Promise<Buffer | null> {
    while (this.#held.byteLength < size) {
      if (await this.#more()) continue;
      if (this.#held.byteLength === 0 && size > 0) return null;
      throw new BadTar("unexpected end of data");
    }
    const taken = this.#held.subarray(0, size);
    this.#held = this.#held.subarray(size);
    return taken;
  }

  async *bytes(rest: { left: number }): AsyncGenerator<Uint8Array> {
    while (rest.left > 0) {
      if (this.#held.byteLength === 0 && !(await this.#more())) throw new BadTar("unexpected end of data");
      const piece = this.#held.subarray(0, rest.left);
      this.#held = this.#held.subarray(piece.byteLength);
      rest.left -= piece.byteLength;
      yield piece;
    }
  }

  async skip(size: number): Promise<void> {
    const rest = { left: size };
    for await (const _ of this.bytes(rest)) {
      // Passed over.
    }
  }

  async close(): Promise<void> {
    await this.#iterator.return?.();
  }
}
