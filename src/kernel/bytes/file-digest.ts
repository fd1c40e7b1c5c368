import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { type DigestAnswer, type DigestRequest, digestWorker } from "./digest-worker.ts";
import { sumMaker } from "./sums.ts";

/** A worker is told of so many new bytes at once, and asked for no more, so that several files take turns. */
const STEP = 2 * 1024 * 1024;
/** Sums may be so many bytes behind the writing: what they read is still in memory, and not read from the disk again. */
const LAG = 32 * 1024 * 1024;
/** Threads without work end after so many milliseconds. */
const REST_MS = 10_000;
const MOST_THREADS = 4;

/** A thread, and the files that it is reading. */
class Thread {
  readonly files = new Map<number, DigestOfFile>();
  readonly #worker: Worker;
  readonly #ended: (thread: Thread) => void;
  #rest: NodeJS.Timeout | null = null;

  constructor(ended: (thread: Thread) => void) {
    this.#ended = ended;
    this.#worker = new Worker(`(${digestWorker.toString()})((${sumMaker.toString()})())`, {
      eval: true,
      name: "digests",
      resourceLimits: { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 32 },
    });
    this.#worker.on("message", (answer: DigestAnswer) => this.files.get(answer.id)?.hear(answer));
    const lost = (error: Error) => {
      ended(this);
      for (const { id, hear } of this.files.values()) hear({ id, failed: error.message });
    };
    this.#worker.on("error", lost);
    this.#worker.on("exit", () => lost(new Error("the thread that makes sums ended")));
  }

  add(file: DigestOfFile): void {
    this.files.set(file.id, file);
    if (this.#rest !== null) clearTimeout(this.#rest);
    this.#rest = null;
    this.#worker.ref();
  }

  /** A thread at rest keeps no process alive. */
  remove(file: DigestOfFile): void {
    if (!this.files.delete(file.id) || this.files.size > 0) return;
    this.#worker.unref();
    this.#rest = setTimeout(() => {
      this.#ended(this);
      void this.#worker.terminate();
    }, REST_MS).unref();
  }

  ask(request: DigestRequest): void {
    this.#worker.postMessage(request);
  }
}

const threads = new Set<Thread>();

/** One that has nothing to do, or a new one, or the one with the least. */
function freeThread(): Thread {
  const [least] = [...threads].sort((a, b) => a.files.size - b.files.size);
  const most = Math.min(MOST_THREADS, Math.max(2, availableParallelism()));
  if (least !== undefined && (least.files.size === 0 || threads.size >= most)) return least;
  const thread = new Thread((ended) => threads.delete(ended));
  threads.add(thread);
  return thread;
}

let lastId = 0;

/** One sum of one file. */
class DigestOfFile {
  readonly id: number;
  readonly #thread = freeThread();
  readonly #result = Promise.withResolvers<string>();
  /** Goes with the first words: most files are so small that these are the only ones. */
  #begin: DigestRequest["begin"];
  #asked = 0;
  #done = 0;
  #ended = false;
  #waiting: { until: number; go: () => void } | null = null;

  constructor(path: string, algorithm: string) {
    lastId += 1;
    this.id = lastId;
    this.#result.promise.catch(() => {});
    this.#thread.add(this);
    this.#begin = { path, algorithm };
  }

  reached(size: number): Promise<void> | undefined {
    if (this.#ended) return undefined;
    if (size - this.#asked >= STEP) {
      this.#asked = size;
      this.#ask({ size });
    }
    if (this.#asked - this.#done <= LAG) return undefined;
    return new Promise((go) => {
      this.#waiting = { until: this.#asked - LAG, go };
    });
  }

  finish(size: number): Promise<string> {
    if (!this.#ended) this.#ask({ size, last: "digest" });
    return this.#result.promise;
  }

  drop(): void {
    if (this.#ended) return;
    if (this.#begin === undefined) this.#ask({ size: 0, last: "drop" });
    this.hear({ id: this.id, failed: "nobody wants to know it any more" });
  }

  #ask(words: Pick<DigestRequest, "size" | "last">): void {
    const begin = this.#begin;
    this.#begin = undefined;
    this.#thread.ask({ id: this.id, ...words, ...(begin === undefined ? {} : { begin }) });
  }

  readonly hear = (answer: DigestAnswer): void => {
    if ("done" in answer) this.#done = answer.done;
    else {
      this.#ended = true;
      this.#thread.remove(this);
      if ("digest" in answer) this.#result.resolve(answer.digest);
      else this.#result.reject(new Error(`no sum of a file: ${answer.failed}`));
    }
    if (this.#waiting === null || (!this.#ended && this.#done < this.#waiting.until)) return;
    this.#waiting.go();
    this.#waiting = null;
  };
}

/**
 * Sums of a file, made beside the event loop while it is written: threads read what is there already, out of the system's memory.
 * `finish` or `drop` ends it.
 */
export class FileDigests {
  readonly #digests: readonly (readonly [string, DigestOfFile])[];

  /** `algorithms`: names that sumOf knows. The file is there already, perhaps empty. */
  constructor(path: string, algorithms: readonly string[]) {
    this.#digests = algorithms.map((algorithm) => [algorithm, new DigestOfFile(path, algorithm)]);
  }

  /** So many bytes are written. Resolves when the sums are not too far behind. */
  async reached(size: number): Promise<void> {
    await Promise.all(this.#digests.map(([, digest]) => digest.reached(size)));
  }

  /** The sums of the first `size` bytes in hexadecimal digits, by algorithm. Errors: the file cannot be read. */
  async finish(size: number): Promise<Record<string, string>> {
    return Object.fromEntries(
      await Promise.all(this.#digests.map(async ([algorithm, digest]) => [algorithm, await digest.finish(size)])),
    ) as Record<string, string>;
  }

  drop(): void {
    for (const [, digest] of this.#digests) digest.drop();
  }
}

/** The sums of a file that is there. `onProgress` may throw to end it. Errors: its, and those of reading. */
export async function digestsOfFile(
  path: string,
  size: number,
  algorithms: readonly string[],
  onProgress: (bytes: number) => void = () => {},
): Promise<Record<string, string>> {
  const digests = new FileDigests(path, algorithms);
  try {
    for (let at = 0; at < size; ) {
      at = Math.min(size, at + STEP);
      await digests.reached(at);
      onProgress(at);
    }
    return await digests.finish(size);
  } catch (error) {
    digests.drop();
    throw error;
  }
}
