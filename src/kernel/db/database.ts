import { chmodSync, closeSync, existsSync, openSync } from "node:fs";
import BetterSqlite3 from "better-sqlite3";
import { addonFile, packagedAddon } from "../program/addon.ts";
import { Checkpointer, LONGEST, type Log } from "./checkpointer.ts";
import { type Body, Together } from "./together.ts";
import { type Fdatasync, WalSync } from "./wal-sync.ts";

export type Statement<Params extends unknown[] | object = unknown[], Row = unknown> = BetterSqlite3.Statement<
  Params extends unknown[] ? Params : [Params],
  Row
>;

export interface DatabaseOptions {
  /** A file, or ":memory:". */
  path: string;
  /** Nobody else may read its files. */
  ownerOnly?: boolean;
  /** The addon itself, in place of the one in node_modules or in the single executable. */
  nativeBinding?: string | object;
  /** In place of the system's, for tests of what waits for it. */
  fdatasync?: Fdatasync;
}

/** Which prepared statements are kept: this many, of at most so many characters. */
const MOST_STATEMENTS = 2_000;
const LONGEST_KEPT = 4_000;

/**
 * The text with the same meaning of which sqlite makes a plan once. Where a bare parameter is compared with a column or limits the rows, sqlite
 * (3.50 on) looks whether its value makes another plan better, and for that plans anew at each call: ten times the cost of most reads. What is
 * behind a unary plus, which changes nothing of a value, it does not look at.
 */
const plannedOnce = (sql: string): string => sql.replaceAll(/(=|\bIS|\bLIMIT) (?=[?@])/g, "$1 +");

/** Made so before anything is in it; sqlite gives its files beside it the same mode. */
function keepPrivate(path: string): void {
  closeSync(openSync(path, "a", 0o600));
  for (const file of [path, `${path}-wal`, `${path}-shm`]) if (existsSync(file)) chmodSync(file, 0o600);
}

/**
 * The one sqlite database of a cloud. Everything is synchronous; a transaction body must not await
 * (the type of `transaction` refuses a promise). Writes that are acknowledged to a client are made durable by
 * `await durable()`: sqlite runs with synchronous=NORMAL, and one fdatasync of the write-ahead log serves all who wait.
 */
export class Database {
  readonly raw: BetterSqlite3.Database;
  readonly #wal: WalSync | null;
  readonly #checkpointer: Checkpointer | null;
  readonly #statements = new Map<string, BetterSqlite3.Statement>();
  readonly #together = new Together((bodies) => this.#runTogether(bodies));
  readonly #forgetting: (() => void)[] = [];
  #depth = 0;
  #othersVersion: number | null = null;
  #afterCommit: (() => void)[] = [];

  constructor(options: DatabaseOptions) {
    if (options.ownerOnly === true) keepPrivate(options.path);
    const nativeBinding = (options.nativeBinding ?? packagedAddon("better_sqlite3.node")) as string | undefined;
    this.raw = new BetterSqlite3(options.path, nativeBinding === undefined ? {} : { nativeBinding });
    this.raw.pragma("journal_mode = WAL");
    this.raw.pragma("synchronous = NORMAL");
    this.raw.pragma("foreign_keys = ON");
    this.raw.pragma("busy_timeout = 5000");
    this.raw.pragma("temp_store = MEMORY");
    this.raw.pragma("cache_size = -8000");
    // What is deleted or blanked (passwords of finished operations) is overwritten where that costs no further write.
    this.raw.pragma("secure_delete = FAST");
    this.#checkpointer = options.path === ":memory:" ? null : this.#checkpoints(options.path);
    this.#wal =
      options.path === ":memory:"
        ? null
        : new WalSync(options.path, {
            changes: () => this.totalChanges,
            rewrite: () => this.#rewrite(),
            synced: () => this.#checkpointer?.look(),
            fdatasync: options.fdatasync,
          });
  }

