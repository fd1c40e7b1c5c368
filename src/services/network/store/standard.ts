import type { Column } from "../../../kernel/db/table.ts";

/** Columns that all things of this API have. */
export const standard = {
  id: "text",
  project_id: "text",
  description: "text",
  tags: "json",
  created_at: "integer",
  updated_at: "integer",
  revision: "integer",
} as const satisfies Record<string, Column>;
