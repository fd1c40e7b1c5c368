import type { Migration } from "../../../kernel/db/migrations.ts";

export const stackTables: Migration = {
  id: "orchestration/0001-stacks",
  up: `CREATE TABLE orchestration_templates (
      id TEXT PRIMARY KEY, stack_id TEXT NOT NULL, data TEXT NOT NULL, files TEXT NOT NULL, environment TEXT NOT NULL) STRICT;
    CREATE INDEX orchestration_templates_stack ON orchestration_templates (stack_id);
    CREATE TABLE orchestration_stacks (
      id TEXT PRIMARY KEY, name TEXT NOT NULL, project_id TEXT NOT NULL, owner_id TEXT, root_id TEXT NOT NULL, parent_resource TEXT,
      nested_depth INTEGER NOT NULL, user_id TEXT NOT NULL, username TEXT NOT NULL, roles TEXT NOT NULL, user_project_id TEXT,
      template_id TEXT NOT NULL, previous_template_id TEXT, action TEXT NOT NULL, status TEXT NOT NULL, status_reason TEXT NOT NULL,
      disable_rollback INTEGER NOT NULL, timeout_mins INTEGER, tags TEXT NOT NULL, traversal TEXT NOT NULL, started_at INTEGER NOT NULL,
      created_at INTEGER NOT NULL, updated_at INTEGER, deleted_at INTEGER) STRICT;
    CREATE INDEX orchestration_stacks_project ON orchestration_stacks (project_id, created_at, id);
    CREATE INDEX orchestration_stacks_created ON orchestration_stacks (created_at, id);
    CREATE UNIQUE INDEX orchestration_stacks_name ON orchestration_stacks (project_id, name COLLATE NOCASE) WHERE deleted_at IS NULL;
    CREATE INDEX orchestration_stacks_owner ON orchestration_stacks (owner_id);
    CREATE INDEX orchestration_stacks_root ON orchestration_stacks (root_id);
    CREATE TABLE orchestration_resources (
      id TEXT PRIMARY KEY, stack_id TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL, action TEXT NOT NULL, status TEXT NOT NULL,
      status_reason TEXT NOT NULL, physical_id TEXT, suffix TEXT NOT NULL, properties TEXT NOT NULL, metadata TEXT NOT NULL,
      template_metadata TEXT NOT NULL, data TEXT NOT NULL, requires TEXT NOT NULL, deletion_policy TEXT NOT NULL, replaces TEXT,
      template_id TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER, started_at INTEGER) STRICT;
    CREATE INDEX orchestration_resources_stack ON orchestration_resources (stack_id, name);
    CREATE INDEX orchestration_resources_physical ON orchestration_resources (physical_id);
    CREATE TABLE orchestration_events (
      sequence INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, stack_id TEXT NOT NULL, resource_name TEXT NOT NULL, physical_id TEXT,
      action TEXT NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL, type TEXT NOT NULL, properties TEXT NOT NULL,
      created_at INTEGER NOT NULL) STRICT;
    CREATE INDEX orchestration_events_stack ON orchestration_events (stack_id, sequence);`,
};
