import type { Migration } from "../../../kernel/db/migrations.ts";

/** Flavors of routers, and the profiles that say what they mean. */
export const flavors: Migration = {
  id: "network/0007-flavors",
  up: `
CREATE TABLE network_service_profiles (id TEXT PRIMARY KEY, description TEXT NOT NULL, driver TEXT NOT NULL, metainfo TEXT NOT NULL,
  enabled INTEGER NOT NULL) STRICT;
CREATE TABLE network_flavors (id TEXT PRIMARY KEY, name TEXT NOT NULL, description TEXT NOT NULL, service_type TEXT NOT NULL,
  enabled INTEGER NOT NULL, service_profiles TEXT NOT NULL) STRICT;
ALTER TABLE network_routers ADD COLUMN flavor_id TEXT REFERENCES network_flavors (id);
`,
};
