import type { Database } from "../../../kernel/db/database.ts";
import { Table } from "../../../kernel/db/table.ts";
import { type ListQuery, select } from "./query.ts";

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

const MESSAGE = "SELECT m.* FROM block_storage_messages m";

/** Filter or sort key of the API → SQL expression. */
export const MESSAGE_COLUMNS: Readonly<Record<string, string>> = {
  id: "m.id",
  project_id: "m.project_id",
  request_id: "m.request_id",
  resource_type: "m.resource_type",
  resource_uuid: "m.resource_uuid",
  event_id: "m.event_id",
  action_id: "m.action_id",
  detail_id: "m.detail_id",
  message_level: "m.message_level",
  created_at: "m.created_at",
  expires_at: "m.expires_at",
};

/** All the SQL about messages to users. */
export class MessageStore extends Table<MessageRow> {
  readonly #db: Database;
  constructor(db: Database) {
    super(db, "block_storage_messages", Object.keys(MESSAGE_COLUMNS) as (keyof MessageRow)[]);
    this.#db = db;
  }

  page(query: ListQuery): MessageRow[] {
    const { sql, params } = select(MESSAGE, query, "m.id");
    return this.#db.prepare<unknown[], MessageRow>(sql).all(...params);
  }

  deleteExpired(now: number): void {
    this.#db.prepare("DELETE FROM block_storage_messages WHERE expires_at < ?").run(now);
  }
}
