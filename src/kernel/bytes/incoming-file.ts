import type { FileHandle } from "node:fs/promises";
import { FileDigests } from "./file-digest.ts";
import { type Sum, sumOf } from "./sums.ts";

/** So much, or so many pieces, may wait to be written. While a write is under way what comes is gathered for the next. */
const MOST_HELD = 1024 * 1024;
const MOST_PIECES = 256;
/** Sums of files up to here are made at once: that takes a millisecond or two. */
const SMALL = 256 * 1024;
/** So many bytes of a file may be on their way to the disk when its end comes and all of it has to be there. */
const SYNC_EVERY = 64 * 1024 * 1024;

const ZEROS = Buffer.alloc(64 * 1024);

/** Bytes as they come. */
export interface Chunks extends AsyncIterable<Uint8Array> {
  /**
   * Whoever takes a chunk is its only owner and may end it. Memory beside the heap is otherwise given back by the garbage collector,
   * which has to go through everything once for every few mebibytes.
   */
  readonly given?: boolean;
}

export interface IncomingOptions {
  /** The sums that are wanted: names that sumOf knows. */
  digests: readonly string[];
  /** Whether zeros become a hole, which costs no disk. */
  holes?: boolean;
  /** Of Chunks: what was written is ended. */
  given?: boolean | undefined;
}

/**
 * A file that is being written from bytes as they come, with sums that are made beside the event loop. It holds next to nothing where
 * bytes come slowly, and a mebibyte where they come faster than the disk takes them. `finish` or `abort` ends it; the handle stays open.
 */
export class IncomingFile {
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly #options: IncomingOptions;
  #size = 0;
  #pieces: Uint8Array[] = [];
  #held = 0;
  #written = 0;
  /** Where the file ends now: zeros at its end are not written. */
  #extent = 0;
  #writing: Promise<void> | null = null;
  /** Once what is held is on its way. */
  #room: PromiseWithResolvers<void> | null = null;
  #syncing: Promise<void> | null = null;
  #synced = 0;
  #failed: { error: unknown } | null = null;
  /** While little has come; then the file is read. */
  #small: ReadonlyMap<string, Sum> | null;
  #digests: FileDigests | null = null;

  /** `handle`: the file at `path`, new and empty. */
  constructor(handle: FileHandle, path: string, options: IncomingOptions) {
    this.#handle = handle;
    this.#path = path;
    this.#options = options;
    this.#small = new Map(options.digests.map((algorithm) => [algorithm, sumOf(algorithm)]));
  }

  /** Bytes that were taken. */
  get size(): number {
    return this.#size;
  }

  /** Takes bytes over, which nobody may change from now on. What it answers is to be awaited before more comes. Errors: the system's. */
  add(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#failed !== null) throw this.#failed.error;
    this.#size += bytes.byteLength;
    this.#pieces.push(bytes);
    this.#held += bytes.byteLength;
    this.#digest(bytes);
    if (this.#writing === null) this.#begin();
    if (this.#held < MOST_HELD && this.#pieces.length < MOST_PIECES) return undefined;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  /** Everything is written and, by `sync` or at least `datasync`, on the disk. Answers the sums. Errors: the system's. */
  async finish(sync: "sync" | "datasync"): Promise<Record<string, string>> {
    while (this.#writing !== null) await this.#writing;
    await this.#syncing;
    if (this.#failed !== null) throw this.#failed.error;
    if (this.#extent < this.#size) await this.#handle.truncate(this.#size);
    // Both take their time, beside each other.
    const [digests] = await Promise.all([this.#finishDigests(), this.#handle[sync]()]);
    return digests;
  }

  /** Nobody wants it any more. Once this resolves, nothing is written to it. */
  async abort(): Promise<void> {
    this.#failed ??= { error: new Error("it was broken off") };
    this.#digests?.drop();
    await this.#writing;
    await this.#syncing;
  }

  #digest(bytes: Uint8Array): void {
    if (this.#small === null) return;
    if (this.#size <= SMALL) for (const hash of this.#small.values()) hash.update(bytes);
    else {
      this.#small = null;
      this.#digests = new FileDigests(this.#path, this.#options.digests);
    }
  }

  async #finishDigests(): Promise<Record<string, string>> {
    if (this.#digests !== null) return this.#digests.finish(this.#size);
    return Object.fromEntries([...(this.#small ?? [])].map(([algorithm, hash]) => [algorithm, hash.digest()]));
  }

  #begin(): void {
    this.#writing = this.#write()
      .catch((error: unknown) => {
        this.#failed ??= { error };
      })
      .then(() => {
        this.#writing = null;
        this.#makeRoom();
      });
  }

  #makeRoom(): void {
    this.#room?.resolve();
    this.#room = null;
  }

  async #write(): Promise<void> {
    while (this.#pieces.length > 0 && this.#failed === null) {
      const pieces = this.#pieces;
      this.#pieces = [];
      this.#held = 0;
      this.#makeRoom();
      for (const { zeros, run } of this.#options.holes === true ? runsOf(pieces) : [{ zeros: false, run: pieces }]) {
        const size = sizeOf(run);
        if (!zeros) await writeAll(this.#handle, run, this.#written);
        this.#written += size;
        if (!zeros) this.#extent = this.#written;
        if (this.#options.given === true) for (const piece of run) end(piece);
      }
      await this.#digests?.reached(this.#extent);
      if (this.#written - this.#synced >= SYNC_EVERY && this.#syncing === null) this.#beginSync();
    }
  }

  #beginSync(): void {
    this.#synced = this.#written;
    this.#syncing = this.#handle
      .datasync()
      .catch((error: unknown) => {
        this.#failed ??= { error };
      })
      .finally(() => {
        this.#syncing = null;
      });
  }
}

/** Pieces in a row that are written at once, and those of zeros. */
function* runsOf(pieces: readonly Uint8Array[]): Generator<{ zeros: boolean; run: Uint8Array[] }> {
  let run: Uint8Array[] = [];
  for (const piece of pieces) {
    if (!isZero(piece)) {
      run.push(piece);
      continue;
    }
    if (run.length > 0) yield { zeros: false, run };
    yield { zeros: true, run: [piece] };
    run = [];
  }
  if (run.length > 0) yield { zeros: false, run };
}

const sizeOf = (pieces: readonly Uint8Array[]): number => pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);

/** Gives memory back that holds nothing but this. */
function end({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}

async function writeAll(handle: FileHandle, pieces: readonly Uint8Array[], position: number): Promise<void> {
  let rest = pieces;
  let at = position;
  while (rest.length > 0) {
    const { bytesWritten } = await handle.writev(rest as Uint8Array[], at);
    at += bytesWritten;
    rest = withoutFirst(rest, bytesWritten);
  }
}

function withoutFirst(pieces: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  let skipped = 0;
  let left = count;
  for (const { byteLength } of pieces) {
    if (byteLength > left) break;
    left -= byteLength;
    skipped += 1;
  }
  const [first, ...others] = pieces.slice(skipped);
  return first === undefined ? [] : [first.subarray(left), ...others];
}

function isZero(piece: Uint8Array): boolean {
  if (piece.byteLength < 4096 || piece[0] !== 0) return false;
  for (let offset = 0; offset < piece.byteLength; offset += ZEROS.length) {
    const part = piece.subarray(offset, offset + ZEROS.length);
    if (ZEROS.compare(part, 0, part.byteLength, 0, part.byteLength) !== 0) return false;
  }
  return true;
}
