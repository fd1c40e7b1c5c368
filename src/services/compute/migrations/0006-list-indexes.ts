import type { Migration } from "../../../kernel/db/migrations.ts";

/** For pages of migrations, of a server's actions and of server groups, and for their markers. */
export const listIndexes: Migration = {
  id: "compute/0006-list-indexes",
  up: `
  CREATE INDEX compute_migrations_project ON compute_migrations (project_id);
  CREATE INDEX compute_migrations_uuid ON compute_migrations (uuid);
  CREATE INDEX compute_actions_request ON compute_actions (server_id, request_id);
  CREATE INDEX compute_server_groups_made ON compute_server_groups (created_at, id);
  CREATE INDEX compute_server_groups_project ON compute_server_groups (project_id, created_at, id);`,
};
