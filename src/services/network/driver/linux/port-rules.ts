import type { AddressSet } from "../../../../host/firewall/firewall.ts";
import type { Chain, Rule } from "../../../../host/firewall/rules.ts";
import type { DesiredFirewall, DesiredPortFirewall, DesiredRule } from "../driver.ts";
import type { Bridge } from "./bridges.ts";
import { beginningOf, leafChains, rootChain } from "./dispatch.ts";
import { isIcmp, portWords, protocolNumber } from "./protocols.ts";

/**
 * Security groups in the box's iptables. A packet from a guest goes through its port's `tenrec-o…`, then (allowed) on by
 * "goto" to `tenrec-ingress`, and there through `tenrec-i…` of the port it is for. The rules of a group are one chain
 * per direction, shared by its ports. `physdev` matches since bridged packets are shown to iptables (bridge-nf-call).
 */
export const OWN_CHAINS = { raw: "tenrec-zones", forward: "tenrec-forward", input: "tenrec-input" } as const;
const INGRESS = "tenrec-ingress";
const TENANT_BRIDGES = "brq+";

/** At most 28 characters in a chain's name. */
const portChain = (direction: "i" | "o", portId: string): string => `tenrec-${direction}${portId.slice(0, 13)}`;
const groupChain = (direction: "i" | "o", groupId: string): string => `tenrec-g${direction}${groupId.slice(0, 18)}`;
/** At most 31 in a set's. */
export const setName = (groupId: string, family: 4 | 6): string => `tenrec${family}-${groupId.slice(0, 23)}`;

/** Which groups have chains: those of guarded ports. */
export function chainedGroups({ ports, groups }: DesiredFirewall): ReadonlySet<string> {
  const used = new Set(ports.filter((port) => port.portSecurityEnabled).flatMap((port) => port.securityGroupIds));
  return new Set(groups.flatMap(({ id }) => (used.has(id) ? id : [])));
}

/** Where packets come to our chains. */
export function headChains(
  guarded: DesiredFirewall["ports"],
  bridges: ReadonlyMap<string, Bridge>,
  family: 4 | 6,
): Chain[] {
  const fromGuests = rule(["-j", rootChain("from")], "from guests");
  const outside: Rule[] = [];
  const ingress: Rule[] = [rule(["-j", rootChain("to")], "to guests")];
  for (const port of guarded) {
    const bridge = bridges.get(port.networkId);
    if (bridge?.external !== true) continue;
    outside.push(rule(["-o", bridge.name, "-g", INGRESS], "from outside to guests"));
    // The box routes to the public bridge, and physdev does not know the way out of a routed packet.
    for (const address of port.fixedIps.map((ip) => ip.address).filter((one) => familyOf(one) === family)) {
      const spec = ["-o", bridge.name, "-d", address, "-g", portChain("i", port.portId)];
      ingress.push(rule(spec, `port ${port.portId}`));
    }
  }
  const forward = [
    rule(["-i", TENANT_BRIDGES, "-m", "physdev", "!", "--physdev-is-bridged", "-j", "DROP"], "the box is no router"),
    fromGuests,
    rule(["-m", "physdev", "--physdev-is-bridged", "-g", INGRESS], "from routers and servers to guests"),
    ...unique(outside),
  ];
  const input = [fromGuests, rule(["-i", TENANT_BRIDGES, "-j", "DROP"], "the box is no guest's neighbour")];
  ingress.push(rule(["-j", "ACCEPT"], "not for a guarded port"));
  return [
    { name: OWN_CHAINS.forward, rules: forward },
    { name: OWN_CHAINS.input, rules: input },
    { name: INGRESS, rules: ingress },
  ];
}

/** Ports that have chains, of those that begin so. */
export const leafChainsOf = (beginning: string, guarded: DesiredFirewall["ports"]): Chain[] =>
  leafChains(
    beginning,
    guarded.filter((port) => beginningOf(port) === beginning),
    (side, portId) => portChain(side === "from" ? "o" : "i", portId),
  );

/** Of one port; none where it is not guarded. `present`: groups that have chains. */
export function portChains(port: DesiredPortFirewall, present: ReadonlySet<string>, family: 4 | 6): Chain[] {
  if (!port.portSecurityEnabled) return [];
  const mine = port.securityGroupIds.filter((id) => present.has(id));
  return [
    { name: portChain("o", port.portId), rules: outgoingRules(mine, family, port.stateless) },
    { name: portChain("i", port.portId), rules: incomingRules(mine, family, port.stateless) },
  ];
}

export function groupChains(group: DesiredFirewall["groups"][number], family: 4 | 6): Chain[] {
  const directions = [
    ["ingress", "i"],
    ["egress", "o"],
  ] as const;
  return directions.map(([direction, letter]) => {
    const rules = group.rules.filter((one) => one.direction === direction && ethertypeFamily(one) === family);
    return { name: groupChain(letter, group.id), rules: rules.map((one) => groupRule(one, family)) };
  });
}

export function zoneChains(bridges: ReadonlyMap<string, Bridge>): Chain[] {
  const zones = [...new Map([...bridges.values()].map((bridge) => [bridge.name, bridge])).values()]
    .filter(({ zone }) => zone !== 0)
    .map(({ name, zone }) => rule(["-i", name, "-j", "CT", "--zone", String(zone)], "projects may share a range"));
  return [{ name: OWN_CHAINS.raw, rules: zones }];
}

