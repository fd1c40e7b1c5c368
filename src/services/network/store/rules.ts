import type { Database } from "../../../kernel/db/database.ts";
import { condition, oneOf } from "../../../kernel/db/list.ts";
import { Table } from "../../../kernel/db/table.ts";
import type { SecurityGroupRuleRow } from "./rows.ts";
import { standard } from "./standard.ts";

/** Prefixes that mean everybody, as none does. */
export const EVERYBODY: readonly string[] = ["0.0.0.0/0", "::/0"];

/** All the SQL about rules of security groups. */
export class RuleStore extends Table<SecurityGroupRuleRow> {
  constructor(db: Database) {
    super(db, "network_security_group_rules", {
      ...standard,
      security_group_id: "text",
      direction: "text",
      ethertype: "text",
      protocol: "text",
      port_range_min: "integer",
      port_range_max: "integer",
      remote_ip_prefix: "text",
      remote_group_id: "text",
      remote_address_group_id: "text",
      described: "boolean",
    });
  }

  /** Of a group's rules, in their order. */
  idsOf(groupId: string): string[] {
    const sql = "SELECT id FROM network_security_group_rules WHERE security_group_id = ? ORDER BY id";
    return this.db.prepare<[string], string>(sql).pluck().all(groupId) as string[];
  }

  /** The same of several groups, a group after the other. */
  idsOfAll(groups: readonly string[]): string[] {
    const sql =
      "SELECT id FROM network_security_group_rules WHERE security_group_id IN (SELECT value FROM json_each(?)) ORDER BY security_group_id, id";
    return this.db.prepare<[string], string>(sql).pluck().all(JSON.stringify(groups)) as string[];
  }

  /** Groups with rules that are about the members of this one. */
  groupsAbout(groupId: string): string[] {
    const sql =
      "SELECT DISTINCT security_group_id FROM network_security_group_rules WHERE remote_group_id = ? ORDER BY 1";
    return this.db.prepare<[string], string>(sql).pluck().all(groupId) as string[];
  }

  /** Rules that say the same in the same group, in the order of ids; `protocols` are the names and numbers of its protocol. */
  alike(rule: SecurityGroupRuleRow, protocols: readonly string[] | null): SecurityGroupRuleRow[] {
    const { remote_ip_prefix: prefix } = rule;
    const same = ["security_group_id", "direction", "ethertype", "port_range_min", "port_range_max"] as const;
    const remotes = ["remote_group_id", "remote_address_group_id"] as const;
    return this.selected({
      conditions: [
        ...[...same, ...remotes].map((column) => condition(`${column} IS ?`, rule[column])),
        protocols === null ? condition("protocol IS NULL") : oneOf("protocol", protocols),
        prefix === null || EVERYBODY.includes(prefix)
          ? condition(
              "remote_ip_prefix IS NULL OR remote_ip_prefix IN (SELECT value FROM json_each(?))",
              JSON.stringify(EVERYBODY),
            )
          : condition("remote_ip_prefix = ?", prefix),
      ],
    });
  }
}
