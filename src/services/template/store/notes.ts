import type { Database } from "../../../kernel/db/database.ts";
import type { NoteStatus } from "../states.ts";

export interface NoteRow {
  id: string;
  project_id: string;
  name: string;
  status: NoteStatus;
  created_at: number;
}

/** All the SQL about notes. */
export class NoteStore {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  insert(note: NoteRow): void {
    this.#db
      .prepare(
        "INSERT INTO template_notes (id, project_id, name, status, created_at) VALUES (@id, @project_id, @name, @status, @created_at)",
      )
      .run(note);
  }

  /** `projectId` null finds any project's. */
  get(id: string, projectId: string | null): NoteRow | undefined {
    return this.#db
      .prepare<[string, string | null], NoteRow>(
        "SELECT * FROM template_notes WHERE id = ? AND project_id = ifnull(?, project_id)",
      )
      .get(id, projectId);
  }

  list(projectId: string): NoteRow[] {
    return this.#db
      .prepare<[string], NoteRow>("SELECT * FROM template_notes WHERE project_id = ? ORDER BY created_at, id")
      .all(projectId);
  }

  setStatus(id: string, status: NoteStatus): void {
    this.#db.prepare("UPDATE template_notes SET status = ? WHERE id = ?").run(status, id);
  }

  count(projectId: string): number {
    return this.#db
      .prepare<[string], number>("SELECT count(*) FROM template_notes WHERE project_id = ?")
      .pluck()
      .get(projectId) as number;
  }
}
