import type { Migration } from "../../../kernel/db/migrations.ts";

/** Containers all of whose objects are to be brought to another one, and how far their names have come into the queue. */
export const syncWalks: Migration = {
  id: "object-store/0003-sync-walks",
  up: "CREATE TABLE object_sync_walks (container INTEGER PRIMARY KEY, after TEXT NOT NULL) STRICT;",
};
