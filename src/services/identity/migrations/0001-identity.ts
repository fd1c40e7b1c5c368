import type { Migration } from "../../../kernel/db/migrations.ts";

/**
 * Domains are projects that act as domains (is_domain = 1), as in keystone since Mitaka; a project's parent_id leads up to
 * its domain. `extra` holds attributes the API takes but does not know, as JSON; `options` keystone's resource options.
 */
export const identityTables: Migration = {
  id: "identity/0001-identity",
  up: `
CREATE TABLE identity_secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE identity_projects (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, domain_id TEXT REFERENCES identity_projects (id), parent_id TEXT REFERENCES identity_projects (id),
  is_domain INTEGER NOT NULL, description TEXT NOT NULL, enabled INTEGER NOT NULL, extra TEXT NOT NULL, options TEXT NOT NULL,
  created_at INTEGER NOT NULL) STRICT;
CREATE UNIQUE INDEX identity_projects_name ON identity_projects (ifnull(domain_id, ''), name);
CREATE INDEX identity_projects_parent ON identity_projects (parent_id);
CREATE TABLE identity_project_tags (
  project_id TEXT NOT NULL REFERENCES identity_projects (id) ON DELETE CASCADE, name TEXT NOT NULL, PRIMARY KEY (project_id, name)) STRICT;
CREATE TABLE identity_users (
  id TEXT PRIMARY KEY, domain_id TEXT NOT NULL REFERENCES identity_projects (id), name TEXT NOT NULL, enabled INTEGER NOT NULL,
  default_project_id TEXT, extra TEXT NOT NULL, options TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT;
CREATE UNIQUE INDEX identity_users_name ON identity_users (domain_id, name);
CREATE TABLE identity_passwords (
  id INTEGER PRIMARY KEY, user_id TEXT NOT NULL REFERENCES identity_users (id) ON DELETE CASCADE, hash TEXT NOT NULL,
  created_at INTEGER NOT NULL, expires_at INTEGER) STRICT;
CREATE INDEX identity_passwords_user ON identity_passwords (user_id);
CREATE TABLE identity_failed_logins (
  user_id TEXT PRIMARY KEY REFERENCES identity_users (id) ON DELETE CASCADE, count INTEGER NOT NULL, last_at INTEGER NOT NULL) STRICT;
CREATE TABLE identity_groups (
  id TEXT PRIMARY KEY, domain_id TEXT NOT NULL REFERENCES identity_projects (id), name TEXT NOT NULL, description TEXT NOT NULL,
  extra TEXT NOT NULL) STRICT;
CREATE UNIQUE INDEX identity_groups_name ON identity_groups (domain_id, name);
CREATE TABLE identity_group_members (
  group_id TEXT NOT NULL REFERENCES identity_groups (id) ON DELETE CASCADE,
  user_id TEXT NOT NULL REFERENCES identity_users (id) ON DELETE CASCADE, PRIMARY KEY (group_id, user_id)) STRICT;
CREATE INDEX identity_group_members_user ON identity_group_members (user_id);
CREATE TABLE identity_roles (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, domain_id TEXT, description TEXT, options TEXT NOT NULL, extra TEXT NOT NULL) STRICT;
CREATE UNIQUE INDEX identity_roles_name ON identity_roles (ifnull(domain_id, ''), name);
CREATE TABLE identity_implied_roles (
  prior_id TEXT NOT NULL REFERENCES identity_roles (id) ON DELETE CASCADE,
  implied_id TEXT NOT NULL REFERENCES identity_roles (id) ON DELETE CASCADE, PRIMARY KEY (prior_id, implied_id)) STRICT;
CREATE TABLE identity_assignments (
  actor_type TEXT NOT NULL, actor_id TEXT NOT NULL, target_type TEXT NOT NULL, target_id TEXT NOT NULL,
  role_id TEXT NOT NULL REFERENCES identity_roles (id) ON DELETE CASCADE, inherited INTEGER NOT NULL,
  PRIMARY KEY (actor_id, target_id, role_id, inherited, actor_type, target_type)) STRICT, WITHOUT ROWID;
CREATE INDEX identity_assignments_target ON identity_assignments (target_id);
CREATE INDEX identity_assignments_role ON identity_assignments (role_id);
CREATE TABLE identity_regions (
  id TEXT PRIMARY KEY, description TEXT NOT NULL, parent_region_id TEXT REFERENCES identity_regions (id), extra TEXT NOT NULL) STRICT;
CREATE TABLE identity_services (
  id TEXT PRIMARY KEY, type TEXT NOT NULL, name TEXT, description TEXT, enabled INTEGER NOT NULL, extra TEXT NOT NULL) STRICT;
CREATE TABLE identity_endpoints (
  id TEXT PRIMARY KEY, service_id TEXT NOT NULL REFERENCES identity_services (id) ON DELETE CASCADE, interface TEXT NOT NULL,
  region_id TEXT REFERENCES identity_regions (id), url TEXT NOT NULL, enabled INTEGER NOT NULL, extra TEXT NOT NULL) STRICT;
CREATE INDEX identity_endpoints_service ON identity_endpoints (service_id);
CREATE TABLE identity_policies (id TEXT PRIMARY KEY, type TEXT NOT NULL, blob TEXT NOT NULL, extra TEXT NOT NULL) STRICT;
CREATE TABLE identity_credentials (
  id TEXT PRIMARY KEY, user_id TEXT NOT NULL, project_id TEXT, type TEXT NOT NULL, blob TEXT NOT NULL, extra TEXT NOT NULL) STRICT;
CREATE INDEX identity_credentials_user ON identity_credentials (user_id);
CREATE TABLE identity_trusts (
  id TEXT PRIMARY KEY, trustor_user_id TEXT NOT NULL, trustee_user_id TEXT NOT NULL, project_id TEXT, impersonation INTEGER NOT NULL,
  roles TEXT NOT NULL, expires_at INTEGER, remaining_uses INTEGER, redelegated_trust_id TEXT, redelegation_count INTEGER NOT NULL,
  deleted_at INTEGER, extra TEXT NOT NULL) STRICT;
CREATE INDEX identity_trusts_trustor ON identity_trusts (trustor_user_id);
CREATE INDEX identity_trusts_trustee ON identity_trusts (trustee_user_id);
CREATE TABLE identity_application_credentials (
  id TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES identity_users (id) ON DELETE CASCADE, project_id TEXT NOT NULL, name TEXT NOT NULL,
  description TEXT, secret_hash TEXT NOT NULL, roles TEXT NOT NULL, unrestricted INTEGER NOT NULL, expires_at INTEGER, expires_text TEXT,
  access_rules TEXT, created_at INTEGER NOT NULL, UNIQUE (user_id, name)) STRICT;
CREATE INDEX identity_application_credentials_project ON identity_application_credentials (project_id);
CREATE TABLE identity_access_rules (
  id TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES identity_users (id) ON DELETE CASCADE, service TEXT NOT NULL, path TEXT NOT NULL,
  method TEXT NOT NULL, UNIQUE (user_id, service, path, method)) STRICT;
CREATE TABLE identity_revocations (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, value TEXT NOT NULL, issued_before INTEGER NOT NULL, revoked_at INTEGER NOT NULL) STRICT;
CREATE INDEX identity_revocations_revoked ON identity_revocations (revoked_at);
CREATE TABLE identity_registered_limits (
  id TEXT PRIMARY KEY, service_id TEXT NOT NULL, region_id TEXT, resource_name TEXT NOT NULL, default_limit INTEGER NOT NULL,
  description TEXT) STRICT;
CREATE UNIQUE INDEX identity_registered_limits_key ON identity_registered_limits (service_id, ifnull(region_id, ''), resource_name);
CREATE TABLE identity_limits (
  id TEXT PRIMARY KEY, project_id TEXT, domain_id TEXT, service_id TEXT NOT NULL, region_id TEXT, resource_name TEXT NOT NULL,
  resource_limit INTEGER NOT NULL, description TEXT) STRICT;
CREATE TABLE identity_project_endpoints (
  endpoint_id TEXT NOT NULL REFERENCES identity_endpoints (id) ON DELETE CASCADE,
  project_id TEXT NOT NULL REFERENCES identity_projects (id) ON DELETE CASCADE, PRIMARY KEY (endpoint_id, project_id)) STRICT;
CREATE TABLE identity_endpoint_groups (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, description TEXT, filters TEXT NOT NULL) STRICT;
CREATE TABLE identity_project_endpoint_groups (
  endpoint_group_id TEXT NOT NULL REFERENCES identity_endpoint_groups (id) ON DELETE CASCADE,
  project_id TEXT NOT NULL REFERENCES identity_projects (id) ON DELETE CASCADE, PRIMARY KEY (endpoint_group_id, project_id)) STRICT;
`,
};
