import type { SecurityGroupDetails } from "../manager/security-groups.ts";
import type { Body } from "../schemas/attribute.ts";
import type { AddressGroupRow, SecurityGroupRow, SecurityGroupRuleRow } from "../store/rows.ts";
import { normalized } from "../values/prefix.ts";
import { tracked } from "./tracked.ts";

export function groupView(row: SecurityGroupRow, { rules, shared }: SecurityGroupDetails): Body {
  return {
    id: row.id,
    name: row.name,
    stateful: row.stateful,
    tenant_id: row.project_id,
    description: row.description,
    shared: shared.has(row.id),
    // Rules have no tags of their own, but neutron shows the list here.
    security_group_rules: (rules.get(row.id) ?? []).map((rule) => ({ ...ruleView(rule), tags: [] })),
    ...tracked(row),
  };
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
