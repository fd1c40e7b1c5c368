import type { Database } from "../db/database.ts";
import type { Migration } from "../db/migrations.ts";
import type { Clock } from "../time/clock.ts";

/** Something a person should know about the box; stays until the condition is gone. Shown by status, doctor and the dashboard. */
export interface Warning {
  /** One per condition: "kvm-unavailable", "port-taken:5000". Raising it again only refreshes it. */
  key: string;
  message: string;
  /** What to do about it. */
  hint: string;
  since: number;
}

export const warningMigrations: Migration[] = [
  {
    id: "kernel/0005-warnings",
    up: "CREATE TABLE warnings (key TEXT PRIMARY KEY, message TEXT NOT NULL, hint TEXT NOT NULL, since INTEGER NOT NULL) STRICT;",
  },
  { id: "kernel/0006-warnings-end", up: "ALTER TABLE warnings ADD COLUMN ends_at INTEGER;" },
];

export class Warnings {
  readonly #db: Database;
  readonly #clock: Clock;

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  /** `forMs`: something that has happened and is over; it is told for that long. */
  raise(key: string, message: string, hint: string, options: { forMs?: number } = {}): void {
    const now = this.#clock.now();
    const endsAt = options.forMs === undefined ? null : now + options.forMs;
    this.#db
      .prepare(
        `INSERT INTO warnings (key, message, hint, since, ends_at) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (key) DO UPDATE SET message = excluded.message, hint = excluded.hint, ends_at = excluded.ends_at`,
      )
      .run(key, message, hint, now, endsAt);
  }

  /** The condition is gone. */
  resolve(key: string): void {
    this.#db.prepare("DELETE FROM warnings WHERE key = ?").run(key);
  }

  list(): Warning[] {
    return this.#db
      .prepare<[number], Warning>(
        "SELECT key, message, hint, since FROM warnings WHERE ends_at IS NULL OR ends_at > ? ORDER BY since, key",
      )
      .all(this.#clock.now());
  }
}
