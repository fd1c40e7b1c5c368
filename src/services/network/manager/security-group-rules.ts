import type { RequestContext } from "../../../kernel/auth/context.ts";
import type { Range } from "../../../kernel/db/list.ts";
import { badRequest, conflict } from "../../../kernel/errors.ts";
import { disallowed, ruleNotFound } from "../errors.ts";
import type { SecurityGroupRow, SecurityGroupRuleRow } from "../store/rows.ts";
import { EVERYBODY } from "../store/rules.ts";
import { inOwn, sharedWith, visible } from "../store/visible.ts";
import { PROTOCOLS } from "../values/protocols.ts";
import type { AddressGroupManager } from "./address-groups.ts";
import {
  type Collection,
  type Core,
  checkQuotas,
  type Described,
  type Filters,
  revise,
  scopeOf,
  seesAll,
  standard,
} from "./core.ts";
import type { SecurityGroupManager } from "./security-groups.ts";

const WITH_PORTS = ["dccp", "sctp", "tcp", "udp", "udplite"];
/** By number as well: a rule that the host's tools refuse would keep all other rules out, too. */
const IPV6_ONLY = new Set(
  ["ipv6-encap", "ipv6-frag", "ipv6-icmp", "icmpv6", "ipv6-nonxt", "ipv6-opts", "ipv6-route"].flatMap((name) => [
    name,
    String(PROTOCOLS[name]),
  ]),
);

/** A group's owner sees its rules whoever made them, and so does whom the group is shared with. */
const WAYS = [inOwn("security_group_id", "network_security_groups"), sharedWith("security_group", "security_group_id")];

const wrong = (type: string, message: string) => badRequest(message, { type });

export interface NewSecurityGroupRule extends Described {
  security_group_id: string;
  direction: "ingress" | "egress";
  ethertype?: "IPv4" | "IPv6";
  protocol?: string | null;
  port_range_min?: number | null;
  port_range_max?: number | null;
  remote_ip_prefix?: string | null;
  remote_group_id?: string | null;
  remote_address_group_id?: string | null;
}

export class SecurityGroupRuleManager implements Collection {
  readonly quota = "security_group_rule";
  readonly #core: Core;
  readonly #groups: SecurityGroupManager;
  readonly #addressGroups: AddressGroupManager;

  constructor(core: Core, groups: SecurityGroupManager, addressGroups: AddressGroupManager) {
    this.#core = core;
    this.#groups = groups;
    this.#addressGroups = addressGroups;
  }

  list(context: RequestContext, filters: Filters = new Map(), range?: Range): SecurityGroupRuleRow[] {
    if (context.projectId !== null) this.#groups.ensureDefault(context.projectId);
    return this.#visible(context, filters, range);
  }

