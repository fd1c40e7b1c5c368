import type { Database } from "../../../kernel/db/database.ts";
import type { PasswordRow } from "./rows.ts";

export interface FailedLogins {
  count: number;
  last_at: number;
}

/** Password hashes with their history, and failed attempts. */
export class PasswordStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  current(userId: string): PasswordRow | undefined {
    return this.#db
      .prepare<[string], PasswordRow>("SELECT * FROM identity_passwords WHERE user_id = ? ORDER BY id DESC LIMIT 1")
      .get(userId);
  }

  /** Newest first. */
  history(userId: string, limit: number): PasswordRow[] {
    return this.#db
      .prepare<[string, number], PasswordRow>(
        "SELECT * FROM identity_passwords WHERE user_id = ? ORDER BY id DESC LIMIT ?",
      )
      .all(userId, limit);
  }

  add(userId: string, hash: string, now: number, keep: number): void {
    this.#db
      .prepare("INSERT INTO identity_passwords (user_id, hash, created_at) VALUES (?, ?, ?)")
      .run(userId, hash, now);
    this.#db
      .prepare(
        `DELETE FROM identity_passwords WHERE user_id = ? AND id NOT IN
         (SELECT id FROM identity_passwords WHERE user_id = ? ORDER BY id DESC LIMIT ?)`,
      )
      .run(userId, userId, Math.max(1, keep));
  }

  clear(userId: string): void {
    this.#db.prepare("DELETE FROM identity_passwords WHERE user_id = ?").run(userId);
  }

  failures(userId: string): FailedLogins {
    const sql = "SELECT count, last_at FROM identity_failed_logins WHERE user_id = ?";
    return this.#db.prepare<[string], FailedLogins>(sql).get(userId) ?? { count: 0, last_at: 0 };
  }

  recordFailure(userId: string, now: number): void {
    this.#db
      .prepare(
        `INSERT INTO identity_failed_logins (user_id, count, last_at) VALUES (?, 1, ?)
         ON CONFLICT (user_id) DO UPDATE SET count = count + 1, last_at = excluded.last_at`,
      )
      .run(userId, now);
  }

  clearFailures(userId: string): void {
    this.#db.prepare("DELETE FROM identity_failed_logins WHERE user_id = ?").run(userId);
  }
}
