import type { Database } from "./database.ts";

/** How many answers are kept: clients that poll ask for a few pages, again and again. */
const KEPT = 8;

/** What was read last, by question, until something is written: by this program, which says so, or by another one. */
export class UntilWritten<T> {
  readonly #db: Database;
  readonly #answers = new Map<string, T>();
  #version: unknown = null;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Before every write. */
  forget(): void {
    this.#answers.clear();
  }

  get(question: string, read: () => T): T {
    // What a transaction has written may yet be rolled back.
    if (this.#db.inTransaction) return read();
    const version = this.#db.othersVersion;
    if (version !== this.#version) this.forget();
    this.#version = version;
    let answer = this.#answers.get(question);
    if (answer === undefined) {
      answer = read();
      if (this.#answers.size >= KEPT) this.#answers.delete(this.#answers.keys().next().value ?? "");
      this.#answers.set(question, answer);
    }
    return answer;
  }
}
