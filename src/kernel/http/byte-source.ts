import type { IncomingMessage } from "node:http";
import type { Chunks } from "../bytes/incoming-file.ts";

/** The bytes of a request's body, once. */
export interface ByteSource extends Chunks {
  /** Content-Length; null for a body in chunks. */
  readonly announced: number | null;
  /** It was said neither how long it is nor that it comes in chunks: there is none, as HTTP has it, which some services refuse (411). */
  readonly unframed?: true;
  /** All of it at once: for bodies whose announced length is small. */
  whole(): Promise<Uint8Array>;
}

const NONE: ByteSource = {
  announced: 0,
  whole: async () => new Uint8Array(),
  async *[Symbol.asyncIterator]() {},
};

/**
 * The body of a request, straight from the socket where there is one: web streams in between cost more than what most bodies are sent for.
 */
export function byteSource(request: Request, incoming: IncomingMessage | undefined): ByteSource {
  if (incoming === undefined) return webSource(request);
  const length = incoming.headers["content-length"];
  const announced = length === undefined ? null : Number(length);
  if (announced === null && incoming.headers["transfer-encoding"] === undefined) return { ...NONE, unframed: true };
  if (announced === 0) return NONE;
  // Destroyed, it would take the connection with it and with that the answer to a body that was not read to its end.
  const iterate = (): AsyncIterator<Uint8Array> => incoming.iterator({ destroyOnReturn: false });
  return {
    announced,
    given: true,
    [Symbol.asyncIterator]: iterate,
    whole: () => collected({ [Symbol.asyncIterator]: iterate }),
  };
}

function webSource(request: Request): ByteSource {
  const { body } = request;
  if (body === null) return NONE;
  const length = request.headers.get("content-length");
  return {
    announced: length === null ? null : Number(length),
    [Symbol.asyncIterator]: () => body[Symbol.asyncIterator](),
    whole: async () => new Uint8Array(await request.arrayBuffer()),
  };
}

/** Bytes that are there already. */
export const bytesAtHand = (bytes: Uint8Array): ByteSource => ({
  announced: bytes.length,
  whole: async () => bytes,
  async *[Symbol.asyncIterator]() {
    if (bytes.length > 0) yield bytes;
  },
});

export async function collected(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  const [only] = all;
  return all.length === 1 && only !== undefined ? only : Buffer.concat(all);
}
