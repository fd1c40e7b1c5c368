import type { Migration } from "../../../kernel/db/migrations.ts";

export const messageTables: Migration = {
  id: "block-storage/0002-messages",
  up: `
    CREATE TABLE block_storage_messages (
      id TEXT PRIMARY KEY, project_id TEXT NOT NULL, request_id TEXT NOT NULL, resource_type TEXT NOT NULL, resource_uuid TEXT,
      event_id TEXT NOT NULL, action_id TEXT NOT NULL, detail_id TEXT NOT NULL, message_level TEXT NOT NULL,
      created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL) STRICT;
    CREATE INDEX block_storage_messages_project ON block_storage_messages (project_id, created_at);
    CREATE INDEX block_storage_messages_expiry ON block_storage_messages (expires_at);
  `,
};
