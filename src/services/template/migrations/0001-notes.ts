import type { Migration } from "../../../kernel/db/migrations.ts";

export const notes: Migration = {
  id: "template/0001-notes",
  up: `CREATE TABLE template_notes (
    id TEXT PRIMARY KEY, project_id TEXT NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT;
    CREATE INDEX template_notes_project ON template_notes (project_id, created_at);`,
};
