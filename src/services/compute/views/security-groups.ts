/** A rule as neutron shows it. */
export interface NeutronRule {
  id: string;
  tenant_id: string;
  security_group_id: string;
  direction: "ingress" | "egress";
  ethertype: "IPv4" | "IPv6";
  protocol: string | null;
  port_range_min: number | null;
  port_range_max: number | null;
  remote_ip_prefix: string | null;
  remote_group_id: string | null;
}

export interface NeutronGroup {
  id: string;
  name: string;
  description: string;
  tenant_id: string;
  security_group_rules: readonly NeutronRule[];
}

/** How a rule's source is named; null for one that the caller cannot see. */
type SourceOf = (groupId: string) => NeutronGroup | null;

/** A group as nova's os-security-groups shows it: its ingress rules, without those that let in a group that the caller cannot see. */
export const groupView = (group: NeutronGroup, sourceOf: SourceOf) => ({
  id: group.id,
  description: group.description,
  name: group.name,
  tenant_id: group.tenant_id,
  rules: group.security_group_rules
    .filter(({ direction }) => direction === "ingress")
    .filter(({ remote_group_id }) => remote_group_id === null || sourceOf(remote_group_id) !== null)
    .map((rule) => ruleView(rule, sourceOf)),
});

/** All ports are 1 to 65535 where a protocol has ports, and -1 where it has none. */
export function ruleView(rule: NeutronRule, sourceOf: SourceOf) {
  const { protocol, port_range_min, port_range_max, remote_group_id } = rule;
  const anyPort = protocol !== null && port_range_min === null && port_range_max === null;
  const hasPorts = ["tcp", "udp"].includes(protocol ?? "");
  const source = remote_group_id === null ? null : sourceOf(remote_group_id);
  return {
    id: rule.id,
    parent_group_id: rule.security_group_id,
    ip_protocol: protocol,
    from_port: anyPort ? (hasPorts ? 1 : -1) : port_range_min,
    to_port: anyPort ? (hasPorts ? 65535 : -1) : port_range_max,
    group: source === null ? {} : { name: source.name, tenant_id: source.tenant_id },
    // From anywhere is told so whatever the family.
    ip_range: remote_group_id !== null ? {} : { cidr: rule.remote_ip_prefix ?? "0.0.0.0/0" },
  };
}
