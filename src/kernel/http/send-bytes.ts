import type { ServerResponse } from "node:http";
import { type FileRange, fileTooShort, type OpenBytes } from "../bytes/open-bytes.ts";

/** What is read at once, and all the memory that a client takes while it does not read. */
const SIZE = 256 * 1024;
/** Buffers that are kept for the next who reads; made anew for each, they are most of what the garbage collector has to do. */
const KEPT = 8;

const free: Buffer<ArrayBuffer>[] = [];

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
  const buffer = free.pop() ?? Buffer.allocUnsafeSlow(SIZE);
  for (let at = start; at < end && !outlet.isClosed; ) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(SIZE, end - at), at);
    if (bytesRead === 0) throw fileTooShort();
    await outlet.write(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
  // Of a broken connection nobody knows what it still holds.
  if (outlet.isClosed) return;
  if (free.length < KEPT) free.push(buffer);
  else buffer.buffer.transfer(0);
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

  /** Resolves when the bytes may be overwritten or the client is gone. */
  write(bytes: Uint8Array): Promise<void> {
    const outgoing = this.#outgoing;
    return new Promise((resolve) => {
      if (outgoing.destroyed) {
        resolve();
        return;
      }
      this.#wake = resolve;
      outgoing.write(bytes, () => resolve());
      // Node would wait for more; there is none before these have left.
      for (let socket = outgoing.socket; socket !== null && socket.writableCorked > 0; ) socket.uncork();
    });
  }
}
