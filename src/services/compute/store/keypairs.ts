import type { Database } from "../../../kernel/db/database.ts";

export interface Keypair {
  number: number;
  user_id: string;
  name: string;
  type: string;
  public_key: string;
  fingerprint: string;
  created_at: number;
}

/** All the SQL about key pairs; they belong to users, not projects. */
export class KeypairStore {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
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

  list(userId: string): Keypair[] {
    return this.#db
      .prepare<[string], Keypair>("SELECT * FROM compute_keypairs WHERE user_id = ? ORDER BY name")
      .all(userId);
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
