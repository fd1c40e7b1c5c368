import type { Database } from "../../../kernel/db/database.ts";
import { Table } from "../../../kernel/db/table.ts";
import type { NoteStatus } from "../states.ts";

export interface NoteRow {
  id: string;
  project_id: string;
  name: string;
  status: NoteStatus;
  created_at: number;
}

/** All the SQL about notes. */
export class NoteStore extends Table<NoteRow> {
  constructor(db: Database) {
    super(db, "template_notes", ["id", "project_id", "name", "status", "created_at"]);
  }

  ofProject(projectId: string): NoteRow[] {
    return this.list({ project_id: projectId }, "created_at, id");
  }

  inProject(projectId: string): number {
    return this.count("project_id = ?", projectId);
  }
}
