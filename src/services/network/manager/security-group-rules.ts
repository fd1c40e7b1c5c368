import { isIP, isIPv6 } from "node:net";
import type { RequestContext } from "../../../kernel/auth/context.ts";
import { parseBlock } from "../../../kernel/config/addresses.ts";
import { badRequest, conflict } from "../../../kernel/errors.ts";
import { pythonRepr } from "../../../kernel/http/validation.ts";
import { disallowed, groupNotFound, ruleNotFound } from "../errors.ts";
import { PROTOCOLS } from "../protocols.ts";
import type { Filters } from "../routes/listing.ts";
import type { Resource } from "../routes/resource.ts";
import type { Body } from "../schemas/attribute.ts";
import { shown } from "../schemas/converters.ts";
import { ruleAttributes } from "../schemas/resources.ts";
import type { SecurityGroupRow, SecurityGroupRuleRow } from "../store/rows.ts";
import { normalized, ruleView } from "../views/security-groups.ts";
import { type Base, checkQuota, groupBy, OWN, revise, scopeOf, seesAll, sharedWith, standard } from "./base.ts";
import type { SecurityGroupManager } from "./security-groups.ts";

const WITH_PORTS = new Set(["tcp", "udp", "sctp", "dccp", "udplite"]);
/** By number as well: a rule that the host's tools refuse would keep all other rules out, too. */
const IPV6_ONLY = new Set(
  ["ipv6-encap", "ipv6-frag", "ipv6-icmp", "icmpv6", "ipv6-nonxt", "ipv6-opts", "ipv6-route"].flatMap((name) => [
    name,
    String(PROTOCOLS[name]),
  ]),
);

const wrong = (type: string, message: string) => badRequest(message, { type });
const isPort = (value: number) => value >= 0 && value <= 65535;

export class SecurityGroupRuleManager implements Resource {
  readonly names = { singular: "security_group_rule", plural: "security_group_rules" };
  readonly path = "/v2.0/security-group-rules";
  readonly attributes = ruleAttributes;
  readonly #base: Base;
  readonly #groups: SecurityGroupManager;

  constructor(base: Base, groups: SecurityGroupManager) {
    this.#base = base;
    this.#groups = groups;
  }

  list(context: RequestContext, filters: Filters): Body[] {
    if (context.projectId !== null) this.#groups.ensureDefault(context.projectId);
    return this.#rows(context, filters).map(ruleView);
  }

