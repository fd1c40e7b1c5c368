import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, lstat, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { conflict, tooLarge, unavailable } from "../../../kernel/errors.ts";
import { uuid } from "../../../kernel/ids/ids.ts";

/** A file that is complete and durable, but not yet an image's. */
export interface ReceivedFile {
  path: string;
  size: number;
  md5: string;
  sha512: string;
}

export interface ReceiveOptions {
  /** Most bytes taken. */
  limit: number;
  /** What the client announced; fewer or more is an error. */
  expected?: number | null;
  signal?: AbortSignal;
  onProgress?: (bytes: number) => void;
}

/** Thrown for data that ended early: the client went away, or sent less than it announced. */
export class Incomplete extends Error {}

const ZEROS = Buffer.alloc(64 * 1024);

/**
 * The image directory: one file per image, named by its id, and two folders of our own beside them. Data is received under
 * ".incoming" and moved into place when it is whole and on the disk, so that a file of an image's name is always complete.
 */
export class ImageFiles {
  readonly directory: string;
  constructor(directory: string) {
    this.directory = directory;
  }

  path(imageId: string): string {
    return join(this.directory, imageId);
  }

  /** Where `stage` puts data until it is imported. */
  stagingPath(imageId: string): string {
    return join(this.directory, ".staging", imageId);
  }

  /** Ids of images that have something staged. */
  async staged(): Promise<string[]> {
    return readdir(join(this.directory, ".staging")).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return [];
      throw error;
    });
  }

  /** Takes a stream in. Nothing is left of it on an error. Errors: 413 (limit, disk full), 503 (may not write), Incomplete. */
  async receive(source: AsyncIterable<Uint8Array>, options: ReceiveOptions): Promise<ReceivedFile> {
    const folder = join(this.directory, ".incoming");
    await mkdir(folder, { recursive: true, mode: 0o755 });
    const path = join(folder, uuid());
    try {
      const handle = await open(path, "wx", 0o644);
      try {
        const sums = await this.#copy(source, handle, options);
        await handle.sync();
        return { path, ...sums };
      } finally {
        await handle.close();
      }
    } catch (error) {
      await rm(path, { force: true });
      throw storageError(error);
    }
  }

  /** Takes a local file over: by renaming it where that is possible and `keep` is not set, else by copying. */
  async adopt(path: string, options: ReceiveOptions & { keep?: boolean }): Promise<ReceivedFile> {
    const about = await lstat(path);
    if (!about.isFile()) throw conflict(`${path} is not a regular file`);
    if (options.keep !== true) {
      const sums = await digest(path, options);
      const folder = join(this.directory, ".incoming");
      await mkdir(folder, { recursive: true, mode: 0o755 });
      const target = join(folder, uuid());
      const moved = await rename(path, target).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code === "EXDEV") return false;
          throw error;
        },
      );
      if (moved) {
        const handle = await open(target, "r+");
        await handle.sync().finally(() => handle.close());
        return { path: target, ...sums };
      }
    }
    const received = await this.receive(createReadStream(path, { highWaterMark: 256 * 1024 }), options);
    if (options.keep !== true) await rm(path, { force: true });
    return received;
  }

  /** Makes a received file the image's data. Durable when it resolves. */
  async publish(received: ReceivedFile, target: string): Promise<void> {
    await mkdir(join(target, ".."), { recursive: true, mode: 0o755 });
    await rename(received.path, target);
    const folder = await open(join(target, ".."), "r");
    await folder.sync().finally(() => folder.close());
  }

  async remove(path: string): Promise<void> {
    await rm(path, { force: true });
  }

  /** What a crash left half received. */
  async clearIncoming(): Promise<void> {
    await rm(join(this.directory, ".incoming"), { recursive: true, force: true });
  }

  async #copy(
    source: AsyncIterable<Uint8Array>,
    handle: FileHandle,
    options: ReceiveOptions,
  ): Promise<Omit<ReceivedFile, "path">> {
    const md5 = createHash("md5");
    const sha512 = createHash("sha512");
    let size = 0;
    for await (const chunk of source) {
      options.signal?.throwIfAborted();
      if (size + chunk.byteLength > options.limit) throw tooLarge(tooLargeMessage(options.limit));
      md5.update(chunk);
      sha512.update(chunk);
      // Zeros become a hole, which costs no disk; the length is set at the end.
      if (!isZero(chunk)) await writeAll(handle, chunk, size);
      size += chunk.byteLength;
      options.onProgress?.(size);
    }
    options.signal?.throwIfAborted();
    const expected = options.expected ?? null;
    if (expected !== null && expected !== size)
      throw new Incomplete(`${size} bytes came where ${expected} were announced`);
    await handle.truncate(size);
    return { size, md5: md5.digest("hex"), sha512: sha512.digest("hex") };
  }
}

const tooLargeMessage = (limit: number): string =>
  `The incoming image is too large: The provided image is too large: the limit is ${limit} bytes.`;

async function digest(path: string, options: ReceiveOptions): Promise<Omit<ReceivedFile, "path">> {
  const md5 = createHash("md5");
  const sha512 = createHash("sha512");
  let size = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 }) as AsyncIterable<Buffer>) {
    options.signal?.throwIfAborted();
    md5.update(chunk);
    sha512.update(chunk);
    size += chunk.length;
    if (size > options.limit) throw tooLarge(tooLargeMessage(options.limit));
  }
  return { size, md5: md5.digest("hex"), sha512: sha512.digest("hex") };
}

async function writeAll(handle: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < chunk.byteLength; ) {
    const { bytesWritten } = await handle.write(chunk, written, chunk.byteLength - written, position + written);
    written += bytesWritten;
  }
}

function isZero(chunk: Uint8Array): boolean {
  if (chunk.byteLength < 4096 || chunk[0] !== 0) return false;
  for (let offset = 0; offset < chunk.byteLength; offset += ZEROS.length) {
    const part = chunk.subarray(offset, offset + ZEROS.length);
    if (ZEROS.compare(part, 0, part.byteLength, 0, part.byteLength) !== 0) return false;
  }
  return true;
}

/** Glance's statuses for a store that cannot take more. */
function storageError(error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG") {
    return tooLarge("Image storage media is full: There is not enough disk space on the image storage media.", {
      cause: error,
    });
  }
  if (code === "EACCES" || code === "EROFS" || code === "EPERM") {
    return unavailable(
      "Insufficient permissions on image storage media: Permission to write image storage media denied.",
      {
        cause: error,
      },
    );
  }
  return error;
}
