import type { Database } from "../../../kernel/db/database.ts";
import { type Condition, condition } from "../../../kernel/db/list.ts";
import { Relation } from "../../../kernel/db/relation.ts";
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
  /** Who may use private ones. */
  readonly access: Relation<{ type_id: string; project_id: string }>;
  /** What projects get where they name none. */
  readonly defaults: Relation<{ project_id: string; type_id: string }>;

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
    this.access = new Relation(db, "block_storage_type_access", ["type_id", "project_id"], { order: "project_id" });
    this.defaults = new Relation(db, "block_storage_default_types", ["project_id", "type_id"], { order: "project_id" });
  }

  byName(name: string): TypeRow | undefined {
    return this.find({ name });
  }

  /** Newest first. */
  all(): TypeRow[] {
    return this.list({}, "created_at DESC, rowid DESC");
  }
}
