import type { FileHandle } from "node:fs/promises";
import { type BytePiece, OpenBytes } from "../../../kernel/bytes/open-bytes.ts";

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

/** What is kept under one number, open: `close` when done, or read it to the end by what `range` answers and close that. */
export interface OpenContent {
  readonly size: number;
  /** From `start` to before `end`. Closed, it closes the whole. */
  range(start: number, end: number): OpenBytes;
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
  const close = async (): Promise<void> => {
    if (isClosed) return;
    isClosed = true;
    await current?.handle.close();
    access.done();
  };
  async function* pieces(start: number, end: number): AsyncGenerator<BytePiece> {
    for (const part of parts) {
      const from = Math.max(start, part.start) - part.start;
      const to = Math.min(end, part.start + part.size) - part.start;
      if (from >= to) continue;
      const bytes = access.inline(part.part);
      if (bytes !== undefined) yield bytes.subarray(from, to);
      else yield { file: await handleOf(part.part), start: from, end: to };
    }
  }
  return { size, range: (start, end) => new OpenBytes(pieces(start, end), close), close };
}
