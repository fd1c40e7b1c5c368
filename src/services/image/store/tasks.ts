import type { Database } from "../../../kernel/db/database.ts";

export type TaskStatus = "pending" | "processing" | "success" | "failure";

export interface TaskRow {
  id: string;
  image_id: string | null;
  /** "api_image_import"; "import" of POST /v2/tasks */
  type: string;
  status: TaskStatus;
  owner: string | null;
  user_id: string;
  request_id: string;
  /** JSON */
  input: string;
  result: string | null;
  message: string;
  expires_at: number | null;
  created_at: number;
  updated_at: number;
}

/** All the SQL about tasks: what an import did, as the API tells it. */
export class TaskStore {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  insert(task: TaskRow): void {
    this.#db
      .prepare(
        `INSERT INTO image_tasks (id, image_id, type, status, owner, user_id, request_id, input, result, message, expires_at, created_at, updated_at)
         VALUES (@id, @image_id, @type, @status, @owner, @user_id, @request_id, @input, @result, @message, @expires_at, @created_at, @updated_at)`,
      )
      .run(task);
  }

  update(id: string, changes: Pick<TaskRow, "status" | "message" | "result" | "expires_at" | "updated_at">): void {
    this.#db
      .prepare(
        "UPDATE image_tasks SET status = @status, message = @message, result = @result, expires_at = @expires_at, updated_at = @updated_at WHERE id = @id",
      )
      .run({ ...changes, id });
  }

  get(id: string): TaskRow | undefined {
    return this.#db.prepare<[string], TaskRow>("SELECT * FROM image_tasks WHERE id = ?").get(id);
  }

  ofImage(imageId: string): TaskRow[] {
    return this.#db
      .prepare<[string], TaskRow>("SELECT * FROM image_tasks WHERE image_id = ? ORDER BY created_at DESC, id DESC")
      .all(imageId);
  }

  unfinished(): TaskRow[] {
    return this.#db.prepare<[], TaskRow>("SELECT * FROM image_tasks WHERE status IN ('pending', 'processing')").all();
  }

  all(): TaskRow[] {
    return this.#db.prepare<[], TaskRow>("SELECT * FROM image_tasks").all();
  }
}
