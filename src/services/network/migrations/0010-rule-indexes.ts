import type { Migration } from "../../../kernel/db/migrations.ts";

/** A network's DHCP port among its thousands, and the rule that says the same among a group's. */
export const ruleIndexes: Migration = {
  id: "network/0010-rule-indexes",
  up: `
CREATE INDEX network_ports_dhcp ON network_ports (network_id) WHERE device_owner = 'network:dhcp';
CREATE INDEX network_security_group_rules_meaning ON network_security_group_rules (security_group_id, port_range_min, port_range_max);
`,
};
