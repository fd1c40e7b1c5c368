import type { FileHandle } from "node:fs/promises";

/** What is read at once: enough that the disk and not the calls are the cost. */
const READ_SIZE = 256 * 1024;

interface Part {
  /** The blob. */
  part: number;
  start: number;
  size: number;
}

interface Access {
  /** Undefined for one that is a file. */
  inline(blob: number): Uint8Array | undefined;
  file(blob: number): Promise<FileHandle>;
  done(): void;
}

/** Bytes that are being read. `close` when done; a stream of them closes by itself. */
export interface OpenContent {
  readonly size: number;
  /** From `start` to before `end`. */
  chunks(start: number, end: number): AsyncGenerator<Uint8Array>;
  close(): Promise<void>;
}

/** Errors: the system's, where the first file is not there. */
export async function openParts(parts: readonly Part[], access: Access): Promise<OpenContent> {
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  // One file at a time, so that an object of ten thousand parts needs no ten thousand files open.
  let current: { blob: number; handle: FileHandle } | null = null;
  const handleOf = async (blob: number): Promise<FileHandle> => {
    if (current?.blob === blob) return current.handle;
    await current?.handle.close();
    current = null;
    const handle = await access.file(blob);
    current = { blob, handle };
    return handle;
  };
  const [first] = parts;
  if (first !== undefined && access.inline(first.part) === undefined) await handleOf(first.part);
  let isClosed = false;
  return {
    size,
    async *chunks(start, end) {
      for (const part of parts) {
        const from = Math.max(start, part.start) - part.start;
        const to = Math.min(end, part.start + part.size) - part.start;
        if (from >= to) continue;
        const bytes = access.inline(part.part);
        if (bytes !== undefined) {
          yield bytes.subarray(from, to);
          continue;
        }
        yield* fileChunks(await handleOf(part.part), from, to);
      }
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      await current?.handle.close();
      access.done();
    },
  };
}

async function* fileChunks(handle: FileHandle, from: number, to: number): AsyncGenerator<Uint8Array> {
  for (let at = from; at < to; ) {
    const buffer = Buffer.allocUnsafeSlow(Math.min(READ_SIZE, to - at));
    const { bytesRead } = await handle.read(buffer, 0, buffer.byteLength, at);
    // The answer has promised more than there is: its connection breaks, which the client sees.
    if (bytesRead === 0) throw new Error("a file of the object store is shorter than it was");
    yield bytesRead === buffer.byteLength ? buffer : buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}
