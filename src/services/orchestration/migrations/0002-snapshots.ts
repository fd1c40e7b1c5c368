import type { Migration } from "../../../kernel/db/migrations.ts";

export const snapshotTable: Migration = {
  id: "orchestration/0002-snapshots",
  up: `CREATE TABLE orchestration_snapshots (
      id TEXT PRIMARY KEY, stack_id TEXT NOT NULL, name TEXT, status TEXT NOT NULL, status_reason TEXT, data TEXT, created_at INTEGER NOT NULL) STRICT;
    CREATE INDEX orchestration_snapshots_stack ON orchestration_snapshots (stack_id, created_at);`,
};
