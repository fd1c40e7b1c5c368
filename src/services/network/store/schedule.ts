import type { Database } from "../../../kernel/db/database.ts";

/** What an admin decided about an agent and the things it serves: networks of the DHCP agent, routers of the L3 agent. */
export class Schedule {
  readonly #db: Database;
  readonly #table: string;
  readonly #key: string;

  /** @param key the column with the thing's id */
  constructor(db: Database, table: string, key: string) {
    this.#db = db;
    this.#table = table;
    this.#key = key;
  }

  /** Null: nobody decided anything. */
  get(id: string): boolean | null {
    const found = this.#db
      .prepare<[string], number>(`SELECT scheduled FROM ${this.#table} WHERE ${this.#key} = ?`)
      .pluck()
      .get(id);
    return found === undefined ? null : found === 1;
  }

  set(id: string, scheduled: boolean): void {
    this.#db
      .prepare(`INSERT OR REPLACE INTO ${this.#table} (${this.#key}, scheduled) VALUES (?, ?)`)
      .run(id, scheduled ? 1 : 0);
  }
}
