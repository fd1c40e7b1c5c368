import { contains, parseBlock } from "../../../../kernel/config/addresses.ts";
import type { DesiredNetwork, DesiredSubnet } from "../driver.ts";
import { dhcpNamespace } from "../driver.ts";
import type { Bridges } from "./bridges.ts";
import { dhcpFiles, isServed } from "./dhcp-files.ts";
import { unservedOptions } from "./dhcp-options.ts";
import {
  METADATA_ADDRESS,
  METADATA_ADDRESS_6,
  type MetadataListeners,
  metadataRoute6,
  metadataRules6,
} from "./metadata.ts";
import type { LinuxNetworkOptions } from "./options.ts";
import { addressChanges, ensurePlug, innerName, outerName, removePlug } from "./plug.ts";

const SYSCTLS = {
  "net.ipv4.ip_forward": 0,
  "net.ipv6.conf.all.forwarding": 0,
  // Its addresses are given; a router's advertisement must not add others.
  "net.ipv6.conf.default.accept_ra": 0,
  // Seen from a guest with two networks, answers may come by another interface than the kernel expects.
  "net.ipv4.conf.all.rp_filter": 0,
};

export interface NetworkParts {
  bridges: Bridges;
  metadata: MetadataListeners;
  isRouted: (networkId: string, subnet: DesiredSubnet) => boolean;
}

/** Brings bridge and DHCP server of one network in line. True when the set of bridges changed. */
export async function applyNetwork(
  options: LinuxNetworkOptions,
  parts: NetworkParts,
  network: DesiredNetwork,
  before: DesiredNetwork | null,
): Promise<boolean> {
  const { host, box } = options;
  const wanted = { external: network.external, mtu: network.mtu, up: network.adminStateUp };
  const { bridge, links, changed } = await parts.bridges.ensure(network.id, wanted);
  if (network.external && options.publicGateway) {
    const gateways = gatewayAddresses(network);
    const old = before === null ? [] : gatewayAddresses(before);
    const now = (links.get(bridge.name)?.addresses ?? []).filter((one) => gateways.includes(one) || old.includes(one));
    const { add, remove } = addressChanges(bridge.name, now, gateways);
    const [apart, former] = [rangesApart(network), before === null ? [] : rangesApart(before)];
    await host.ip.batch(box, [
      ...add.commands,
      ...apart.map((range) => ["route", "replace", range, "dev", bridge.name]),
      ...remove.commands,
    ]);
    for (const range of former.filter((one) => !apart.includes(one))) {
      // It may have gone with the bridge.
      await host.ip.batch(box, [["route", "del", range, "dev", bridge.name]]).catch(() => {});
    }
  }
  const namespace = dhcpNamespace(network.id);
  if (!hasDhcp(network)) {
    await removeDhcp(options, parts.metadata, network.id);
    return changed;
  }
  const owner = `network:${network.id}`;
  if (await host.namespaces.ensure(namespace, owner, SYSCTLS)) {
    // Somebody deleted it: a process or socket of ours would keep the old one alive, nameless.
    await parts.metadata.close("network", network.id);
    await host.dnsmasq.remove(network.id);
  }
  const { portId, mac, fixedIps } = network.dhcp;
  const device = innerName("ns", portId);
  const inner = await host.ip.links(namespace);
  const addresses = fixedIps.map(({ address, prefixLength }) => `${address}/${prefixLength}`);
  // A router has the address on the network's wire where there is one: only one may.
  const v6 = network.subnets.filter((subnet) => subnet.ipVersion === 6);
  const metadata6 =
    fixedIps.some(({ address }) => address.includes(":")) && v6.every((subnet) => !parts.isRouted(network.id, subnet));
  if (metadata6) addresses.push(`${METADATA_ADDRESS_6}/64`);
  const outer = outerName("ns", portId);
  const plug = { namespace, inner: device, outer, mac, mtu: network.mtu, bridge: bridge.name, addresses, owner };
  for (const name of inner.keys()) {
    if (name.startsWith("ns-") && name !== device) await removePlug(options, name.replace("ns-", "vd-"));
  }
  const { added, removed } = await ensurePlug(options, plug, { box: links, inner });
  const extra: string[][] = [];
  if (!metadata6 || !inner.has(device)) await parts.metadata.closeOthers6("network", network.id, new Set());
  if (added.includes(`${METADATA_ADDRESS_6}/64`)) {
    await host.firewall.replace(namespace, 6, [metadataRules6([{ device, portId }])]).catch((error: unknown) => {
      options.log.warning(`no metadata by IPv6 on network ${network.id}: ${String(error)}`);
    });
    extra.push(metadataRoute6(device, portId));
  }
  if (!inner.get("lo")?.addresses.includes(`${METADATA_ADDRESS}/32`)) {
    extra.push(["address", "replace", `${METADATA_ADDRESS}/32`, "dev", "lo"]);
  }
  const gateways = (of: DesiredNetwork) =>
    ([4, 6] as const).map(
      (version) => of.subnets.find((one) => one.ipVersion === version && hasAddress(of, one))?.gatewayIp,
    );
  const unchanged = before !== null && `${gateways(before)}` === `${gateways(network)}`;
  if (added.length > 0 || removed.length > 0 || !unchanged) {
    for (const gateway of gateways(network)) {
      // For name lookups only; a gateway outside of the subnet would be refused, hence onlink.
      if (gateway != null) extra.push(["route", "replace", "default", "via", gateway, "dev", device, "onlink"]);
    }
  }
  await host.ip.batch(namespace, extra);
  await applyLeases(options, parts, network, before);
  const isolated = network.subnets.some((subnet) => subnet.ipVersion === 4 && !parts.isRouted(network.id, subnet));
  // Never taken back while the network lives: guests keep the route from their lease after a router has come.
  if (isolated) parts.metadata.ensure("network", network.id, namespace);
  if (metadata6) parts.metadata.ensure6("network", network.id, namespace, device, network.id);
  return changed;
}

