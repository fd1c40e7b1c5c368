import type { Database } from "../../../kernel/db/database.ts";

type Kind = "endpoint" | "endpoint_group";

/** Which endpoints, and which endpoint groups, projects are associated with. */
export class EndpointFilterStore {
  readonly #db: Database;
  readonly #changed: () => void;

  constructor(db: Database, changed: () => void) {
    this.#db = db;
    this.#changed = changed;
  }

  /** False when it was there already. */
  add(kind: Kind, id: string, projectId: string): boolean {
    const { changes } = this.#db
      .prepare(`INSERT OR IGNORE INTO ${TABLES[kind]} (${kind}_id, project_id) VALUES (?, ?)`)
      .run(id, projectId);
    this.#changed();
    return changes > 0;
  }

  /** False when it was not there. */
  remove(kind: Kind, id: string, projectId: string): boolean {
    const { changes } = this.#db
      .prepare(`DELETE FROM ${TABLES[kind]} WHERE ${kind}_id = ? AND project_id = ?`)
      .run(id, projectId);
    this.#changed();
    return changes > 0;
  }

  has(kind: Kind, id: string, projectId: string): boolean {
    return this.ofProject(kind, projectId).includes(id);
  }

  ofProject(kind: Kind, projectId: string): string[] {
    return this.#ids(`SELECT ${kind}_id FROM ${TABLES[kind]} WHERE project_id = ? ORDER BY rowid`, projectId);
  }

  projectsOf(kind: Kind, id: string): string[] {
    return this.#ids(`SELECT project_id FROM ${TABLES[kind]} WHERE ${kind}_id = ? ORDER BY rowid`, id);
  }

  /** Projects with any, whose catalogs are narrower than the others'. */
  projects(): string[] {
    return this.#ids(`SELECT project_id FROM ${TABLES.endpoint} UNION SELECT project_id FROM ${TABLES.endpoint_group}`);
  }

  #ids(sql: string, ...parameters: string[]): string[] {
    return this.#db
      .prepare<string[], string>(sql)
      .pluck()
      .all(...parameters) as string[];
  }
}

const TABLES: Readonly<Record<Kind, string>> = {
  endpoint: "identity_project_endpoints",
  endpoint_group: "identity_project_endpoint_groups",
};
