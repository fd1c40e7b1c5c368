import type { Migration } from "../../../kernel/db/migrations.ts";

/** In the order in which lists are read, within what narrows them: a page is read from where it begins to where it ends. */
export const listIndexes: Migration = {
  id: "network/0008-list-indexes",
  up: `
DROP INDEX network_ports_project;
CREATE INDEX network_ports_project ON network_ports (project_id, id);
CREATE INDEX network_ports_network ON network_ports (network_id, id);
CREATE INDEX network_ports_network_project ON network_ports (network_id, project_id, id);
CREATE INDEX network_ports_name ON network_ports (name, id);
CREATE INDEX network_ports_project_name ON network_ports (project_id, name, id);
CREATE INDEX network_port_ips_subnet ON network_port_ips (subnet_id, port_id);
DROP INDEX network_security_group_rules_project;
CREATE INDEX network_security_group_rules_project ON network_security_group_rules (project_id, id);
DROP INDEX network_security_group_rules_group;
CREATE INDEX network_security_group_rules_group ON network_security_group_rules (security_group_id, id);
CREATE INDEX network_security_group_rules_group_project ON network_security_group_rules (security_group_id, project_id, id);
DROP INDEX network_networks_project;
CREATE INDEX network_networks_project ON network_networks (project_id, id);
DROP INDEX network_subnets_project;
CREATE INDEX network_subnets_project ON network_subnets (project_id, id);
DROP INDEX network_security_groups_project;
CREATE INDEX network_security_groups_project ON network_security_groups (project_id, id);
CREATE INDEX network_security_groups_name ON network_security_groups (name, id);
CREATE INDEX network_security_groups_project_name ON network_security_groups (project_id, name, id);
DROP INDEX network_floatingips_project;
CREATE INDEX network_floatingips_project ON network_floatingips (project_id, id);
DROP INDEX network_routers_project;
CREATE INDEX network_routers_project ON network_routers (project_id, id);
`,
};
