import type { WatchedTable } from "../../../kernel/events/changes.ts";

export const watched: readonly WatchedTable[] = [
  { kind: "compute.server", table: "compute_servers", id: "row.id", project: "row.project_id" },
  { kind: "compute.action", table: "compute_actions", id: "row.server_id", project: "row.project_id" },
  { kind: "compute.keypair", table: "compute_keypairs", id: "row.name", user: "row.user_id" },
  { kind: "compute.server-group", table: "compute_server_groups", id: "row.id", project: "row.project_id" },
  { kind: "compute.flavor", table: "compute_flavors", id: "row.id", public: "row.is_public" },
  { kind: "compute.flavor", table: "compute_flavor_access", id: "row.flavor_id", project: "row.project_id" },
  { kind: "compute.aggregate", table: "compute_aggregates", id: "row.number" },
  { kind: "compute.service", table: "compute_services", id: "row.id" },
];
