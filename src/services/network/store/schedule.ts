import type { Database } from "../../../kernel/db/database.ts";

interface ScheduleRules {
  readonly table: string;
  /** Its column with the thing's id. */
  readonly key: string;
  /** The table of the things. */
  readonly of: string;
  /** Which of them are served unless anybody decides otherwise. */
  readonly unless: string;
}

/** What an admin decided about an agent and the things it serves: networks of the DHCP agent, routers of the L3 agent. */
export class Schedule {
  readonly #db: Database;
  readonly #rules: ScheduleRules;

  constructor(db: Database, rules: ScheduleRules) {
    this.#db = db;
    this.#rules = rules;
  }

  /** Whether the agent serves it: as was decided, or as things like it are served otherwise. */
  serves(id: string): boolean {
    return this.#db.prepare<[string], unknown>(`${this.#servedSql()} AND id = ?`).get(id) !== undefined;
  }

  /** Ids of all that it serves. */
  served(): string[] {
    return this.#db.prepare<[], string>(this.#servedSql()).pluck().all() as string[];
  }

  #servedSql(): string {
    const { table, key, of, unless } = this.#rules;
    return `SELECT id FROM ${of} WHERE ifnull((SELECT scheduled FROM ${table} WHERE ${key} = ${of}.id), ${unless})`;
  }

  /** Null: nobody decided anything. */
  get(id: string): boolean | null {
    const found = this.#db
      .prepare<[string], number>(`SELECT scheduled FROM ${this.#rules.table} WHERE ${this.#rules.key} = ?`)
      .pluck()
      .get(id);
    return found === undefined ? null : found === 1;
  }

  set(id: string, scheduled: boolean): void {
    this.#db
      .prepare(`INSERT OR REPLACE INTO ${this.#rules.table} (${this.#rules.key}, scheduled) VALUES (?, ?)`)
      .run(id, scheduled ? 1 : 0);
  }
}