/** The DHCP server's files. Of a network that is as before but for its leases, this is all there is to do. */
export async function applyLeases(
  options: LinuxNetworkOptions,
  parts: Pick<NetworkParts, "isRouted">,
  network: DesiredNetwork,
  before: DesiredNetwork | null,
): Promise<void> {
  if (!hasDhcp(network)) return;
  const files = dhcpFiles(network, innerName("ns", network.dhcp.portId), {
    upstreamDns: options.upstreamDns,
    leaseDuration: options.leaseDuration,
    isRouted: (subnet) => parts.isRouted(network.id, subnet),
  });
  await options.host.dnsmasq.apply(network.id, dhcpNamespace(network.id), files, `network:${network.id}`);
  const said = new Set(before === null ? [] : unservedOptions(before.leases));
  for (const note of unservedOptions(network.leases)) if (!said.has(note)) options.log.warning(note);
}

/** What everything but the leases is made of: equal texts, equal work. */
export function wiringOf(network: DesiredNetwork, { isRouted }: Pick<NetworkParts, "isRouted">): string {
  const routed = network.subnets.map((subnet) => isRouted(network.id, subnet));
  return JSON.stringify([{ ...network, leases: [] }, routed]);
}

const hasDhcp = (network: DesiredNetwork): network is DesiredNetwork & { dhcp: object } =>
  network.dhcp !== null && network.adminStateUp && network.subnets.some(isServed);

export async function removeNetwork(
  options: LinuxNetworkOptions,
  parts: { bridges: Bridges; metadata: MetadataListeners },
  networkId: string,
): Promise<void> {
  await removeDhcp(options, parts.metadata, networkId);
  await parts.bridges.remove(networkId);
}

async function removeDhcp(options: LinuxNetworkOptions, metadata: MetadataListeners, networkId: string): Promise<void> {
  const { host } = options;
  await metadata.close("network", networkId);
  await host.dnsmasq.remove(networkId);
  const owner = `network:${networkId}`;
  for (const { name } of host.ledger.list({ kind: "veth", owner })) await host.ledger.remove("veth", name);
  await host.namespaces.remove(dhcpNamespace(networkId));
}

function hasAddress(network: DesiredNetwork, subnet: DesiredSubnet): boolean {
  return network.dhcp?.fixedIps.some(({ subnetId }) => subnetId === subnet.id) ?? false;
}

/** With the subnet's length, so that its addresses are reached from here; one that lies outside of it has a route for that. */
function gatewayAddresses(network: DesiredNetwork): string[] {
  return network.subnets.flatMap(({ gatewayIp, cidr, ipVersion }) => {
    if (gatewayIp === null) return [];
    return [
      isOutside(gatewayIp, cidr) ? `${gatewayIp}/${ipVersion === 4 ? 32 : 128}` : `${gatewayIp}/${cidr.split("/")[1]}`,
    ];
  });
}

function isOutside(address: string, cidr: string): boolean {
  const block = parseBlock(cidr);
  return block !== null && !contains(block, address);
}

/** Ranges that the addresses on the bridge do not bring a route to. */
const rangesApart = (network: DesiredNetwork): string[] =>
  network.subnets.flatMap(({ gatewayIp, cidr }) => (gatewayIp !== null && isOutside(gatewayIp, cidr) ? [cidr] : []));
