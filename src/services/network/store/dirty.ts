import type { Database } from "../../../kernel/db/database.ts";

/**
 * "network" with all that is in it; "lease" of one port, whose id is that of the network and of the port ("NETWORK PORT"). "firewall": all
 * rules, with no id; "port" and "group": those of one port, and of a security or address group.
 */
export type DirtyKind = "network" | "lease" | "router" | "firewall" | "port" | "group";

export interface DirtyRow {
  kind: DirtyKind;
  id: string;
  generation: number;
}

/** What has changed in the database and not yet on the host. Survives a crash, so that nothing is forgotten. */
export class DirtyStore {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  mark(kind: DirtyRow["kind"], id: string): void {
    this.#db
      .prepare(
        `INSERT INTO network_dirty (kind, id, generation) VALUES (?, ?, 1)
         ON CONFLICT (kind, id) DO UPDATE SET generation = generation + 1`,
      )
      .run(kind, id);
  }

  all(): DirtyRow[] {
    return this.#db.prepare<[], DirtyRow>("SELECT kind, id, generation FROM network_dirty ORDER BY kind, id").all();
  }

  has({ kind, id }: Pick<DirtyRow, "kind" | "id">): boolean {
    return this.#db.prepare("SELECT 1 FROM network_dirty WHERE kind = ? AND id = ?").get(kind, id) !== undefined;
  }

  /** Only if it has not been marked again since it was read. */
  clear(row: DirtyRow): void {
    this.#db
      .prepare("DELETE FROM network_dirty WHERE kind = ? AND id = ? AND generation = ?")
      .run(row.kind, row.id, row.generation);
  }
}
