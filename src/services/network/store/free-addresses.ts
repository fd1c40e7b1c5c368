import type { Database } from "../../../kernel/db/database.ts";

/** A place in the pools of a subnet: which of them, and the address's key (addresses.ts). */
export interface AddressHint {
  pool: number;
  key: string;
}

/** Where free addresses are; what is given back comes by triggers (migration 0009). */
export class FreeAddressStore {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  /** All before it are taken or among those that were given back; undefined when nobody has looked yet. */
  hint(subnetId: string): AddressHint | undefined {
    return this.#db
      .prepare<[string], AddressHint>("SELECT pool, key FROM network_address_hints WHERE subnet_id = ?")
      .get(subnetId);
  }

  setHint(subnetId: string, { pool, key }: AddressHint): void {
    this.#db
      .prepare(
        `INSERT INTO network_address_hints (subnet_id, pool, key) VALUES (?, ?, ?)
         ON CONFLICT (subnet_id) DO UPDATE SET pool = excluded.pool, key = excluded.key`,
      )
      .run(subnetId, pool, key);
  }

  /** The lowest of those between two keys (both included) that were given back. */
  back(subnetId: string, from: string, to: string, limit: number): string[] {
    return this.#db
      .prepare<[string, string, string, number], string>(
        "SELECT key FROM network_addresses_back WHERE subnet_id = ? AND key BETWEEN ? AND ? ORDER BY key LIMIT ?",
      )
      .pluck()
      .all(subnetId, from, to, limit) as string[];
  }
}
