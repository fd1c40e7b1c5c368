import type { Migration } from "../../../kernel/db/migrations.ts";

const uuid =
  "lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-a' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))";
const shareOf = (type: string, table: string) =>
  `INSERT OR IGNORE INTO network_rbac_policies (id, project_id, object_type, object_id, action, target_project)
   SELECT ${uuid}, project_id, '${type}', id, 'access_as_shared', '*' FROM ${table} WHERE shared = 1;
   ALTER TABLE ${table} DROP COLUMN shared;`;

/**
 * Subnet pools and address scopes are shared by a policy for everybody, like networks, and by nothing else; policies of things that are gone
 * go; rules of all ports have no range.
 */
export const shares: Migration = {
  id: "network/0004-shares",
  up: `
${shareOf("subnetpool", "network_subnetpools")}
${shareOf("address_scope", "network_address_scopes")}
DELETE FROM network_rbac_policies WHERE object_id NOT IN (SELECT id FROM network_networks UNION ALL SELECT id FROM network_subnetpools
  UNION ALL SELECT id FROM network_address_scopes UNION ALL SELECT id FROM network_security_groups);
UPDATE network_security_group_rules SET port_range_min = NULL, port_range_max = NULL WHERE port_range_min = 1 AND port_range_max = 65535;
`,
};
