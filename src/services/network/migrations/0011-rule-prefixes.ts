import type { Migration } from "../../../kernel/db/migrations.ts";

/** Rules of a group that differ in whom they are for only, of which there may be thousands, are told apart by the index. */
export const rulePrefixes: Migration = {
  id: "network/0011-rule-prefixes",
  up: `
DROP INDEX network_security_group_rules_meaning;
CREATE INDEX network_security_group_rules_meaning ON network_security_group_rules
  (security_group_id, port_range_min, port_range_max, remote_ip_prefix, remote_group_id);
`,
};
