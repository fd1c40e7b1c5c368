import type { Database } from "../../../kernel/db/database.ts";

/** How many of each kind projects have; triggers count (migration 0014). */
export class ProjectUse {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  /** Rows of a table that counts in a quota. */
  of(projectId: string, { name }: { readonly name: string }): number {
    return (this.#db
      .prepare<[string, string], number>("SELECT used FROM network_project_use WHERE project_id = ? AND kind = ?")
      .pluck()
      .get(projectId, name) ?? 0) as number;
  }
}
