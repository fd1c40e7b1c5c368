import type { Migration } from "../../../kernel/db/migrations.ts";

/** Tables whose rows count in a quota. */
export const COUNTED = [
  "network_networks",
  "network_subnets",
  "network_subnetpools",
  "network_ports",
  "network_routers",
  "network_floatingips",
  "network_rbac_policies",
  "network_security_groups",
  "network_security_group_rules",
] as const;

const counted = (table: string): string => `
INSERT INTO network_project_use SELECT project_id, '${table}', count(*) FROM ${table} GROUP BY project_id;
CREATE TRIGGER ${table}_counted AFTER INSERT ON ${table} BEGIN
  INSERT INTO network_project_use VALUES (NEW.project_id, '${table}', 1)
    ON CONFLICT (project_id, kind) DO UPDATE SET used = used + 1;
END;
CREATE TRIGGER ${table}_counted_less AFTER DELETE ON ${table} BEGIN
  UPDATE network_project_use SET used = used - 1 WHERE project_id = OLD.project_id AND kind = '${table}';
END;
CREATE TRIGGER ${table}_counted_other AFTER UPDATE OF project_id ON ${table} WHEN NEW.project_id <> OLD.project_id BEGIN
  UPDATE network_project_use SET used = used - 1 WHERE project_id = OLD.project_id AND kind = '${table}';
  INSERT INTO network_project_use VALUES (NEW.project_id, '${table}', 1)
    ON CONFLICT (project_id, kind) DO UPDATE SET used = used + 1;
END;
`;

/** What projects have, and how many addresses of a subnet are taken: counted as it changes, so that it costs the same whatever there is. */
export const countedUse: Migration = {
  id: "network/0014-counted-use",
  up: `
CREATE TABLE network_project_use (project_id TEXT NOT NULL, kind TEXT NOT NULL, used INTEGER NOT NULL,
  PRIMARY KEY (project_id, kind)) STRICT, WITHOUT ROWID;
${COUNTED.map(counted).join("")}
CREATE TABLE network_subnet_use (subnet_id TEXT PRIMARY KEY REFERENCES network_subnets (id) ON DELETE CASCADE, used INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO network_subnet_use SELECT subnet_id, count(*) FROM network_port_ips GROUP BY subnet_id;
CREATE TRIGGER network_subnet_used AFTER INSERT ON network_port_ips BEGIN
  INSERT INTO network_subnet_use VALUES (NEW.subnet_id, 1) ON CONFLICT (subnet_id) DO UPDATE SET used = used + 1;
END;
CREATE TRIGGER network_subnet_used_less AFTER DELETE ON network_port_ips BEGIN
  UPDATE network_subnet_use SET used = used - 1 WHERE subnet_id = OLD.subnet_id;
END;
`,
};
