import type { Database } from "../../../kernel/db/database.ts";
import { type Condition, condition } from "../../../kernel/db/list.ts";
import { Table } from "../../../kernel/db/table.ts";

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

/** A column as a JSON text would say it: null is "null". */
export const reads = (column: keyof TaskRow, text: string): Condition =>
  condition(`ifnull(CAST(${column} AS TEXT), 'null') = ?`, text);

/** All the SQL about tasks: what an import did, as the API tells it. */
export class TaskStore extends Table<TaskRow> {
  constructor(db: Database) {
    super(db, "image_tasks", [
      "id",
      "image_id",
      "type",
      "status",
      "owner",
      "user_id",
      "request_id",
      "input",
      "result",
      "message",
      "expires_at",
      "created_at",
      "updated_at",
    ]);
  }

  /** Newest first. */
  ofImage(imageId: string): TaskRow[] {
    return this.list({ image_id: imageId }, "created_at DESC, id DESC");
  }

  unfinished(): TaskRow[] {
    return this.select("status IN ('pending', 'processing')");
  }
}
