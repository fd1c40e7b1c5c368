import type { Connection } from "../../../../host/firewall/conntrack.ts";
import { addressNumber, parseBlock } from "../../../../kernel/config/addresses.ts";
import type { DesiredFirewall, DesiredPortFirewall, DesiredRule } from "../driver.ts";
import { ethertypeFamily, portAddresses } from "./port-rules.ts";
import { isIcmp, portWords, protocolNumber } from "./protocols.ts";

/**
 * What may pass because of `firewall`, as a set of strings: when one of an earlier set is missing, connections may have
 * lost what allowed them. Only then the list of connections has to be read.
 */
export function permissions(firewall: DesiredFirewall): Set<string> {
  const all = new Set<string>();
  for (const port of firewall.ports) {
    if (!port.portSecurityEnabled) all.add(`open ${port.portId}`);
    for (const address of portAddresses(port)) all.add(`address ${port.networkId} ${port.portId} ${address}`);
    for (const group of port.securityGroupIds) all.add(`port ${port.portId} ${group}`);
  }
  for (const { id, rules, memberAddresses } of firewall.groups) {
    for (const { id: _, ...rule } of rules) all.add(`rule ${id} ${JSON.stringify(rule)}`);
    for (const address of memberAddresses) all.add(`member ${id} ${address}`);
  }
  return all;
}

/** The connections that rules allow no more. `gone`: ports of before that are no longer there; theirs all go. */
export function forbidden(
  connections: readonly Connection[],
  firewall: DesiredFirewall,
  gone: readonly DesiredPortFirewall[],
  zoneOf: (networkId: string) => number | null,
): Connection[] {
  const rules = new Map(firewall.groups.map((group) => [group.id, group.rules]));
  const members = new Map(firewall.groups.map((group) => [group.id, group.memberAddresses.map(matcher)]));
  const owners = firewall.ports.map((port) => ({
    port,
    zone: zoneOf(port.networkId),
    has: portAddresses(port).map(matcher),
  }));
  const former = gone.map((port) => ({ zone: zoneOf(port.networkId), has: portAddresses(port).map(matcher) }));
  const owns = (one: { zone: number | null; has: readonly Matcher[] }, zone: number, address: bigint) =>
    one.zone === zone && one.has.some((match) => match(address));
  return connections.filter((connection) => {
    const source = addressNumber(connection.source);
    // Answers say where it really goes when the destination was translated on the way.
    const destination = addressNumber(connection.replySource);
    if (source === null || destination === null || isDhcp(connection)) return false;
    const allows = (port: DesiredPortFirewall, direction: "ingress" | "egress", remote: bigint): boolean =>
      !port.portSecurityEnabled ||
      port.securityGroupIds.some((id) =>
        rules.get(id)?.some((rule) => rule.direction === direction && matches(rule, connection, remote, members)),
      );
    for (const owner of owners) {
      if (owns(owner, connection.zone, source) && !allows(owner.port, "egress", destination)) return true;
      if (owns(owner, connection.zone, destination) && !allows(owner.port, "ingress", source)) return true;
    }
    const isOwned = (address: bigint) => owners.some((owner) => owns(owner, connection.zone, address));
    return former.some((port) =>
      [source, destination].some((address) => owns(port, connection.zone, address) && !isOwned(address)),
    );
  });
}

type Matcher = (address: bigint) => boolean;

/** IPv4 and IPv6 numbers can be equal, but a connection and the rule it is held against are of one family. */
function matcher(text: string): Matcher {
  const block = parseBlock(text.includes("/") ? text : `${text}/${text.includes(":") ? 128 : 32}`);
  if (block === null) return () => false;
  return (address) => address >= block.first && address <= block.last;
}

function matches(
  rule: DesiredRule,
  connection: Connection,
  remote: bigint,
  members: ReadonlyMap<string, readonly Matcher[]>,
): boolean {
  if (ethertypeFamily(rule) !== connection.family) return false;
  const protocol = protocolNumber(rule.protocol, connection.family);
  if (protocol !== null && protocol !== connection.protocol) return false;
  const { portRangeMin: min, portRangeMax: max } = rule;
  if (min !== null && portWords(protocol) !== null) {
    const port = connection.destinationPort;
    if (port === null || port < min || port > (max ?? min)) return false;
  }
  if (min !== null && isIcmp(protocol, connection.family) && connection.icmp !== null) {
    if (connection.icmp.type !== min || (max !== null && connection.icmp.code !== max)) return false;
  }
  if (rule.remoteIpPrefix !== null && !matcher(rule.remoteIpPrefix)(remote)) return false;
  return rule.remoteGroupId === null || (members.get(rule.remoteGroupId)?.some((match) => match(remote)) ?? false);
}

/** DHCP is allowed whatever the groups say. */
function isDhcp({ protocol, sourcePort, destinationPort }: Connection): boolean {
  const ports = `${sourcePort}-${destinationPort}`;
  return protocol === 17 && ["68-67", "67-68", "546-547", "547-546"].includes(ports);
}
