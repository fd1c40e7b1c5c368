import { hash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import type { IncomingFile } from "../../../kernel/bytes/incoming-file.ts";
import { sumOf } from "../../../kernel/bytes/sums.ts";
import { clientGone, noSpace } from "../errors.ts";

export interface ReceiveOptions {
  /** Most bytes taken. */
  limit: number;
  /** What the client announced; fewer or more is an error. */
  expected?: number | null;
  /** Sums that are wanted beside md5, as sumOf names them: "sha256", "crc64nvme". */
  sums?: readonly string[];
}

/** Bytes that are here and durable as soon as a row holds them, but nobody's yet: `keep` or `discard` ends that. */
export interface Received {
  size: number;
  /** In hexadecimal digits. */
  md5: string;
  /** Those that were asked for, in hexadecimal digits. */
  sums: Readonly<Record<string, string>>;
  /** Up to INLINE_LIMIT. */
  bytes: Uint8Array | null;
  /** Of the file otherwise. */
  blob: number | null;
}

export const EMPTY_MD5 = "d41d8cd98f00b204e9800998ecf8427e";

/** A file on its way in, and the row that names it. */
export class BlobInMaking {
  readonly id: number;
  readonly bytes: IncomingFile;
  readonly #handle: FileHandle;
  readonly #settled: Promise<unknown>;

  /** `settled`: its row and its name are durable. */
  constructor(id: number, bytes: IncomingFile, handle: FileHandle, settled: Promise<unknown>) {
    this.id = id;
    this.bytes = bytes;
    this.#handle = handle;
    this.#settled = settled;
    settled.catch(() => {});
  }

  /** Durable under its name when it resolves. Answers its sums. */
  async finish(): Promise<Record<string, string>> {
    const sums = await this.bytes.finish("datasync");
    await this.#settled;
    await this.#handle.close();
    return sums;
  }

  async close(): Promise<void> {
    await this.bytes.abort();
    await this.#handle.close().catch(() => {});
  }
}

/** So few bytes are summed at once. */
export function inline(bytes: Uint8Array, sums: readonly string[]): Received {
  const size = bytes.byteLength;
  const md5 = size === 0 ? EMPTY_MD5 : hash("md5", bytes, "hex");
  const done = sums.map((name) => {
    const sum = sumOf(name);
    sum.update(bytes);
    return [name, sum.digest()];
  });
  return { size, md5, sums: Object.fromEntries(done), bytes, blob: null };
}

export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces;
  return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
}

export function storageError(error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG" || code === "EROFS") return noSpace(error);
  if (code === "ECONNRESET" || code === "ERR_STREAM_PREMATURE_CLOSE" || code === "ABORT_ERR") return clientGone(error);
  return error;
}
