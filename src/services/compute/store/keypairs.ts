import type { Database } from "../../../kernel/db/database.ts";
import { condition, type Order, type Range } from "../../../kernel/db/list.ts";
import { Relation } from "../../../kernel/db/relation.ts";
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

/** Key pairs; they belong to users, not projects. */
export class KeypairStore extends Relation<Omit<Keypair, "number">, Keypair> {
  readonly #rows: Rows<Keypair>;
  constructor(db: Database) {
    super(db, "compute_keypairs", ["user_id", "name", "type", "public_key", "fingerprint", "created_at"], {
      order: "name",
    });
    this.#rows = new Rows(db, { ...this.source, id: "number" });
  }

  /** A range of a user's, by name. */
  range(userId: string, range: Range): Keypair[] {
    return this.#rows.selected({ conditions: [condition("user_id = ?", userId)] }, range);
  }
}
