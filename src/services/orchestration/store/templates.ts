import type { Database } from "../../../kernel/db/database.ts";
import { Table } from "../../../kernel/db/table.ts";

/** A template with its files and its environment, as a stack was given it. */
export interface TemplateRow {
  id: string;
  stack_id: string;
  data: Record<string, unknown>;
  files: Record<string, unknown>;
  /** An Environment (language/environment.ts). */
  environment: Record<string, unknown>;
}

export class TemplateTable extends Table<TemplateRow> {
  constructor(db: Database) {
    const columns = { id: "text", stack_id: "text", data: "json", files: "json", environment: "json" } as const;
    super(db, "orchestration_templates", columns);
  }
}
