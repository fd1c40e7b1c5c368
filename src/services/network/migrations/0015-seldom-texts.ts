import type { Migration } from "../../../kernel/db/migrations.ts";

const TABLES = [
  "network_networks",
  "network_subnets",
  "network_subnetpools",
  "network_ports",
  "network_routers",
  "network_floatingips",
  "network_security_groups",
] as const;

/** Tags and descriptions, which few things have, are found without a look at the others. */
export const seldomTexts: Migration = {
  id: "network/0015-seldom-texts",
  up: TABLES.map(
    (table) => `
CREATE INDEX ${table}_tagged ON ${table} (id) WHERE tags <> '[]';
CREATE INDEX ${table}_project_tagged ON ${table} (project_id, id) WHERE tags <> '[]';
CREATE INDEX ${table}_described ON ${table} (description, id) WHERE description <> '';
CREATE INDEX ${table}_project_described ON ${table} (project_id, description, id) WHERE description <> '';
`,
  ).join(""),
};
