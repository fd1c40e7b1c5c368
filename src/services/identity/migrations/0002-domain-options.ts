import type { Migration } from "../../../kernel/db/migrations.ts";

/** Options that a domain sets for its own identity backend; `value` is JSON. Sensitive ones are never shown. */
export const domainOptionTables: Migration = {
  id: "identity/0002-domain-options",
  up: `
CREATE TABLE identity_domain_options (
  domain_id TEXT NOT NULL REFERENCES identity_projects (id) ON DELETE CASCADE, group_name TEXT NOT NULL, name TEXT NOT NULL,
  value TEXT NOT NULL, sensitive INTEGER NOT NULL, PRIMARY KEY (domain_id, group_name, name)) STRICT;
`,
};
