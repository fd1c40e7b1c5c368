import type { Database } from "../../../kernel/db/database.ts";
import { assignments, type ListQuery, select } from "./query.ts";

export interface TypeRow {
  id: string;
  name: string;
  description: string | null;
  is_public: 0 | 1;
  /** JSON object of strings. */
  extra_specs: string;
  created_at: number;
  updated_at: number | null;
}

const TYPE = "SELECT t.* FROM block_storage_types t";

/** Filter or sort key of the API → SQL expression. */
export const TYPE_COLUMNS: Readonly<Record<string, string>> = {
  id: "t.id",
  name: "t.name",
  description: "t.description",
  is_public: "t.is_public",
  created_at: "t.created_at",
  updated_at: "t.updated_at",
};

/** All the SQL about volume types, who may use private ones, and projects' defaults. */
export class TypeStore {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  insert(type: TypeRow): void {
    this.#db
      .prepare(
        `INSERT INTO block_storage_types (id, name, description, is_public, extra_specs, created_at, updated_at)
         VALUES (@id, @name, @description, @is_public, @extra_specs, @created_at, @updated_at)`,
      )
      .run(type);
  }

  get(id: string): TypeRow | undefined {
    return this.#db.prepare<[string], TypeRow>("SELECT * FROM block_storage_types WHERE id = ?").get(id);
  }

  byName(name: string): TypeRow | undefined {
    return this.#db.prepare<[string], TypeRow>("SELECT * FROM block_storage_types WHERE name = ?").get(name);
  }

  /** Newest first. */
  all(): TypeRow[] {
    return this.#db
      .prepare<[], TypeRow>("SELECT * FROM block_storage_types ORDER BY created_at DESC, rowid DESC")
      .all();
  }

  list(query: ListQuery): TypeRow[] {
    const { sql, params } = select(TYPE, query, "t.id");
    return this.#db.prepare<unknown[], TypeRow>(sql).all(...params);
  }

  update(id: string, changes: Partial<Omit<TypeRow, "id">>): void {
    this.#db.prepare(`UPDATE block_storage_types SET ${assignments(changes)} WHERE id = @id`).run({ ...changes, id });
  }

  delete(id: string): void {
    this.#db.prepare("DELETE FROM block_storage_types WHERE id = ?").run(id);
  }

  /** Projects with access to a private type. */
  projectsOf(typeId: string): string[] {
    return this.#db
      .prepare<[string], string>(
        "SELECT project_id FROM block_storage_type_access WHERE type_id = ? ORDER BY project_id",
      )
      .pluck()
      .all(typeId) as string[];
  }

  /** Private types that a project may use. */
  accessibleTo(projectId: string): Set<string> {
    return new Set(
      this.#db
        .prepare<[string], string>("SELECT type_id FROM block_storage_type_access WHERE project_id = ?")
        .pluck()
        .all(projectId) as string[],
    );
  }

  /** False when it had it already. */
  grant(typeId: string, projectId: string): boolean {
    const { changes } = this.#db
      .prepare("INSERT OR IGNORE INTO block_storage_type_access (type_id, project_id) VALUES (?, ?)")
      .run(typeId, projectId);
    return changes > 0;
  }

  /** False when it had none. */
  revoke(typeId: string, projectId: string): boolean {
    const { changes } = this.#db
      .prepare("DELETE FROM block_storage_type_access WHERE type_id = ? AND project_id = ?")
      .run(typeId, projectId);
    return changes > 0;
  }

  defaults(): { project_id: string; type_id: string }[] {
    return this.#db
      .prepare<[], { project_id: string; type_id: string }>(
        "SELECT * FROM block_storage_default_types ORDER BY project_id",
      )
      .all();
  }

  defaultOf(projectId: string): string | undefined {
    return this.#db
      .prepare<[string], string>("SELECT type_id FROM block_storage_default_types WHERE project_id = ?")
      .pluck()
      .get(projectId) as string | undefined;
  }

  setDefault(projectId: string, typeId: string): void {
    this.#db
      .prepare("INSERT OR REPLACE INTO block_storage_default_types (project_id, type_id) VALUES (?, ?)")
      .run(projectId, typeId);
  }

  unsetDefault(projectId: string): void {
    this.#db.prepare("DELETE FROM block_storage_default_types WHERE project_id = ?").run(projectId);
  }
}
