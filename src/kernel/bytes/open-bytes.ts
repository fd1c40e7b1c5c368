import type { FileHandle } from "node:fs/promises";

/** Bytes of an open file: from `start` to before `end`. */
export interface FileRange {
  file: FileHandle;
  start: number;
  end: number;
}

export type BytePiece = Uint8Array | FileRange;

/** Read at once for who reads an answer as a web stream. */
const READ_SIZE = 256 * 1024;

/**
 * Bytes that are open for reading, and the body of an answer that is not at hand: pieces that are read as the client takes them, by the
 * listener, who sends them without a stream in between (http/send-bytes.ts). The answer's headers say how many they are.
 */
export class OpenBytes {
  readonly pieces: Iterable<BytePiece> | AsyncIterable<BytePiece>;
  readonly #close: () => unknown;
  #isClosed = false;

  /** `close` is called once, when all was sent or nobody wants more. */
  constructor(pieces: OpenBytes["pieces"], close: () => unknown) {
    this.pieces = pieces;
    this.#close = close;
  }

  /** For who wants the bytes themselves. Errors: the system's, and a file that ends early. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    for await (const piece of this.pieces) {
      if (piece instanceof Uint8Array) yield piece;
      else yield* chunksOf(piece);
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#close();
  }
}

async function* chunksOf({ file, start, end }: FileRange): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end; ) {
    const buffer = Buffer.allocUnsafeSlow(Math.min(READ_SIZE, end - at));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) throw fileTooShort();
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}

/** A file's bytes are fewer than its answer has promised: the connection breaks, which the client sees. */
export const fileTooShort = () => new Error("a file is shorter than its answer said");
