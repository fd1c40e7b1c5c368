import type { DnsmasqFiles } from "../../../../host/dnsmasq/dnsmasq.ts";
import { addressText, parseBlock } from "../../../../kernel/config/addresses.ts";
import type { DesiredNetwork, DesiredSubnet, FixedIp } from "../driver.ts";
import { optionOf } from "./dhcp-options.ts";

const METADATA = "169.254.169.254/32";

/** What dnsmasq of a network is to do, in the way Neutron's DHCP agent writes it. `isRouted`: a router has the subnet's gateway address. */
export function dhcpFiles(
  network: DesiredNetwork,
  device: string,
  options: { upstreamDns: readonly string[]; leaseDuration: number; isRouted: (subnet: DesiredSubnet) => boolean },
): DnsmasqFiles {
  const served = network.subnets.filter(isServed);
  const config = [
    "no-hosts",
    "no-resolv",
    "bind-dynamic",
    `interface=${device}`,
    "except-interface=lo",
    "dhcp-authoritative",
    "local-service",
    // No limit that a network could reach: unknown guests get no lease anyway.
    "dhcp-lease-max=65536",
    ...options.upstreamDns.map((server) => `server=${server}`),
    ...(isName(network.dnsDomain) ? [`domain=${network.dnsDomain}`, `local=/${network.dnsDomain}/`] : []),
    `dhcp-option-force=option:mtu,${network.mtu}`,
    ...served.map((subnet) => range(subnet, options.leaseDuration)),
  ];
  const hosts: string[] = [];
  const names: string[] = [];
  const lines = served.flatMap((subnet) => subnetOptions(network, subnet, options.isRouted(subnet)));
  for (const { portId, mac, hostname, fixedIps, formerGuests, options: extra } of network.leases) {
    const who = `${mac},set:port-${portId}`;
    const name = isName(hostname) ? hostname : `host-${portId}`;
    const before = hosts.length;
    for (const { address, subnetId } of fixedIps) {
      const full = isName(network.dnsDomain) ? `${name}.${network.dnsDomain}` : name;
      names.push(`${address} ${full}${full === name ? "" : ` ${name}`}`);
      const subnet = served.find(({ id }) => id === subnetId);
      if (subnet === undefined || (subnet.ipVersion === 6 && subnet.ipv6AddressMode !== "dhcpv6-stateful")) continue;
      hosts.push(
        subnet.ipVersion === 6 ? `${who},set:guest-${formerGuests},${name},[${address}]` : `${who},${name},${address}`,
      );
    }
    // Whoever makes its own address has no line of its own, but may have options of its own.
    if (hosts.length === before && extra.some(({ ipVersion }) => ipVersion === 6)) hosts.push(who);
    for (const option of extra) {
      const found = optionOf(option);
      if ("words" in found) lines.push(`tag:port-${portId},${found.words}`);
    }
  }
  return { config, hosts, options: lines, names };
}

/** Whether dnsmasq has anything to say on the subnet. */
export function isServed(subnet: DesiredSubnet): boolean {
  if (!subnet.enableDhcp) return false;
  return subnet.ipVersion === 4 || (subnet.ipv6AddressMode ?? "slaac") !== "slaac";
}

function range(subnet: DesiredSubnet, seconds: number): string {
  const block = parseBlock(subnet.cidr);
  if (block === null) throw new Error(`not a CIDR: ${subnet.cidr}`);
  const first = addressText(block.family, block.first);
  const tag = `set:subnet-${subnet.id}`;
  if (block.family === 6) return `dhcp-range=${tag},${first},static,${block.prefix},${seconds}s`;
  const mask = addressText(4, (1n << 32n) - (1n << BigInt(32 - block.prefix)));
  return `dhcp-range=${tag},${first},static,${mask},${seconds}s`;
}

function subnetOptions(network: DesiredNetwork, subnet: DesiredSubnet, routed: boolean): string[] {
  const tag = `tag:subnet-${subnet.id}`;
  const servers = subnet.dnsNameservers;
  if (subnet.ipVersion === 6) {
    const list = servers.map((server) => `[${server}]`).join(",");
    const domain = isName(network.dnsDomain) ? [`${tag},option6:domain-search,${network.dnsDomain}`] : [];
    return list === "" ? domain : [`${tag},option6:dns-server,${list}`, ...domain];
  }
  const lines: string[] = [];
  // 0.0.0.0 asks for no name server at all (Neutron's convention).
  if (servers.includes("0.0.0.0")) lines.push(`${tag},option:dns-server`);
  else if (servers.length > 0) lines.push(`${tag},option:dns-server,${servers.join(",")}`);
  const routes = subnet.hostRoutes.map(({ destination, nexthop }) => [destination, nexthop]);
  const own = dhcpAddress(network.dhcp?.fixedIps ?? [], subnet.id);
  // Where no router answers, the DHCP namespace does: the guest has to know that it is on the link.
  if (!routed && own !== null) routes.push([METADATA, own]);
  for (const other of network.subnets) {
    if (other.id !== subnet.id && other.ipVersion === 4) routes.push([other.cidr, "0.0.0.0"]);
  }
  if (routes.length > 0) {
    // A client that gets this option ignores the router option, so the default route is repeated in it.
    if (subnet.gatewayIp !== null) routes.push(["0.0.0.0/0", subnet.gatewayIp]);
    const list = routes.flat().join(",");
    lines.push(`${tag},option:classless-static-route,${list}`, `${tag},249,${list}`);
  }
  lines.push(subnet.gatewayIp === null ? `${tag},option:router` : `${tag},option:router,${subnet.gatewayIp}`);
  return lines;
}

function dhcpAddress(fixedIps: readonly FixedIp[], subnetId: string): string | null {
  return fixedIps.find((ip) => ip.subnetId === subnetId)?.address ?? null;
}

function isName(text: string): boolean {
  return /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?\.?$/i.test(text);
}
