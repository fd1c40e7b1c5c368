import type { Database } from "../../../kernel/db/database.ts";
import { type Condition, condition } from "../../../kernel/db/list.ts";
import { Table } from "../../../kernel/db/table.ts";
import { type ListColumns, orNull } from "./columns.ts";

export interface TypeRow {
  id: string;
  name: string;
  description: string | null;
  is_public: boolean;
  extra_specs: Record<string, string>;
  created_at: number;
  updated_at: number | null;
}

/** Filter or sort key of the API → SQL expression. */
export const TYPE_COLUMNS: ListColumns = {
  id: "id",
  name: "name",
  description: orNull("description"),
  is_public: "is_public",
  created_at: "created_at",
  updated_at: orNull("updated_at"),
};

/** Public types, and the private ones that a project may use. */
export const openTo = (projectId: string): Condition =>
  condition(
    "is_public = 1 OR EXISTS (SELECT 1 FROM block_storage_type_access x WHERE x.type_id = id AND x.project_id = ?)",
    projectId,
  );

/** Types with a text somewhere in an extra spec, which may hold a list in one text. */
export const specHolds = (key: string, text: string): Condition =>
  condition("EXISTS (SELECT 1 FROM json_each(extra_specs) WHERE key = ? AND instr(value, ?) > 0)", key, text);

/** All the SQL about volume types, who may use private ones, and projects' defaults. */
export class TypeStore extends Table<TypeRow> {
  readonly #db: Database;
  constructor(db: Database) {
    super(db, "block_storage_types", {
      id: "text",
      name: "text",
      description: "text",
      is_public: "boolean",
      extra_specs: "json",
      created_at: "integer",
      updated_at: "integer",
    });
    this.#db = db;
  }

  byName(name: string): TypeRow | undefined {
    return this.find({ name });
  }

  /** Newest first. */
  all(): TypeRow[] {
    return this.list({}, "created_at DESC, rowid DESC");
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