  /** Null: sqlite does it as it always does. */
  #checkpoints(database: string): Checkpointer | null {
    const addon = addonFile("better_sqlite3.node");
    if (addon === null) return null;
    this.raw.pragma(`wal_autocheckpoint = ${LONGEST}`);
    // The file of a log that has begun anew keeps its length, so that its blocks need not be found again; not more than that.
    this.raw.pragma(`journal_size_limit = ${LONGEST * 4096}`);
    const look = this.raw.prepare<[], { log: number; checkpointed: number }>("PRAGMA wal_checkpoint(NOOP)");
    const log = (): Log => {
      // A statement that is being read from keeps it from looking.
      const { log: length, checkpointed } = (this.raw.inTransaction ? undefined : look.get()) ?? {
        log: 0,
        checkpointed: 0,
      };
      return { length, behind: length - checkpointed };
    };
    return new Checkpointer({ database, addon, log, checkpoint: () => this.raw.pragma("wal_checkpoint(PASSIVE)") });
  }

  /** Moves all that the log holds into the database, durably. @throws where others use it just now. */
  #rewrite(): void {
    const [outcome] = this.raw.pragma("wal_checkpoint(TRUNCATE)") as { busy: number }[];
    if (outcome?.busy !== 0) throw new Error("the log of the database is in use");
  }

  /**
   * A prepared statement, cached by its text (the last MOST_STATEMENTS of usual length: clients may vary some without end). Parameters are
   * positional (`?`) or named (`@name` with one object).
   */
  prepare<Params extends unknown[] | object = unknown[], Row = unknown>(sql: string): Statement<Params, Row> {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.raw.prepare(plannedOnce(sql));
      if (sql.length <= LONGEST_KEPT) this.#keep(sql, statement);
    }
    return statement as unknown as Statement<Params, Row>;
  }

  #keep(sql: string, statement: BetterSqlite3.Statement): void {
    const [oldest] = this.#statements.keys();
    if (this.#statements.size >= MOST_STATEMENTS && oldest !== undefined) this.#statements.delete(oldest);
    this.#statements.set(sql, statement);
  }

  exec(sql: string): void {
    this.raw.exec(sql);
  }

  /** All or nothing; nests (an inner one is a savepoint). The body must not await. */
  transaction<T>(body: () => T extends Promise<unknown> ? never : T): T {
    const outermost = this.#depth === 0;
    const queued = this.#afterCommit.length;
    this.#depth += 1;
    let result: T;
    try {
      result = this.raw.transaction(body).immediate() as T;
    } catch (error) {
      this.#afterCommit.length = queued;
      throw error;
    } finally {
      this.#depth -= 1;
    }
    if (outermost) this.#runAfterCommit();
    return result;
  }

  /**
   * The same in one transaction with what others ask for in this turn of the loop, who share what a commit costs: for small changes of which
   * many come at once. Each fails alone, but for an error of the disk. Resolves when it has committed.
   */
  together<T>(body: () => T extends Promise<unknown> ? never : T): Promise<T> {
    return this.#together.add(() => this.transaction(body));
  }

  #runTogether(bodies: readonly Body[]): void {
    const [only] = bodies;
    // By itself it needs no transaction around its own.
    if (bodies.length === 1) only?.();
    else
      this.transaction(() => {
        for (const body of bodies) {
          const failed = body();
          // Where the disk is full, sqlite has taken everything back, not this one alone.
          if (failed !== null && !this.raw.inTransaction) throw failed.error;
        }
      });
  }

  /** Calls `forget` when nothing has happened for a while: whatever it lets go of can be read again. */
  atRest(forget: () => void): void {
    this.#forgetting.push(forget);
  }

  /** Lets go of what is kept of rows, sqlite's pages among it. */
  rest(): void {
    if (!this.raw.open) return;
    for (const forget of this.#forgetting) forget();
    this.raw.pragma("shrink_memory");
  }

  get inTransaction(): boolean {
    return this.#depth > 0;
  }

  /** Runs `callback` once the outermost transaction has committed (at once outside of one); never after a rollback. */
  afterCommit(callback: () => void): void {
    if (this.#depth === 0) callback();
    else this.#afterCommit.push(callback);
  }

  #runAfterCommit(): void {
    const callbacks = this.#afterCommit;
    this.#afterCommit = [];
    const failures: unknown[] = [];
    for (const callback of callbacks) {
      // One that fails does not keep the others (events, operations) from starting.
      try {
        callback();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  /** Rows ever changed by this connection: two equal readings mean that nothing was written between them. */
  get totalChanges(): number {
    return this.prepare<[], number>("SELECT total_changes()").pluck().get() as number;
  }

  /** Moves when another connection has written. It is looked at once in a piece of work that waits for nothing. */
  get othersVersion(): number {
    if (this.#othersVersion === null) {
      this.#othersVersion = this.prepare<[], number>("PRAGMA data_version").pluck().get() as number;
      queueMicrotask(this.#lookAgain);
    }
    return this.#othersVersion;
  }

  readonly #lookAgain = () => {
    this.#othersVersion = null;
  };

  /** Resolves when all that is committed by now would survive a power cut. Costs nothing when nothing was written. */
  async durable(): Promise<void> {
    if (this.#wal !== null) await this.#wal.durable();
  }

  close(): void {
    this.#statements.clear();
    this.#checkpointer?.close();
    this.raw.close();
    this.#wal?.close();
  }
}
