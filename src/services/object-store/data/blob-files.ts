import { closeSync, constants, openSync, readSync } from "node:fs";
import { copyFile, type FileHandle, link, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";

/** How many files share a folder. */
const FOLDER = 4096;

/**
 * The files of bytes: one per blob, named by its id, which says nothing of its owner's name for it. A file is whole when its row says so;
 * what has no such row is removed by the next start (Contents.recover).
 */
export class BlobFiles {
  readonly directory: string;
  readonly #folders = new Map<string, FolderSync>();

  constructor(directory: string) {
    this.directory = directory;
  }

  path(id: number): string {
    return join(this.#folder(id), id.toString(16).padStart(8, "0"));
  }

  #folder(id: number): string {
    return join(
      this.directory,
      "data",
      Math.floor(id / FOLDER)
        .toString(16)
        .padStart(5, "0"),
    );
  }

  async #folderSync(id: number): Promise<FolderSync> {
    const folder = this.#folder(id);
    let sync = this.#folders.get(folder);
    if (sync === undefined) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      sync = new FolderSync(folder);
      this.#folders.set(folder, sync);
      // The folder's own name.
      await new FolderSync(join(folder, "..")).durable();
    }
    return sync;
  }

  /** A file that is durable elsewhere, as this one: under a further name where the file system has such, else as a copy. */
  async adopt(id: number, path: string): Promise<void> {
    const sync = await this.#folderSync(id);
    const isLinked = await link(path, this.path(id)).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === "EXDEV" || error.code === "EPERM" || error.code === "EMLINK" || error.code === "ENOTSUP")
          return false;
        throw error;
      },
    );
    if (!isLinked) {
      await copyFile(path, this.path(id), constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
      const copy = await open(this.path(id), "r+");
      await copy.datasync().finally(() => copy.close());
    }
    await sync.durable();
  }

  /** A new file, empty. Its name is durable once `named` resolves. */
  async create(id: number): Promise<{ handle: FileHandle; named: Promise<void> }> {
    const sync = await this.#folderSync(id);
    const handle = await open(this.path(id), "w", 0o600);
    const named = sync.durable();
    // Whoever created it awaits it at the end; meanwhile a failure is nobody's.
    named.catch(() => {});
    return { handle, named };
  }

  open(id: number): Promise<FileHandle> {
    return open(this.path(id), "r");
  }

  /** A piece of a file at once. Errors: the system's, and a file that is shorter. */
  readSync(id: number, start: number, size: number): Buffer {
    const bytes = Buffer.allocUnsafe(size);
    const fd = openSync(this.path(id), "r");
    try {
      for (let at = 0; at < size; ) {
        const count = readSync(fd, bytes, at, size - at, start + at);
        if (count === 0) throw new Error(`the file of blob ${id} ends early`);
        at += count;
      }
    } finally {
      closeSync(fd);
    }
    return bytes;
  }

  async remove(id: number): Promise<void> {
    await rm(this.path(id), { force: true });
  }

  /** Puts a file aside for somebody to look at. */
  async quarantine(id: number): Promise<string> {
    const folder = join(this.directory, "quarantine");
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, id.toString(16).padStart(8, "0"));
    await rename(this.path(id), path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
    return path;
  }

  /** Ids of all files there are, folder by folder. For tests and for `tenrec doctor`. */
  async *ids(): AsyncGenerator<number> {
    const top = join(this.directory, "data");
    for (const folder of await names(top)) {
      for (const name of await names(join(top, folder))) yield Number.parseInt(name, 16);
    }
  }
}

async function names(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
}

/** One fsync of a folder serves all who wait at that moment; one under way does not cover who comes later. */
class FolderSync {
  readonly #path: string;
  #running: Promise<void> | null = null;
  #next: Promise<void> | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  durable(): Promise<void> {
    if (this.#running === null) return this.#start();
    const start = () => this.#start();
    this.#next ??= this.#running.then(start, start);
    return this.#next;
  }

  #start(): Promise<void> {
    this.#next = null;
    const running = this.#sync().finally(() => {
      if (this.#running === running) this.#running = null;
    });
    this.#running = running;
    return running;
  }

  async #sync(): Promise<void> {
    const folder = await open(this.#path, "r");
    await folder.sync().finally(() => folder.close());
  }
}
