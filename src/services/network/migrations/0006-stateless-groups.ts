import type { Migration } from "../../../kernel/db/migrations.ts";

/** Groups that follow no connections, routers that are to be highly available, and groups of addresses for rules. */
export const statelessGroups: Migration = {
  id: "network/0006-stateless-groups",
  up: `
ALTER TABLE network_security_groups ADD COLUMN stateful INTEGER NOT NULL DEFAULT 1;
ALTER TABLE network_routers ADD COLUMN ha INTEGER NOT NULL DEFAULT 0;
CREATE TABLE network_address_groups (id TEXT PRIMARY KEY, project_id TEXT NOT NULL, description TEXT NOT NULL DEFAULT '', tags TEXT NOT NULL DEFAULT '[]',
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, revision INTEGER NOT NULL, name TEXT NOT NULL, addresses TEXT NOT NULL) STRICT;
CREATE INDEX network_address_groups_project ON network_address_groups (project_id);
ALTER TABLE network_security_group_rules ADD COLUMN remote_address_group_id TEXT REFERENCES network_address_groups (id);
CREATE INDEX network_security_group_rules_addresses ON network_security_group_rules (remote_address_group_id);
`,
};
