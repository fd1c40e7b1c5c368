import { type FileHandle, open } from "node:fs/promises";

/** Bytes of a file by position; reading past the end gives fewer or none. */
export interface Reader {
  readonly size: number;
  read(offset: number, length: number): Promise<Buffer>;
}

/** For what is in memory already. */
export function bufferReader(bytes: Buffer): Reader {
  return { size: bytes.length, read: async (offset, length) => bytes.subarray(offset, offset + length) };
}

/** Opens a file, lets `use` read from it, and closes it. */
export async function withFile<T>(path: string, use: (reader: Reader) => Promise<T>): Promise<T> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    return await use({ size, read: (offset, length) => readAt(handle, offset, length) });
  } finally {
    await handle.close();
  }
}

async function readAt(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

/** A 64-bit number as a plain one; what is not exact in it is too large for any disk and becomes NaN. */
export function number64(value: bigint): number {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : Number.NaN;
}
