import type { Database } from "../../../kernel/db/database.ts";
import { condition, type Order, type Range } from "../../../kernel/db/list.ts";
import { Rows } from "../../../kernel/db/rows.ts";

export interface Keypair {
  number: number;
  user_id: string;
  name: string;
  type: string;
  public_key: string;
  fingerprint: string;
  created_at: number;
}

export const BY_NAME: readonly Order[] = [{ expression: "name", descending: false }];

/** All the SQL about key pairs; they belong to users, not projects. */
export class KeypairStore {
  readonly #db: Database;
  readonly #rows: Rows<Keypair>;
  constructor(db: Database) {
    this.#db = db;
    this.#rows = new Rows(db, { select: "SELECT * FROM compute_keypairs", from: "compute_keypairs", id: "number" });
  }

  insert(keypair: Omit<Keypair, "number">): void {
    this.#db
      .prepare(
        `INSERT INTO compute_keypairs (user_id, name, type, public_key, fingerprint, created_at)
         VALUES (@user_id, @name, @type, @public_key, @fingerprint, @created_at)`,
      )
      .run(keypair);
  }

  get(userId: string, name: string): Keypair | undefined {
    return this.#db
      .prepare<[string, string], Keypair>("SELECT * FROM compute_keypairs WHERE user_id = ? AND name = ?")
      .get(userId, name);
  }

  /** By name: all of a user's, or a range. */
  list(userId: string, range: Range | { order: readonly Order[] } = { order: BY_NAME }): Keypair[] {
    return this.#rows.selected({ conditions: [condition("user_id = ?", userId)] }, range);
  }

  count(userId: string): number {
    return this.#db
      .prepare<[string], number>("SELECT count(*) FROM compute_keypairs WHERE user_id = ?")
      .pluck()
      .get(userId) as number;
  }

  delete(userId: string, name: string): boolean {
    return (
      this.#db.prepare("DELETE FROM compute_keypairs WHERE user_id = ? AND name = ?").run(userId, name).changes > 0
    );
  }
}
