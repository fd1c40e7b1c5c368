import type { Migration } from "../../../kernel/db/migrations.ts";

/** What nova calls migrations: here, resizes only. */
export const serverMigrations: Migration = {
  id: "compute/0002-migrations",
  up: `
  CREATE TABLE compute_migrations (
    id INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT NOT NULL, server_id TEXT NOT NULL, type TEXT NOT NULL, status TEXT NOT NULL,
    host TEXT NOT NULL, old_flavor INTEGER NOT NULL, new_flavor INTEGER NOT NULL, user_id TEXT NOT NULL, project_id TEXT NOT NULL,
    created_at INTEGER NOT NULL, updated_at INTEGER) STRICT;
  CREATE INDEX compute_migrations_server ON compute_migrations (server_id);`,
};
