import type { Migration } from "../../../kernel/db/migrations.ts";

/** Names of containers that are synced to others, whose last change has not been brought there yet. */
export const syncQueue: Migration = {
  id: "object-store/0002-sync-queue",
  up: `CREATE TABLE object_sync_queue (container INTEGER NOT NULL, name TEXT NOT NULL, PRIMARY KEY (container, name)) STRICT, WITHOUT ROWID;`,
};
