import type { WatchedTable } from "../../../kernel/events/changes.ts";

const own = (kind: string, table: string): WatchedTable => ({ kind, table, id: "row.id", project: "row.project_id" });

/** Whether all projects may use a thing, or see it as a way out. */
const shared = (id: string): string =>
  `EXISTS (SELECT 1 FROM network_rbac_policies WHERE object_id = ${id} AND target_project = '*')`;

export const watched: readonly WatchedTable[] = [
  { ...own("network.network", "network_networks"), public: shared("row.id") },
  { ...own("network.subnet", "network_subnets"), public: shared("row.network_id") },
  own("network.port", "network_ports"),
  {
    kind: "network.port",
    table: "network_port_ips",
    id: "row.port_id",
    project: "(SELECT project_id FROM network_ports WHERE id = row.port_id)",
  },
  own("network.router", "network_routers"),
  own("network.floating-ip", "network_floatingips"),
  {
    kind: "network.floating-ip",
    table: "network_port_forwardings",
    id: "row.floatingip_id",
    project: "row.project_id",
  },
  own("network.security-group", "network_security_groups"),
  {
    kind: "network.security-group",
    table: "network_security_group_rules",
    id: "row.security_group_id",
    project: "row.project_id",
  },
  {
    kind: "network.rbac-policy",
    table: "network_rbac_policies",
    id: "row.id",
    project: "row.project_id",
  },
];
