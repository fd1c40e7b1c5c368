import type { Database } from "../../../kernel/db/database.ts";

/** Small secrets of the service itself (the key of tokens, fingerprints of seeded passwords). */
export class SecretStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  get(name: string): Buffer | null {
    const sql = "SELECT value FROM identity_secrets WHERE name = ?";
    return (this.#db.prepare<[string], Buffer>(sql).pluck().get(name) as Buffer | undefined) ?? null;
  }

  delete(name: string): void {
    this.#db.prepare("DELETE FROM identity_secrets WHERE name = ?").run(name);
  }

  set(name: string, value: Buffer): void {
    this.#db.prepare("INSERT OR REPLACE INTO identity_secrets (name, value) VALUES (?, ?)").run(name, value);
  }
}
