import type { Migration } from "../../../kernel/db/migrations.ts";

/** For names that are looked for in any case. */
export const nameIndexes: Migration = {
  id: "identity/0003-names",
  up: `
CREATE INDEX identity_projects_any_case ON identity_projects (domain_id, name COLLATE NOCASE);
CREATE INDEX identity_users_any_case ON identity_users (domain_id, name COLLATE NOCASE);
CREATE INDEX identity_groups_any_case ON identity_groups (domain_id, name COLLATE NOCASE);
CREATE INDEX identity_roles_any_case ON identity_roles (domain_id, name COLLATE NOCASE);
`,
};
