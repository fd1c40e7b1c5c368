import type { ServerResponse } from "node:http";
import { type FileRange, fileTooShort, type OpenBytes } from "../bytes/open-bytes.ts";

/** What is read at once: little for a client that is slow, so that a thousand of them take little memory; more for a fast one. */
const SMALLEST = 64 * 1024;
const LARGEST = 512 * 1024;
/** A client to whom bytes leave within so many milliseconds is a fast one. */
const SOON_MS = 10;
/** Large buffers that are kept for the next who reads. */
const KEPT = 4;

const large: Buffer[] = [];

/**
 * Sends an answer from its pieces, with one buffer however slow the client is: a file is read when the system has taken what was read
 * before. Resolves when all is sent or the client is gone, with the pieces closed. Errors: of reading; the connection is broken then.
 */
export async function sendBytes(outgoing: ServerResponse, response: Response, answer: OpenBytes): Promise<void> {
  const outlet = new Outlet(outgoing);
  try {
    // Headers and the first bytes go together.
    outgoing.socket?.cork();
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    for await (const piece of answer.pieces) {
      if (outlet.isClosed) break;
      if (piece instanceof Uint8Array) await outlet.write(piece);
      else await sendRange(outlet, piece);
    }
    outgoing.end();
  } catch (error) {
    outgoing.destroy();
    throw error;
  } finally {
    await answer.close();
  }
}

async function sendRange(outlet: Outlet, { file, start, end }: FileRange): Promise<void> {
  let buffer: Buffer = Buffer.allocUnsafeSlow(Math.min(SMALLEST, end - start));
  for (let at = start; at < end && !outlet.isClosed; ) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, end - at), at);
    if (bytesRead === 0) throw fileTooShort();
    const isFast = await outlet.write(buffer.subarray(0, bytesRead));
    at += bytesRead;
    if (at < end && !outlet.isClosed) buffer = next(buffer, isFast);
  }
  // Of a broken connection nobody knows what it still holds.
  if (!outlet.isClosed) giveBack(buffer);
}

function next(buffer: Buffer, isFast: boolean): Buffer {
  const size = isFast ? Math.min(buffer.length * 2, LARGEST) : Math.max(buffer.length / 2, SMALLEST);
  if (size === buffer.length) return buffer;
  giveBack(buffer);
  return size === LARGEST ? (large.pop() ?? Buffer.allocUnsafeSlow(size)) : Buffer.allocUnsafeSlow(size);
}

function giveBack(buffer: Buffer): void {
  if (buffer.length === LARGEST && large.length < KEPT) large.push(buffer);
}

/** Where an answer leaves. */
class Outlet {
  readonly #outgoing: ServerResponse;
  #wake: (() => void) | null = null;

  constructor(outgoing: ServerResponse) {
    this.#outgoing = outgoing;
    outgoing.once("close", () => this.#wake?.());
    // That it is closed tells enough.
    outgoing.on("error", () => {});
  }

  get isClosed(): boolean {
    return this.#outgoing.destroyed;
  }

  /** Resolves when the bytes may be overwritten or the client is gone. Answers whether they left soon. */
  write(bytes: Uint8Array): Promise<boolean> {
    const outgoing = this.#outgoing;
    return new Promise((resolve) => {
      if (outgoing.destroyed) {
        resolve(false);
        return;
      }
      this.#wake = () => resolve(false);
      const began = performance.now();
      outgoing.write(bytes, () => resolve(performance.now() - began < SOON_MS));
      // Node would wait for more; there is none before these have left.
      for (let socket = outgoing.socket; socket !== null && socket.writableCorked > 0; ) socket.uncork();
    });
  }
}