  #visible(context: RequestContext, filters: Filters, range?: Range): SecurityGroupRuleRow[] {
    return this.#core.store.lists.rules.rows(filters, visible(scopeOf(context), ...WAYS), range);
  }

  get(context: RequestContext, id: string): SecurityGroupRuleRow {
    const [row] = this.#visible(context, new Map([["id", [id]]]));
    if (row === undefined) throw ruleNotFound(id);
    return row;
  }

  owners({ security_group_id, project_id }: SecurityGroupRuleRow): readonly string[] {
    const group = this.#core.store.groups.get(security_group_id);
    return group === undefined ? [project_id] : [project_id, group.project_id];
  }

  create(context: RequestContext, wanted: readonly NewSecurityGroupRule[]): SecurityGroupRuleRow[] {
    const { kernel, store, dirty } = this.#core;
    return kernel.db.transaction(() => {
      const rows = wanted.map((one) => this.#rowOf(context, one));
      refuseSeveral(rows);
      checkQuotas(this.#core, this.quota, rows);
      refuseDoubles(rows);
      for (const row of rows) this.#refuseDuplicate(row);
      for (const row of rows) store.rules.insert(row);
      const group = store.groups.get(rows[0]?.security_group_id ?? "");
      if (group !== undefined) revise(this.#core, store.groups, group, {});
      if (group !== undefined) dirty("group", group.id);
      return rows;
    });
  }

  admit(wanted: readonly NewSecurityGroupRule[]): void {
    const rows = wanted.map((one) => this.#saidBy(one));
    refuseSeveral(rows);
    refuseDoubles(rows);
  }

  #saidBy(wanted: NewSecurityGroupRule): SecurityGroupRuleRow {
    const row = canonical({
      ...standard(this.#core, wanted),
      security_group_id: wanted.security_group_id,
      direction: wanted.direction,
      ethertype: wanted.ethertype ?? "IPv4",
      protocol: wanted.protocol ?? null,
      port_range_min: wanted.port_range_min ?? null,
      port_range_max: wanted.port_range_max ?? null,
      remote_ip_prefix: wanted.remote_ip_prefix ?? null,
      remote_group_id: wanted.remote_group_id ?? null,
      remote_address_group_id: wanted.remote_address_group_id ?? null,
      described: true,
    });
    check(row);
    return row;
  }

  #rowOf(context: RequestContext, wanted: NewSecurityGroupRule): SecurityGroupRuleRow {
    const row = this.#saidBy(wanted);
    const group = this.#visibleGroup(context, row.security_group_id);
    if (!seesAll(context) && group.project_id !== context.projectId)
      throw disallowed("rule:create_security_group_rule");
    if (row.remote_group_id !== null) this.#visibleGroup(context, row.remote_group_id);
    if (row.remote_address_group_id !== null) this.#addressGroups.get(context, row.remote_address_group_id);
    return row;
  }

  #visibleGroup(context: RequestContext, id: string): SecurityGroupRow {
    return this.#groups.get(context, id);
  }

  /** Errors: 409 naming the rule that says the same already. */
  #refuseDuplicate(row: SecurityGroupRuleRow): void {
    const [twin] = this.#core.store.rules.alike(row, row.protocol === null ? null : spellings(row.protocol));
    if (twin === undefined) return;
    throw conflict(`Security group rule already exists. Rule id is ${twin.id}.`, { type: "SecurityGroupRuleExists" });
  }

  remove(_context: RequestContext, id: string): void {
    const { kernel, store, dirty } = this.#core;
    kernel.db.transaction(() => {
      const rule = store.rules.get(id);
      if (rule === undefined) throw ruleNotFound(id);
      store.rules.delete(id);
      const group = store.groups.get(rule.security_group_id);
      if (group !== undefined) revise(this.#core, store.groups, group, {});
      dirty("group", rule.security_group_id);
    });
  }
}

function refuseDoubles(rows: readonly SecurityGroupRuleRow[]): void {
  if (new Set(rows.map(meaning)).size < rows.length)
    throw conflict("Duplicate Security Group Rule in POST.", { type: "DuplicateSecurityGroupRuleInPost" });
}

/** One request makes rules of one group and one project. */
function refuseSeveral(rows: readonly SecurityGroupRuleRow[]): void {
  if (new Set(rows.map((row) => row.security_group_id)).size > 1) {
    throw wrong("SecurityGroupNotSingleGroupRules", "Only allowed to update rules for one security profile at a time");
  }
  if (new Set(rows.map((row) => row.project_id)).size > 1) {
    throw wrong(
      "SecurityGroupRulesNotSingleTenant",
      "Multiple tenant_ids in bulk security group rule create not allowed",
    );
  }
}

/**
 * What neutron makes of a rule before it looks at it (neutron/db/securitygroups_db.py _make_canonical_…): all ports are no range, and IPv6
 * has its own ICMP.
 */
function canonical(row: SecurityGroupRuleRow): SecurityGroupRuleRow {
  const allPorts = row.port_range_min === 1 && row.port_range_max === 65535;
  const ports = allPorts ? { port_range_min: null, port_range_max: null } : {};
  return { ...row, ...ports, protocol: row.ethertype === "IPv6" ? ipv6Icmp(row.protocol) : row.protocol };
}

function ipv6Icmp(protocol: string | null): string | null {
  if (protocol === "icmp" || protocol === "icmpv6") return "ipv6-icmp";
  return protocol === "1" ? "58" : protocol;
}

/** Number → the name neutron knows it by: the last of several, but not the old one of ICMPv6. */
const NAMES = new Map(
  Object.entries(PROTOCOLS)
    .filter(([name]) => name !== "icmpv6")
    .map(([name, number]) => [String(number), name]),
);

const nameOf = (protocol: string): string => NAMES.get(protocol) ?? protocol;

/** All ways to say a protocol that neutron takes for the same. */
function spellings(protocol: string): string[] {
  const name = nameOf(protocol);
  return [name, ...[...NAMES].flatMap(([number, known]) => (known === name ? number : []))];
}

/** Rules with the same key are duplicates: protocols by name, "everybody" like no prefix (its _rule_to_key). */
function meaning(row: SecurityGroupRuleRow): string {
  const { protocol, remote_ip_prefix: prefix } = row;
  return JSON.stringify([
    row.direction,
    row.ethertype,
    protocol === null ? null : nameOf(protocol),
    row.port_range_min,
    row.port_range_max,
    prefix !== null && EVERYBODY.includes(prefix) ? null : prefix,
    row.remote_group_id,
    row.remote_address_group_id,
  ]);
}

/** In the order of neutron, which decides the error that is told. */
function check(row: SecurityGroupRuleRow): void {
  const { protocol, ethertype, remote_ip_prefix: prefix } = row;
  checkPorts(protocol, row.port_range_min, row.port_range_max);
  if (prefix !== null && prefix.includes(":") !== (ethertype === "IPv6")) {
    throw wrong(
      "SecurityGroupRuleParameterConflict",
      `Conflicting value ethertype ${ethertype} for CIDR ${row.remote_ip_prefix}`,
    );
  }
  if (protocol !== null && IPV6_ONLY.has(protocol) && ethertype === "IPv4") {
    throw wrong(
      "SecurityGroupEthertypeConflictWithProtocol",
      `Invalid ethertype ${ethertype} for protocol ${protocol}.`,
    );
  }
  const remotes = [prefix, row.remote_group_id, row.remote_address_group_id].filter((remote) => remote !== null);
  if (remotes.length < 2) return;
  throw wrong(
    "SecurityGroupMultipleRemoteEntites",
    "Only one of remote_ip_prefix or remote_group_id or remote_address_group_id may be provided.",
  );
}

function checkPorts(protocol: string | null, min: number | null, max: number | null): void {
  if (min === null && max === null) return;
  if (protocol === null)
    throw wrong("SecurityGroupProtocolRequiredWithPorts", "Must also specify protocol if port range is given.");
  const number = PROTOCOLS[protocol] ?? Number(protocol);
  if (number === 1 || number === 58) {
    checkIcmp(min, max);
    return;
  }
  if (!WITH_PORTS.some((name) => PROTOCOLS[name] === number)) {
    throw wrong(
      "SecurityGroupInvalidProtocolForPort",
      `Ports cannot be specified for protocol ${number}. Ports are only supported for ${WITH_PORTS.join(", ").toUpperCase()}.`,
    );
  }
  if (min === 0 || max === 0) throw wrong("SecurityGroupInvalidPortValue", "Invalid value for port 0");
  if (min === null || max === null || min > max)
    throw wrong("SecurityGroupInvalidPortRange", "For TCP/UDP protocols, port_range_min must be <= port_range_max");
}

function checkIcmp(type: number | null, code: number | null): void {
  for (const [field, attribute, value] of [
    ["type", "port_range_min", type],
    ["code", "port_range_max", code],
  ] as const) {
    if (value !== null && (value < 0 || value > 255)) {
      throw wrong(
        "SecurityGroupInvalidIcmpValue",
        `Invalid value for ICMP ${field} (${attribute}) ${value}. It must be 0 to 255.`,
      );
    }
  }
  if (type === null && code !== null) {
    throw wrong(
      "SecurityGroupMissingIcmpType",
      `ICMP code (port-range-max) ${code} is provided but ICMP type (port-range-min) is missing.`,
    );
  }
}
