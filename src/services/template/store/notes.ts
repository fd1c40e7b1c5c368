import type { Database } from "../../../kernel/db/database.ts";
import type { Migration } from "../../../kernel/db/migrations.ts";
import { Table } from "../../../kernel/db/table.ts";

export interface Note {
  id: string;
  project_id: string;
  name: string;
  status: "BUILD" | "ACTIVE" | "ERROR";
  created_at: number;
}

export const noteTables: Migration = {
  id: "template/0001-notes",
  up: `CREATE TABLE template_notes (id TEXT PRIMARY KEY, project_id TEXT NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL,
    created_at INTEGER NOT NULL) STRICT;
    CREATE INDEX template_notes_project ON template_notes (project_id, created_at);`,
};

export const notesOf = (db: Database) =>
  new Table<Note>(db, "template_notes", ["id", "project_id", "name", "status", "created_at"]);
