import type { Migration } from "../../../kernel/db/migrations.ts";

/** Networks that an admin gave to the DHCP agent or took away from it; all others go by their subnets. */
export const dhcpSchedule: Migration = {
  id: "network/0002-dhcp-schedule",
  up: `CREATE TABLE network_dhcp_schedule (network_id TEXT PRIMARY KEY REFERENCES network_networks (id) ON DELETE CASCADE,
    scheduled INTEGER NOT NULL) STRICT;`,
};
