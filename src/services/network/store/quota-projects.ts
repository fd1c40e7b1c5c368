import type { Database } from "../../../kernel/db/database.ts";

/** Projects that were given limits of their own. */
export class QuotaProjects {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  all(): string[] {
    return this.#db
      .prepare<[], string>("SELECT project_id FROM network_quota_projects ORDER BY project_id")
      .pluck()
      .all() as string[];
  }

  has(projectId: string): boolean {
    return this.#db.prepare("SELECT 1 FROM network_quota_projects WHERE project_id = ?").get(projectId) !== undefined;
  }

  add(projectId: string): void {
    this.#db.prepare("INSERT OR IGNORE INTO network_quota_projects (project_id) VALUES (?)").run(projectId);
  }

  delete(projectId: string): void {
    this.#db.prepare("DELETE FROM network_quota_projects WHERE project_id = ?").run(projectId);
  }
}