/** The groups that rules with a remote group refer to: their addresses are sets. */
export function groupsWithSets({ groups }: DesiredFirewall): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const { rules } of groups)
    for (const { remoteGroupId } of rules) if (remoteGroupId !== null) ids.add(remoteGroupId);
  return new Set(groups.flatMap(({ id }) => (ids.has(id) ? id : [])));
}

/** Of one group, a set for each family. */
export const addressSets = ({ id, memberAddresses }: DesiredFirewall["groups"][number]): AddressSet[] =>
  ([4, 6] as const).map((family) => ({
    name: setName(id, family),
    family,
    members: new Set(memberAddresses.filter((one) => familyOf(one) === family).flatMap(setMembers)),
  }));

function outgoingRules(groups: readonly string[], family: 4 | 6, stateless: boolean): Rule[] {
  const [client, server] = family === 4 ? ["68", "67"] : ["546", "547"];
  const udp = ["-p", "udp", "-m", "udp"];
  return [
    rule([...udp, "--sport", client ?? "", "--dport", server ?? "", "-g", INGRESS], "DHCP client"),
    rule([...udp, "--sport", server ?? "", "--dport", client ?? "", "-j", "DROP"], "no DHCP server"),
    // Put together out of pieces only now, so that anti-spoofing may not have seen what it is.
    ...(family === 6 ? ["134", "137"].map((type) => icmp6(type, "drop")) : []),
    // Router and neighbour solicitation, neighbour advertisement, group membership: anti-spoofing has checked them.
    ...(family === 6 ? ["131", "132", "133", "135", "136", "143"].map((type) => icmp6(type, "ingress")) : []),
    ...(stateless ? [] : stateRules(["-g", INGRESS])),
    ...groups.map((id) => rule(["-j", groupChain("o", id)], `security group ${id}`)),
    rule(["-j", "DROP"], "nothing else"),
  ];
}

function incomingRules(groups: readonly string[], family: 4 | 6, stateless: boolean): Rule[] {
  const [client, server] = family === 4 ? ["68", "67"] : ["546", "547"];
  const udp = ["-p", "udp", "-m", "udp"];
  return [
    rule([...udp, "--sport", server ?? "", "--dport", client ?? "", "-j", "ACCEPT"], "DHCP server's answers"),
    ...(family === 6 ? ["130", "134", "135", "136"].map((type) => icmp6(type, "accept")) : []),
    ...(stateless ? [] : stateRules(["-j", "ACCEPT"])),
    ...groups.map((id) => rule(["-j", groupChain("i", id)], `security group ${id}`)),
    rule(["-j", "DROP"], "nothing else"),
  ];
}

function stateRules(verdict: readonly string[]): Rule[] {
  const state = (name: string) => ["-m", "conntrack", "--ctstate", name];
  return [
    rule([...state("RELATED,ESTABLISHED"), ...verdict], "known connections"),
    rule([...state("INVALID"), "-j", "DROP"], "neither new nor known"),
  ];
}

function groupRule(one: DesiredRule, family: 4 | 6): Rule {
  const match: string[] = [];
  const inward = one.direction === "ingress";
  const prefix = one.remoteIpPrefix;
  if (prefix !== null && !/\/0$/.test(prefix)) match.push(inward ? "-s" : "-d", prefix);
  const protocol = protocolNumber(one.protocol, family);
  if (protocol !== null) match.push("-p", String(protocol));
  const { portRangeMin: min, portRangeMax: max } = one;
  const ports = portWords(protocol);
  if (ports !== null && min !== null)
    match.push("-m", ...ports, max === null || max === min ? `${min}` : `${min}:${max}`);
  if (isIcmp(protocol, family) && min !== null) {
    const word = protocol === 58 ? "icmp6" : "icmp";
    match.push("-m", word, `--${word === "icmp6" ? "icmpv6" : "icmp"}-type`, max === null ? `${min}` : `${min}/${max}`);
  }
  if (one.remoteGroupId !== null) {
    match.push("-m", "set", "--match-set", setName(one.remoteGroupId, family), inward ? "src" : "dst");
  }
  return rule([...match, ...(inward ? ["-j", "ACCEPT"] : ["-g", INGRESS])], `rule ${one.id}`);
}

const rule = (spec: readonly string[], comment: string): Rule => ({ spec, comment });

function icmp6(type: string, then: "accept" | "drop" | "ingress"): Rule {
  const verdict = then === "ingress" ? ["-g", INGRESS] : ["-j", then.toUpperCase()];
  return rule(["-p", "58", "-m", "icmp6", "--icmpv6-type", type, ...verdict], "neighbour discovery");
}

const familyOf = (address: string): 4 | 6 => (address.includes(":") ? 6 : 4);
export const ethertypeFamily = ({ ethertype }: DesiredRule): 4 | 6 => (ethertype === "IPv6" ? 6 : 4);

/** hash:net has no element for everything. */
function setMembers(address: string): string[] {
  if (address === "0.0.0.0/0") return ["0.0.0.0/1", "128.0.0.0/1"];
  if (address === "::/0") return ["::/1", "8000::/1"];
  return [address];
}

function unique(rules: readonly Rule[]): Rule[] {
  return [...new Map(rules.map((one) => [JSON.stringify(one), one])).values()];
}

/** A port's addresses: fixed ones, and those of its allowed pairs, as CIDRs or single addresses. */
export function portAddresses(port: DesiredPortFirewall): string[] {
  return [...port.fixedIps.map(({ address }) => address), ...port.allowedAddressPairs.map(({ cidr }) => cidr)];
}