  #rows(context: RequestContext, filters: Filters): SecurityGroupRuleRow[] {
    const visible = `(${OWN} OR security_group_id IN (SELECT id FROM network_security_groups WHERE project_id = @scope)
      OR ${sharedWith("security_group", "security_group_id")})`;
    const exact = new Map([...filters].filter(([name]) => name === "id" || name === "security_group_id"));
    return this.#base.store.rules.filtered(exact, visible, { scope: scopeOf(context) });
  }

  get(context: RequestContext, id: string): Body {
    const [row] = this.#rows(context, new Map([["id", [id]]]));
    if (row === undefined) throw ruleNotFound(id);
    return ruleView(row);
  }

  owners(view: Body): readonly string[] {
    const group = this.#base.store.groups.get(String(view.security_group_id));
    return group === undefined ? [String(view.project_id)] : [String(view.project_id), group.project_id];
  }

  create(context: RequestContext, bodies: readonly Body[]): Body[] {
    const { kernel, store, dirty } = this.#base;
    return kernel.db.transaction(() => {
      const rows = bodies.map((body) => this.#rowOf(context, body));
      if (new Set(rows.map((row) => row.security_group_id)).size > 1) {
        throw wrong(
          "SecurityGroupNotSingleGroupRules",
          "Only allowed to update rules for one security profile at a time",
        );
      }
      for (const [project, wanted] of groupBy(rows, (row) => row.project_id))
        checkQuota(this.#base, project, { security_group_rule: wanted.length });
      for (const [index, row] of rows.entries()) this.#refuseDuplicate(row, rows.slice(0, index));
      for (const row of rows) store.rules.insert(row);
      const group = store.groups.get(rows[0]?.security_group_id ?? "");
      if (group !== undefined) revise(this.#base, store.groups, group, {});
      dirty("firewall");
      return rows.map(ruleView);
    });
  }

  #rowOf(context: RequestContext, body: Body): SecurityGroupRuleRow {
    const ethertype = ethertypeOf(body.ethertype);
    const protocol = protocolOf(body.protocol);
    const row: SecurityGroupRuleRow = {
      ...standard(this.#base, String(body.project_id), body.description, []),
      security_group_id: String(body.security_group_id),
      direction: body.direction as "ingress" | "egress",
      ethertype,
      protocol,
      port_range_min: portOf(body.port_range_min),
      port_range_max: portOf(body.port_range_max),
      remote_ip_prefix: prefixOf(body.remote_ip_prefix),
      remote_group_id: (body.remote_group_id as string | null) ?? null,
      described: true,
    };
    check(row);
    const group = this.#visibleGroup(context, row.security_group_id);
    if (!seesAll(context) && group.project_id !== context.projectId)
      throw disallowed("rule:create_security_group_rule");
    if (row.remote_group_id !== null) this.#visibleGroup(context, row.remote_group_id);
    return row;
  }

  #visibleGroup(context: RequestContext, id: string): SecurityGroupRow {
    const group = this.#groups.rows(context, new Map([["id", [id]]]))[0];
    if (group === undefined) throw groupNotFound(id);
    return group;
  }

  /** Errors: 409 naming the rule that says the same already. */
  #refuseDuplicate(row: SecurityGroupRuleRow, before: readonly SecurityGroupRuleRow[]): void {
    const key = meaning(row);
    if (before.some((other) => meaning(other) === key))
      throw conflict("Duplicate Security Group Rule in POST.", { type: "DuplicateSecurityGroupRuleInPost" });
    const stored = this.#base.store.rules.select("security_group_id = ?", row.security_group_id);
    const twin = stored.find((other) => meaning(other) === key);
    if (twin === undefined) return;
    throw conflict(`Security group rule already exists. Rule id is ${twin.id}.`, { type: "SecurityGroupRuleExists" });
  }

  remove(_context: RequestContext, id: string): void {
    const { kernel, store, dirty } = this.#base;
    kernel.db.transaction(() => {
      const rule = store.rules.get(id);
      if (rule === undefined) throw ruleNotFound(id);
      store.rules.delete(id);
      const group = store.groups.get(rule.security_group_id);
      if (group !== undefined) revise(this.#base, store.groups, group, {});
      dirty("firewall");
    });
  }
}

/** Two rules with the same meaning are duplicates, whatever the spelling of protocol and prefix. */
function meaning(row: SecurityGroupRuleRow): string {
  const everything = row.ethertype === "IPv4" ? "0.0.0.0/0" : "::/0";
  const prefix = normalized(row.remote_ip_prefix);
  return JSON.stringify([
    row.direction,
    row.ethertype,
    row.protocol === null ? null : (PROTOCOLS[row.protocol] ?? Number(row.protocol)),
    row.port_range_min,
    row.port_range_max,
    prefix === everything ? null : prefix,
    row.remote_group_id,
  ]);
}

function ethertypeOf(value: unknown): "IPv4" | "IPv6" {
  const text = String(value);
  const found = (["IPv4", "IPv6"] as const).find((one) => one.toLowerCase() === text.toLowerCase());
  if (found !== undefined) return found;
  throw wrong(
    "SecurityGroupRuleInvalidEtherType",
    `Security group rule for ethertype '${text}' not supported. Allowed values are ['IPv4', 'IPv6'].`,
  );
}

function protocolOf(value: unknown): string | null {
  if (value === null || value === undefined || value === "" || value === "any") return null;
  const text = shown(value).toLowerCase();
  if (Object.hasOwn(PROTOCOLS, text)) return text;
  if (/^\d{1,3}$/.test(text) && Number(text) <= 255) return text;
  const names = [null, ...Object.keys(PROTOCOLS)];
  throw wrong(
    "SecurityGroupRuleInvalidProtocol",
    `Security group rule protocol ${text} not supported. Only protocol values ${pythonRepr(names)} and integer representations [0 to 255] are supported.`,
  );
}

function portOf(value: unknown): number | null {
  if (value === null || value === undefined || value === "") return null;
  const number = typeof value === "string" && /^-?\d{1,9}$/.test(value) ? Number(value) : value;
  if (typeof number !== "number" || !Number.isInteger(number))
    throw wrong("SecurityGroupInvalidPortValue", `Invalid value for port ${shown(value)}`);
  return number;
}

/** Kept as it was sent (normalized_cidr shows what it means); a bare address becomes a /32 or /128. */
function prefixOf(value: unknown): string | null {
  if (value === null || value === undefined || value === "") return null;
  const text = String(value);
  if (isIP(text) !== 0) return `${text}/${isIPv6(text) ? 128 : 32}`;
  if (parseBlock(text) === null) throw wrong("InvalidCIDR", `Invalid CIDR ${text} given as IP prefix.`);
  return text;
}

function check(row: SecurityGroupRuleRow): void {
  const { protocol, port_range_min: min, port_range_max: max, ethertype } = row;
  if (row.remote_ip_prefix !== null && row.remote_group_id !== null) {
    throw wrong(
      "SecurityGroupMultipleRemoteEntites",
      "Only one of remote_ip_prefix or remote_group_id or remote_address_group_id may be provided.",
    );
  }
  if (protocol !== null && IPV6_ONLY.has(protocol) && ethertype === "IPv4") {
    throw wrong(
      "SecurityGroupEthertypeConflictWithProtocol",
      `Invalid ethertype ${ethertype} for protocol ${protocol}.`,
    );
  }
  checkPorts(protocol, min, max);
  if (row.remote_ip_prefix === null) return;
  const version = row.remote_ip_prefix.includes(":") ? "IPv6" : "IPv4";
  if (version !== ethertype) {
    throw wrong(
      "SecurityGroupRuleParameterConflict",
      `Conflicting value ethertype ${ethertype} for CIDR ${row.remote_ip_prefix}`,
    );
  }
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
  const name = Object.keys(PROTOCOLS).find((one) => PROTOCOLS[one] === number && WITH_PORTS.has(one));
  if (name === undefined) {
    // Neutron takes a lone 1…65535 range for any protocol as "all ports".
    if (min === 1 && max === 65535) return;
    throw wrong(
      "SecurityGroupInvalidProtocolForPort",
      `Ports cannot be specified for protocol ${protocol}. Ports are only supported for dccp, sctp, tcp, udp, udplite.`,
    );
  }
  for (const port of [min, max]) {
    if (port !== null && !isPort(port)) throw wrong("SecurityGroupInvalidPortValue", `Invalid value for port ${port}`);
  }
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
