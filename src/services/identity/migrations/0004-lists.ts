import type { Migration } from "../../../kernel/db/migrations.ts";

/** For pages, which are by id, of a domain or by a name in any of them; and for what goes with a project. */
export const listIndexes: Migration = {
  id: "identity/0004-lists",
  up: `
CREATE INDEX identity_users_by_name ON identity_users (name COLLATE NOCASE);
CREATE INDEX identity_users_by_domain ON identity_users (domain_id, id);
CREATE INDEX identity_users_default_project ON identity_users (default_project_id);
CREATE INDEX identity_groups_by_name ON identity_groups (name COLLATE NOCASE);
CREATE INDEX identity_groups_by_domain ON identity_groups (domain_id, id);
CREATE INDEX identity_projects_by_name ON identity_projects (name COLLATE NOCASE);
CREATE INDEX identity_projects_by_domain ON identity_projects (is_domain, domain_id, id);
CREATE INDEX identity_projects_by_kind ON identity_projects (is_domain, id);
CREATE INDEX identity_project_tags_name ON identity_project_tags (name, project_id);
CREATE INDEX identity_credentials_project ON identity_credentials (project_id);
CREATE INDEX identity_trusts_project ON identity_trusts (project_id);
CREATE INDEX identity_limits_project ON identity_limits (project_id);
`,
};
