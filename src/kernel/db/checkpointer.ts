import { Worker } from "node:worker_threads";
import {
  type CheckpointAnswer,
  type CheckpointRequest,
  type CheckpointWorkerData,
  checkpointWorker,
} from "./checkpoint-worker.ts";

/** Pages of the log, of 4 KiB, that are not in the database yet before the thread is asked to bring them there. */
const WORTHWHILE = 1_000;
/** The log begins anew when all of it is in the database, which under load it never is: from this length on the last pages are brought there at once. */
const LONG = 8_192;
/** So few of them: some milliseconds. */
const LAST = 256;
/** From this length on sqlite itself does it on the main thread, whatever there is: for writes that nobody waits for, and where there is no thread. */
export const LONGEST = 16_384;
/** Threads without work end after so many milliseconds. */
const REST_MS = 10_000;
/** How long the end of the thread may take. It may be waiting for the disk. */
const PATIENCE_MS = 30_000;

export interface Log {
  /** Pages that it has now. */
  length: number;
  /** Those that are not in the database yet. */
  behind: number;
}

/**
 * Checkpoints beside the event loop. sqlite makes one in the commit that fills the log to its mark: it copies the pages into the database and
 * waits for the disk twice, and nobody is served meanwhile; where objects are put that is many times a second.
 */
export class Checkpointer {
  readonly #parts: { database: string; addon: string; log(): Log; checkpoint(): void };
  #worker: Worker | null = null;
  #closed = new Int32Array(new SharedArrayBuffer(4));
  #isBusy = false;
  #isOver = false;
  #rest: NodeJS.Timeout | null = null;
  /** After a failure: how much has to be behind before it is tried again. */
  #until = WORTHWHILE;

  /** `addon`: the file of better-sqlite3 that is loaded; `checkpoint`: brings the rest into the database at once, on this thread. */
  constructor(parts: { database: string; addon: string; log(): Log; checkpoint(): void }) {
    this.#parts = parts;
  }

  /** To be asked now and then, best when the log was just synced. */
  look(): void {
    if (this.#isBusy || this.#isOver) return;
    const { length, behind } = this.#parts.log();
    if (behind >= this.#until || (length >= LONG && behind > LAST)) this.#ask();
    else if (length >= LONG && behind > 0) this.#parts.checkpoint();
  }

  #ask(): void {
    this.#worker ??= this.#start();
    if (this.#rest !== null) clearTimeout(this.#rest);
    this.#rest = null;
    this.#isBusy = true;
    this.#worker.postMessage("checkpoint" satisfies CheckpointRequest);
  }

  #start(): Worker {
    const { database, addon } = this.#parts;
    this.#closed = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(`(${checkpointWorker.toString()})()`, {
      eval: true,
      name: "checkpoints",
      workerData: { database, addon, closed: this.#closed } satisfies CheckpointWorkerData,
      resourceLimits: { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16 },
    });
    // The process does not stay for it.
    worker.unref();
    worker.on("message", ({ failed }: CheckpointAnswer) => this.#hear(failed));
    const lost = () => {
      if (this.#worker !== worker) return;
      this.#worker = null;
      this.#hear("the thread ended");
    };
    worker.on("error", lost);
    worker.on("exit", lost);
    return worker;
  }

  #hear(failed: string | null): void {
    this.#isBusy = false;
    if (this.#isOver) return;
    // A full disk: not for each commit anew. What the log holds stays there, and the main thread's own checkpoint will tell.
    this.#until = failed === null ? WORTHWHILE : this.#parts.log().behind + WORTHWHILE;
    if (failed === null) this.look();
    if (!this.#isBusy && this.#worker !== null) this.#rest ??= setTimeout(() => this.#end(), REST_MS).unref();
  }

  /** The thread's connection is closed when this returns: whoever closes the last one moves the log into the database. */
  #end(): void {
    if (this.#rest !== null) clearTimeout(this.#rest);
    this.#rest = null;
    const worker = this.#worker;
    if (worker === null) return;
    this.#worker = null;
    worker.postMessage("end" satisfies CheckpointRequest);
    Atomics.wait(this.#closed, 0, 0, PATIENCE_MS);
  }

  close(): void {
    this.#isOver = true;
    this.#end();
  }
}
