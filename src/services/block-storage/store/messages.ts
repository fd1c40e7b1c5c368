import type { Database } from "../../../kernel/db/database.ts";
import { Table } from "../../../kernel/db/table.ts";
import { type ListColumns, orNull } from "./columns.ts";

export interface MessageRow {
  id: string;
  project_id: string;
  request_id: string;
  resource_type: string;
  resource_uuid: string | null;
  /** "VOLUME_VOLUME_001_003" */
  event_id: string;
  action_id: string;
  detail_id: string;
  message_level: string;
  created_at: number;
  expires_at: number;
}

/** Filter or sort key of the API → SQL expression. */
export const MESSAGE_COLUMNS: ListColumns = {
  id: "id",
  project_id: "project_id",
  request_id: "request_id",
  resource_type: "resource_type",
  resource_uuid: orNull("resource_uuid"),
  event_id: "event_id",
  action_id: "action_id",
  detail_id: "detail_id",
  message_level: "message_level",
  created_at: "created_at",
  expires_at: "expires_at",
};

/** All the SQL about messages to users. */
export class MessageStore extends Table<MessageRow> {
  constructor(db: Database) {
    super(db, "block_storage_messages", Object.keys(MESSAGE_COLUMNS) as (keyof MessageRow)[]);
  }

  deleteExpired(now: number): void {
    this.db.prepare("DELETE FROM block_storage_messages WHERE expires_at < ?").run(now);
  }
}
