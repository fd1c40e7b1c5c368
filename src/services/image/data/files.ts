import { createReadStream } from "node:fs";
import { link, lstat, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { digestsOfFile } from "../../../kernel/bytes/file-digest.ts";
import { type Chunks, IncomingFile } from "../../../kernel/bytes/incoming-file.ts";
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

/** Glance's checksum, and its os_hash. */
const DIGESTS = ["md5", "sha512"] as const;

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
  async receive(source: Chunks, options: ReceiveOptions): Promise<ReceivedFile> {
    const path = await this.#newPath();
    try {
      const handle = await open(path, "wx", 0o644);
      try {
        const file = new IncomingFile(handle, path, { digests: DIGESTS, holes: true, given: source.given });
        return { path, ...(await take(source, file, options)) };
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
      const target = await this.#newPath();
      const moved = await rename(path, target).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code === "EXDEV") return false;
          throw error;
        },
      );
      if (moved) {
        await sync(target);
        return { path: target, ...sums };
      }
    }
    const received = await this.receive(createReadStream(path, { highWaterMark: 256 * 1024 }), options);
    if (options.keep !== true) await rm(path, { force: true });
    return received;
  }

  /** What is staged, which stays there until the image has it: under a further name where the file system knows such, else copied. */
  async receiveStaged(imageId: string, options: ReceiveOptions): Promise<ReceivedFile> {
    const staged = this.stagingPath(imageId);
    const path = await this.#newPath();
    const linked = await link(staged, path).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") throw error;
        return false;
      },
    );
    if (!linked) return this.receive(createReadStream(staged, { highWaterMark: 256 * 1024 }), options);
    try {
      const [sums] = await Promise.all([digest(path, options), sync(path)]);
      return { path, ...sums };
    } catch (error) {
      await rm(path, { force: true });
      throw storageError(error);
    }
  }

  /** Of a file that is not an image's yet. */
  async #newPath(): Promise<string> {
    const folder = join(this.directory, ".incoming");
    await mkdir(folder, { recursive: true, mode: 0o755 });
    return join(folder, uuid());
  }

  /** Makes a received file the image's data. Durable when it resolves. */
  async publish(received: Pick<ReceivedFile, "path">, target: string): Promise<void> {
    await mkdir(join(target, ".."), { recursive: true, mode: 0o755 });
    await rename(received.path, target);
    const folder = await open(join(target, ".."), "r");
    await folder.sync().finally(() => folder.close());
  }

  /** An image's data again, which `write` writes to a new file, durably. */
  async restore(target: string, write: (path: string) => Promise<void>): Promise<void> {
    const path = await this.#newPath();
    try {
      await write(path);
      await this.publish({ path }, target);
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
  }

  async remove(path: string): Promise<void> {
    await rm(path, { force: true });
  }

  /** What a crash left half received. */
  async clearIncoming(): Promise<void> {
    await rm(join(this.directory, ".incoming"), { recursive: true, force: true });
  }
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, "r+");
  await handle.sync().finally(() => handle.close());
}

async function take(
  source: Chunks,
  file: IncomingFile,
  { limit, expected = null, signal, onProgress }: ReceiveOptions,
): Promise<Omit<ReceivedFile, "path">> {
  try {
    if (expected !== null && expected > limit) throw tooLarge(tooLargeMessage(limit));
    for await (const chunk of source) {
      signal?.throwIfAborted();
      if (file.size + chunk.byteLength > limit) throw tooLarge(tooLargeMessage(limit));
      const full = file.add(chunk);
      if (full !== undefined) await full;
      onProgress?.(file.size);
    }
    signal?.throwIfAborted();
    const { size } = file;
    if (expected !== null && expected !== size)
      throw new Incomplete(`${size} bytes came where ${expected} were announced`);
    return { size, ...sumsOf(await file.finish("sync")) };
  } catch (error) {
    await file.abort();
    throw error;
  }
}

const sumsOf = ({ md5 = "", sha512 = "" }: Readonly<Record<string, string>>) => ({ md5, sha512 });

const tooLargeMessage = (limit: number): string =>
  `The incoming image is too large: The provided image is too large: the limit is ${limit} bytes.`;

async function digest(path: string, options: ReceiveOptions): Promise<Omit<ReceivedFile, "path">> {
  const { size } = await stat(path);
  if (size > options.limit) throw tooLarge(tooLargeMessage(options.limit));
  const sums = await digestsOfFile(path, size, DIGESTS, () => options.signal?.throwIfAborted());
  return { size, ...sumsOf(sums) };
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
