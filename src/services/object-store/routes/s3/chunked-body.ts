import { createHash } from "node:crypto";
import { s3Error } from "../../errors.ts";
import type { ChunkSigner } from "../../fronts/s3/identity.ts";

const LONGEST_LINE = 8 * 1024;
/** AWS takes none larger; the signature of one is only known when it has all come. */
const LONGEST_CHUNK = 1024 * 1024 * 1024;

export interface ChunkedOptions {
  /** Null: chunks are not signed. */
  signer: ChunkSigner | null;
  /** Whether lines follow the last chunk; they come to `trailer`. */
  hasTrailer: boolean;
  trailer(name: string, value: string): void;
}

const incomplete = () => s3Error("IncompleteBody");

/**
 * The bytes in a body of `aws-chunked`: "<size in hex>[;chunk-signature=…]\r\n<bytes>\r\n" …, the last of size 0, then what trails.
 * Errors: 400; 403 for a chunk whose signature does not hold, after its bytes were given: who takes them must not keep them.
 */
export async function* chunkedBody(
  source: AsyncIterable<Uint8Array>,
  options: ChunkedOptions,
): AsyncGenerator<Uint8Array> {
  const { signer, hasTrailer, trailer } = options;
  const reader = new Reader(source);
  for (;;) {
    const line = await reader.line();
    if (line === null) throw incomplete();
    const [, digits, signature] = /^([0-9a-fA-F]{1,16})(?:;chunk-signature=([0-9a-f]+))?\s*$/.exec(line) ?? [];
    const size = Number.parseInt(digits ?? "", 16);
    if (digits === undefined || size > LONGEST_CHUNK || (signer !== null && signature === undefined))
      throw incomplete();
    const hash = signer === null ? null : createHash("sha256");
    for await (const bytes of reader.take(size)) {
      hash?.update(bytes);
      yield bytes;
    }
    if (hash !== null && signer?.chunk(hash.digest("hex")) !== signature) throw s3Error("SignatureDoesNotMatch");
    if (size === 0) break;
    if ((await reader.line()) !== "") throw incomplete();
  }
  await readTrailer(reader, signer, hasTrailer ? trailer : null);
}

async function readTrailer(
  reader: Reader,
  signer: ChunkSigner | null,
  trailer: ChunkedOptions["trailer"] | null,
): Promise<void> {
  let signed = "";
  let signature: string | null = null;
  for (let line = await reader.line(); line !== null; line = await reader.line()) {
    if (line === "") continue;
    const at = line.indexOf(":");
    if (at <= 0 || trailer === null) throw incomplete();
    const name = line.slice(0, at).trim().toLowerCase();
    const value = line.slice(at + 1).trim();
    if (name === "x-amz-trailer-signature") signature = value;
    else {
      signed += `${name}:${value}\n`;
      trailer(name, value);
    }
  }
  if (signer === null || trailer === null) return;
  const expected = signer.trailer(createHash("sha256").update(signed).digest("hex"));
  if (signature !== expected) throw s3Error("SignatureDoesNotMatch");
}

/** Lines and bytes, in turn, of one stream. */
class Reader {
  readonly #source: AsyncIterator<Uint8Array>;
  #held: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#source.next();
    if (done === true) return false;
    this.#held =
      this.#held.length === 0
        ? Buffer.from(value.buffer, value.byteOffset, value.byteLength)
        : Buffer.concat([this.#held, value]);
    return true;
  }

  /** Without its end; null: there is nothing more. */
  async line(): Promise<string | null> {
    for (;;) {
      const end = this.#held.indexOf("\n");
      if (end !== -1) {
        const line = this.#held.toString("latin1", 0, end).replace(/\r$/, "");
        this.#held = this.#held.subarray(end + 1);
        return line;
      }
      if (this.#held.length > LONGEST_LINE) throw incomplete();
      if (await this.#more()) continue;
      if (this.#held.length === 0) return null;
      const last = this.#held.toString("latin1");
      this.#held = Buffer.alloc(0);
      return last;
    }
  }

  async *take(size: number): AsyncGenerator<Uint8Array> {
    for (let left = size; left > 0; ) {
      if (this.#held.length === 0 && !(await this.#more())) throw incomplete();
      const bytes = this.#held.subarray(0, left);
      this.#held = this.#held.subarray(bytes.length);
      left -= bytes.length;
      yield bytes;
    }
  }
}
