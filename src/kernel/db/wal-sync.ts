import { closeSync, fdatasync, openSync } from "node:fs";

export type Fdatasync = (fd: number, callback: (error: Error | null) => void) => void;

/**
 * Group commit: one asynchronous fdatasync of the write-ahead log (libuv's thread pool, off the main thread) serves
 * every request that waits at that moment. A sync that was under way when a write came does not cover that write, so
 * its waiter takes the next one.
 */
export class WalSync {
  readonly #walPath: string;
  readonly #changes: () => number;
  readonly #fdatasync: Fdatasync;
  readonly #rewrite: () => void;
  readonly #synced: () => void;
  #failed = false;
  #fd: number | null = null;
  #syncedUpTo = 0;
  #running: Promise<void> | null = null;
  #next: Promise<void> | null = null;

  constructor(
    databasePath: string,
    parts: {
      /** Counts the rows written so far. */
      changes: () => number;
      /** Moves all that the log holds into the database, durably. */
      rewrite: () => void;
      /** What was written is on the disk. */
      synced?: () => void;
      fdatasync?: Fdatasync | undefined;
    },
  ) {
    this.#walPath = `${databasePath}-wal`;
    this.#changes = parts.changes;
    this.#rewrite = parts.rewrite;
    this.#synced = parts.synced ?? (() => {});
    this.#fdatasync = parts.fdatasync ?? fdatasync;
  }

  async durable(): Promise<void> {
    if (this.#changes() <= this.#syncedUpTo) return;
    if (this.#running === null) {
      await this.#start();
      return;
    }
    const start = () => this.#start();
    this.#next ??= this.#running.then(start, start);
    await this.#next;
  }

  #start(): Promise<void> {
    this.#next = null;
    const covered = this.#changes();
    this.#running = this.#sync().then(
      () => {
        this.#running = null;
        this.#syncedUpTo = covered;
        this.#synced();
      },
      (error: unknown) => {
        this.#running = null;
        this.#failed = true;
        throw Object.assign(new Error("the log of the database could not be synced", { cause: error }), {
          code: "SQLITE_IOERR_FSYNC",
        });
      },
    );
    return this.#running;
  }

  async #sync(): Promise<void> {
    if (this.#failed) {
      // Linux forgets what it could not write: a second sync would succeed without it. Written again, it is synced again.
      this.#rewrite();
      this.#failed = false;
    }
    // Opened late: the file appears with the first write. sqlite truncates it, but does not replace it while it is open.
    this.#fd ??= openSync(this.#walPath, "r+");
    const fd = this.#fd;
    await new Promise<void>((resolve, reject) => this.#fdatasync(fd, (error) => (error ? reject(error) : resolve())));
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }
}
