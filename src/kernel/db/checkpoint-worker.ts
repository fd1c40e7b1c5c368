/** What is asked of the worker. */
export type CheckpointRequest = "checkpoint" | "end";

/** A pass is over; `failed` says why nothing, or not all, of the log came into the database. */
export interface CheckpointAnswer {
  failed: string | null;
}

export interface CheckpointWorkerData {
  database: string;
  /** better-sqlite3's addon: the very file that the main thread has loaded. */
  addon: string;
  /** Becomes 1 when the worker has closed its connection. */
  closed: Int32Array;
}

/** What of better-sqlite3's addon is used: the classes below its JavaScript, which is not at hand in the single executable's threads. */
interface Addon {
  initialize(...helpers: unknown[]): void;
  Database: new (
    ...options: unknown[]
  ) => {
    prepare(sql: string, database: object, simple: boolean, unsafe: boolean): { all(): unknown };
    exec(sql: string): void;
    close(): void;
  };
}

/**
 * What a worker thread runs: checkpoints of the log by a connection of its own. It is handed over as text, which works in a checkout and in
 * the single executable alike; so it knows nothing of what stands around it.
 *
 * The addon has to be the same file: then it is the same code in the same memory. Two copies of sqlite in one process would not know of each
 * other's locks, and the closing of a file by one takes away those of the other (https://www.sqlite.org/howtocorrupt.html, 2.2.1).
 */
export function checkpointWorker(): void {
  const { parentPort, workerData } = process.getBuiltinModule("node:worker_threads");
  const { database, addon, closed } = workerData as CheckpointWorkerData;
  const module = { exports: {} };
  process.dlopen(module, addon);
  const { initialize, Database } = module.exports as Addon;
  const asArray = (...values: unknown[]): unknown[] => values;
  const append = (array: unknown[], ...values: unknown[]): void => {
    array.push(...values);
  };
  const asRow = (): typeof asArray => asArray;
  initialize(Error, asArray, append, asRow, (value: unknown) => ({ value, done: false }));
  // Its name twice, no memory, to be written, there already, no patience, no log, no bytes, no descriptors.
  const connection = new Database(database, database, false, false, true, 0, null, null, null, null);
  // As the main thread's: the log is synced before it is copied, the database before the log is used anew.
  connection.exec("PRAGMA synchronous = NORMAL");
  const passive = connection.prepare("PRAGMA wal_checkpoint(PASSIVE)", {}, false, false);
  parentPort?.on("message", (request: CheckpointRequest) => {
    if (request === "end") {
      connection.close();
      Atomics.store(closed, 0, 1);
      Atomics.notify(closed, 0);
      parentPort.close();
      return;
    }
    let failed: string | null = null;
    try {
      passive.all();
    } catch (error) {
      failed = String(error);
    }
    parentPort.postMessage({ failed } satisfies CheckpointAnswer);
  });
}
