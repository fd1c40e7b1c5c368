import type { Migration } from "../../../kernel/db/migrations.ts";

const lent = (table: string): string => `
ALTER TABLE ${table} ADD COLUMN lent_by TEXT;
UPDATE ${table} SET lent_by = (SELECT project_id FROM network_networks WHERE id = network_id)
  WHERE project_id <> (SELECT project_id FROM network_networks WHERE id = network_id);
CREATE INDEX ${table}_lent ON ${table} (lent_by, id) WHERE lent_by IS NOT NULL;
CREATE TRIGGER ${table}_lent AFTER INSERT ON ${table}
  WHEN NEW.project_id <> (SELECT project_id FROM network_networks WHERE id = NEW.network_id) BEGIN
  UPDATE ${table} SET lent_by = (SELECT project_id FROM network_networks WHERE id = NEW.network_id) WHERE id = NEW.id;
END;
`;

/** Whose network a port or subnet of another project is on: few are, and only those have it. */
export const lentBy: Migration = {
  id: "network/0012-lent",
  up: `${lent("network_ports")}${lent("network_subnets")}`,
};
