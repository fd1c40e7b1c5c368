import { Duplex } from "node:stream";
import { LibvirtConnectionError } from "./errors.ts";
import { messageStatus } from "./frame.ts";

/** Largest piece sent in one packet; libvirt's old limit is 262,120. */
const MAX_PACKET_BYTES = 65_536;

export interface StreamOptions {
  /** Small packets that arrive within this time become one chunk, in milliseconds (a console sends a few bytes each). */
  readonly coalesceMs?: number;
  /** Bytes kept for a reader that does not read; more aborts the stream, because libvirt cannot be told to wait. */
  readonly maxBufferedBytes?: number;
}

/** The way from a stream to its channel. */
export interface StreamLink {
  send(status: number, payload: Buffer, done?: (error?: Error | null) => void): void;
  /** Forget the stream: nothing more will come or matters. */
  release(): void;
}

/**
 * A libvirt stream as a Node duplex: `end()` finishes it in both directions (libvirt has no half-close),
 * `destroy()` aborts it, and the readable side ends when the guest's side does.
 */
export class LibvirtStream extends Duplex {
  /** The call that opened it. */
  readonly procedure: string;
  readonly #link: StreamLink;
  readonly #coalesceMs: number;
  readonly #maxBuffered: number;
  #pieces: Buffer[] = [];
  #pieceBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  // Whether the daemon still holds the stream open and must be told when we go.
  #open = true;
  #finishing = false;
  #onFinished: ((error?: Error | null) => void) | undefined;

  constructor(link: StreamLink, procedure: string, options: StreamOptions = {}) {
    super({ allowHalfOpen: true });
    this.procedure = procedure;
    this.#link = link;
    this.#coalesceMs = options.coalesceMs ?? 8;
    this.#maxBuffered = options.maxBufferedBytes ?? 8 * 1024 * 1024;
    // A stream that dies before its owner has attached a handler must not bring the process down;
    // the error is still what reads, writes and `finished()` report.
    this.on("error", () => {});
  }

  /** Data from the daemon; an empty packet says that there is no more. */
  receive(payload: Buffer): void {
    if (!this.#open) return;
    if (payload.length === 0) {
      this.#flush();
      this.#finish();
      return;
    }
    // Copied: the packet is a part of a larger read buffer that would be kept alive as a whole.
    this.#pieces.push(Buffer.from(payload));
    this.#pieceBytes += payload.length;
    if (this.#pieceBytes + this.readableLength > this.#maxBuffered) {
      this.destroy(new LibvirtConnectionError(`${this.procedure}: more than ${this.#maxBuffered} bytes were not read`));
    } else if (this.#pieceBytes >= MAX_PACKET_BYTES) {
      this.#flush();
    } else if (this.#timer === undefined) {
      this.#timer = setTimeout(() => this.#flush(), this.#coalesceMs);
    }
  }

  /** The daemon confirms the end. */
  finished(): void {
    this.#flush();
    this.#closeLink();
    this.push(null);
    this.#onFinished?.();
    this.#onFinished = undefined;
    if (!this.writableEnded) this.end();
  }

  /** The stream broke. `byPeer` when the daemon has already dropped its side. */
  fail(error: Error, byPeer = false): void {
    this.#flush();
    if (byPeer || error instanceof LibvirtConnectionError) this.#closeLink();
    this.#onFinished?.(error);
    this.#onFinished = undefined;
    this.destroy(error);
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    // An empty packet would mean the end.
    if (chunk.length === 0) done();
    for (let at = 0; at < chunk.length; at += MAX_PACKET_BYTES) {
      const last = at + MAX_PACKET_BYTES >= chunk.length;
      this.#link.send(messageStatus.more, chunk.subarray(at, at + MAX_PACKET_BYTES), last ? done : undefined);
    }
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.#open) {
      this.#onFinished = done;
      this.#finish();
    } else done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.#timer);
    this.#pieces = [];
    // Abort. After a finish the daemon closes its side without being told again.
    if (this.#open && !this.#finishing) this.#link.send(messageStatus.error, Buffer.alloc(0));
    this.#closeLink();
    this.#onFinished?.(error);
    this.#onFinished = undefined;
    done(error);
  }

  #finish(): void {
    if (this.#finishing || !this.#open) return;
    this.#finishing = true;
    this.#link.send(messageStatus.ok, Buffer.alloc(0));
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#pieceBytes === 0 || this.destroyed) return;
    const data = Buffer.concat(this.#pieces, this.#pieceBytes);
    this.#pieces = [];
    this.#pieceBytes = 0;
    this.push(data);
  }

  #closeLink(): void {
    this.#open = false;
    this.#link.release();
  }
}

/** Reads a stream to its end; rejects with what broke it. */
export async function readAll(stream: LibvirtStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
