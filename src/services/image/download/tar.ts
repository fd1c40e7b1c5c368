import { open } from "node:fs/promises";

export interface TarFile {
  /** As the archive names it; never used as a path. */
  name: string;
  path: string;
  size: number;
}

const BLOCK = 512;

/**
 * Takes the regular files that `choose` wants out of a tar stream, each to the path that `choose` gives (null: skip it).
 * Nothing in the archive decides where something is written: its names are only shown to `choose`; links, devices and
 * directories are passed over. Errors: for a broken archive, or more than `limit` bytes.
 */
export async function extractTar(
  source: AsyncIterable<Uint8Array>,
  choose: (name: string) => string | null,
  limit: number,
): Promise<TarFile[]> {
  const reader = new BlockReader(source);
  const files: TarFile[] = [];
  let total = 0;
  for (;;) {
    const header = await reader.take(BLOCK);
    if (header === null || header.every((byte) => byte === 0)) return files;
    const { name, size, regular } = parseHeader(header);
    total += size;
    if (total > limit) throw new Error(`the archive holds more than ${limit} bytes`);
    const path = regular && size > 0 ? choose(name) : null;
    const out = path === null ? null : await open(path, "w", 0o600);
    try {
      for await (const chunk of reader.content(size)) await out?.writeFile(chunk);
    } finally {
      await out?.close();
    }
    if (path !== null) files.push({ name, path, size });
    await reader.take((BLOCK - (size % BLOCK)) % BLOCK);
  }
}

function parseHeader(header: Buffer): { name: string; size: number; regular: boolean } {
  const text = (start: number, length: number): string =>
    header.toString("utf8", start, start + length).split("\0", 1)[0] ?? "";
  const octal = text(124, 12).trim();
  const sum = header.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 32 : byte), 0);
  if (Number.parseInt(text(148, 8).trim(), 8) !== sum || !/^[0-7]+$/.test(octal))
    throw new Error("it is no tar archive");
  const prefix = text(257, 5) === "ustar" ? text(345, 155) : "";
  const type = text(156, 1);
  return {
    name: prefix === "" ? text(0, 100) : `${prefix}/${text(0, 100)}`,
    size: Number.parseInt(octal, 8),
    regular: type === "0" || type === "",
  };
}

/** Exact amounts out of a stream of chunks. */
class BlockReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Null at the end. Errors: when the stream ends within. */
  async take(length: number): Promise<Buffer | null> {
    const parts: Buffer[] = [];
    for await (const part of this.content(length, true)) parts.push(part);
    const bytes = Buffer.concat(parts);
    if (bytes.length === 0 && length > 0) return null;
    if (bytes.length < length) throw new Error("the archive ends early");
    return bytes;
  }

  async *content(length: number, mayEnd = false): AsyncGenerator<Buffer> {
    let missing = length;
    while (missing > 0) {
      if (this.#rest.length === 0) {
        const next = await this.#source.next();
        if (next.done === true) {
          if (mayEnd) return;
          throw new Error("the archive ends early");
        }
        this.#rest = Buffer.from(next.value);
      }
      const part = this.#rest.subarray(0, missing);
      this.#rest = this.#rest.subarray(part.length);
      missing -= part.length;
      yield part;
    }
  }
}
