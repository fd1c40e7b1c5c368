import type { Body } from "../schemas/attribute.ts";
import type { AddressGroupRow, SecurityGroupRow, SecurityGroupRuleRow } from "../store/rows.ts";
import { normalized } from "../values/prefix.ts";
import { tracked } from "./tracked.ts";

/** A group without its rules, which `addRules` adds. */
export function groupView(row: SecurityGroupRow, shared: ReadonlySet<string>): Body {
  return {
    id: row.id,
    name: row.name,
    stateful: row.stateful,
    tenant_id: row.project_id,
    description: row.description,
    shared: shared.has(row.id),
    security_group_rules: [],
    ...tracked(row),
  };
}

/** Adds rules to the groups that they are of. */
export function addRules(groups: readonly Body[], rules: readonly SecurityGroupRuleRow[]): void {
  const byId = new Map(groups.map((group) => [group.id, group.security_group_rules as Body[]]));
  // Rules have no tags of their own, but neutron shows the list here.
  for (const rule of rules) byId.get(rule.security_group_id)?.push({ ...ruleView(rule), tags: [] });
}

export function ruleView(row: SecurityGroupRuleRow): Body {
  const { tags: _tags, ...times } = tracked(row);
  return {
    id: row.id,
    tenant_id: row.project_id,
    security_group_id: row.security_group_id,
    ethertype: row.ethertype,
    direction: row.direction,
    protocol: row.protocol,
    port_range_min: row.port_range_min,
    port_range_max: row.port_range_max,
    remote_ip_prefix: row.remote_ip_prefix,
    remote_address_group_id: row.remote_address_group_id,
    normalized_cidr: normalized(row.remote_ip_prefix),
    remote_group_id: row.remote_group_id,
    description: row.described ? row.description : null,
    ...times,
  };
}

export function addressGroupView(row: AddressGroupRow, shared: ReadonlySet<string>): Body {
  const { tags: _tags, ...times } = tracked(row);
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    tenant_id: row.project_id,
    addresses: row.addresses,
    shared: shared.has(row.id),
    ...times,
  };
}
