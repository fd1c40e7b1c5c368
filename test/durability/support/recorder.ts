import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Database } from "../../../src/kernel/db/database.ts";
import { ObservedDatabase } from "./observed.ts";

/** The world outside of the process, which a crash leaves as it is. */
export interface Outside {
  /** A deep copy. */
  copy(): unknown;
}

/** All that a process would leave behind if it ended at this moment. */
export interface Moment {
  /** "after commit", "before compute.spawn", … */
  label: string;
  database: Buffer;
  /** Of the data directory, but for the database: path → content. */
  files: ReadonlyMap<string, Buffer>;
  outside: unknown;
}

/**
 * Keeps a copy of database, data directory and outside world at every moment at which a kill could make a difference: before and
 * after each transaction and each effect on the outside. One run of a scenario thus gives all the crashes it could have had.
 */
export class Recorder {
  readonly moments: Moment[] = [];
  recording = false;
  readonly #dataDir: string;
  #outside: Outside | null;
  #database: Database | null = null;
  #effects = 0;
  #last = "";

  constructor(dataDir: string, outside: Outside | null = null) {
    this.#dataDir = dataDir;
    this.#outside = outside;
  }

  /** The outside world to copy, where it was not known at first. */
  surround(outside: Outside): void {
    this.#outside = outside;
  }

  watch(database: Database): void {
    this.#database = database;
  }

  note(label: string): void {
    if (!this.recording || this.#database === null || this.#outside === null) return;
    const database = this.#database;
    const state = `${database.totalChanges} ${this.#effects} ${listing(this.#dataDir)}`;
    if (state === this.#last) return;
    this.#last = state;
    const files = new Map(dataFiles(this.#dataDir).map((path) => [path, readFileSync(path)]));
    this.moments.push({ label, database: database.raw.serialize(), files, outside: this.#outside.copy() });
  }

  /** A driver whose named verbs are moments. */
  around<T extends object>(name: string, driver: T, verbs: ReadonlySet<string>): T {
    return new Proxy(driver, {
      get: (target, property) => {
        const value: unknown = Reflect.get(target, property, target);
        if (typeof value !== "function") return value;
        if (typeof property !== "string" || !verbs.has(property)) return value.bind(target);
        return async (...args: unknown[]) => {
          this.note(`before ${name}.${property}`);
          const result: unknown = await Reflect.apply(value, target, args);
          this.#effects += 1;
          this.note(`after ${name}.${property}`);
          return result;
        };
      },
    });
  }
}

/** A database whose commits are moments. */
export class RecordedDatabase extends ObservedDatabase {
  readonly #recorder: Recorder;

  constructor(path: string, recorder: Recorder) {
    super({ path });
    this.#recorder = recorder;
    recorder.watch(this);
  }

  protected override beforeTransaction(): void {
    this.#recorder.note("before a transaction");
  }

  protected override afterTransaction(): void {
    this.#recorder.note("after a transaction");
  }

  protected override afterStatement(): void {
    this.#recorder.note("after a write");
  }
}

/** Puts back what a moment left in the data directory, at the paths it had. */
export function revive(moment: Moment, directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  for (const [path, content] of moment.files) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  writeFileSync(join(directory, "tenrec.db"), moment.database);
}

function dataFiles(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith("tenrec.db"))
    .map((entry) => join(entry.parentPath, entry.name));
}

function listing(directory: string): string {
  return dataFiles(directory)
    .map((path) => {
      const { size, mtimeMs } = statSync(path);
      return `${path}:${size}:${mtimeMs}`;
    })
    .sort()
    .join("\n");
}
