import type { Route } from "../../../../host/net/ip.ts";
import type { DesiredRouter, DesiredRouterInterface } from "../driver.ts";
import { routerNamespace } from "../driver.ts";
import type { Bridges } from "./bridges.ts";
import { METADATA_ADDRESS, METADATA_ADDRESS_6, type MetadataListeners, metadataRoute6 } from "./metadata.ts";
import type { LinuxNetworkOptions } from "./options.ts";
import { ensurePlug, innerName, outerName, removePlug } from "./plug.ts";
import { metadataInterfaces6, routerRules, routerRules6 } from "./router-rules.ts";

const SYSCTLS = {
  "net.ipv4.ip_forward": 1,
  "net.ipv6.conf.all.forwarding": 1,
  "net.ipv6.conf.default.accept_ra": 0,
  "net.ipv4.conf.all.rp_filter": 0,
  "net.ipv4.conf.default.rp_filter": 0,
};

export interface RouterParts {
  bridges: Bridges;
  metadata: MetadataListeners;
  /** Work that nobody waits for. */
  background: (what: string, work: Promise<unknown>) => void;
}

/** Brings one router in line; `before` is what was applied last by this process, null at first or after damage. True when the set of bridges changed. */
export async function applyRouter(
  options: LinuxNetworkOptions,
  parts: RouterParts,
  desired: DesiredRouter,
  before: DesiredRouter | null,
): Promise<boolean> {
  const { host } = options;
  const router = desired.adminStateUp ? desired : { ...desired, ...NOTHING };
  const namespace = routerNamespace(router.id);
  const owner = `router:${router.id}`;
  if (await host.namespaces.ensure(namespace, owner, SYSCTLS)) {
    // Somebody deleted it: a process or socket of ours would keep the old one alive, nameless.
    await parts.metadata.close("router", router.id);
    await host.dnsmasq.remove(`ra-${router.id}`);
  }
  let changed = false;
  const ports: { port: DesiredRouterInterface; prefix: "qr" | "qg"; bridge: string }[] = [];
  for (const port of [...router.interfaces, ...(router.gateway === null ? [] : [router.gateway])]) {
    const prefix = port === router.gateway ? "qg" : "qr";
    const known = parts.bridges.get(port.networkId);
    const wanted = { external: known?.external ?? prefix === "qg", mtu: null, up: true };
    if (known === null) changed = (await parts.bridges.ensure(port.networkId, wanted)).changed || changed;
    ports.push({ port, prefix, bridge: parts.bridges.get(port.networkId)?.name ?? "" });
  }
  const [box, inner] = await Promise.all([host.ip.links(options.box), host.ip.links(namespace)]);
  const names = new Set(ports.map(({ port, prefix }) => innerName(prefix, port.portId)));
  for (const name of inner.keys()) {
    if (/^q[rg]-/.test(name) && !names.has(name))
      await removePlug(options, name.replace("qr-", "vr-").replace("qg-", "vg-"));
  }
  // Rules before addresses: a floating IP is never there untranslated, where the router itself would answer.
  const rulesChanged =
    before === null || JSON.stringify(routerRules(router)) !== JSON.stringify(routerRules(normal(before)));
  if (rulesChanged) await host.firewall.replace(namespace, 4, routerRules(router));
  const rules6 = routerRules6(router);
  if (before === null || JSON.stringify(rules6) !== JSON.stringify(routerRules6(normal(before))))
    await host.firewall.replace(namespace, 6, rules6).catch(async (error: unknown) => {
      options.log.warning(`no metadata by IPv6 behind router ${router.id}: ${String(error)}`);
      // A kernel that cannot show link-local addresses otherwise (NETMAP) can still do the rest.
      await host.firewall.replace(namespace, 6, routerRules6({ ...router, interfaces: [] }));
    });
  const metadata6 = metadataInterfaces6(router);
  // Of an interface that is to be made (again), too: its socket is bound to the one before.
  const kept = new Set(metadata6.map(({ device }) => device).filter((device) => inner.has(device)));
  await parts.metadata.closeOthers6("router", router.id, kept);
  const lost: string[] = [];
  const announce: [string, string][] = [];
  for (const { port, prefix, bridge } of ports) {
    const name = innerName(prefix, port.portId);
    const addresses = port.fixedIps.map(({ address, prefixLength }) => `${address}/${prefixLength}`);
    if (prefix === "qg") addresses.push(...floatingAddresses(router));
    if (metadata6.some(({ device }) => device === name)) addresses.push(`${METADATA_ADDRESS_6}/64`);
    const outer = outerName(prefix, port.portId);
    const plug = { namespace, inner: name, outer, mac: port.mac, mtu: port.mtu, bridge, addresses, owner };
    const { added, removed } = await ensurePlug(options, plug, { box, inner });
    if (added.includes(`${METADATA_ADDRESS_6}/64`)) await host.ip.batch(namespace, [metadataRoute6(name, port.portId)]);
    lost.push(...removed.map(bare));
    announce.push(...added.filter(isV4).map((address): [string, string] => [name, bare(address)]));
  }
  await applyRoutes(options, namespace, router, inner.get("lo")?.addresses ?? []);
  const gatewayName = router.gateway === null ? null : innerName("qg", router.gateway.portId);
  if (gatewayName !== null && !inner.has(gatewayName)) {
    // 169.254.169.254 is on the loopback: without this the router would claim it on the public network as well.
    await host.ip.sysctl(namespace, { [`net.ipv4.conf.${gatewayName}.arp_ignore`]: 1 });
  }
  if (rulesChanged) await cutTranslated(options, namespace, before === null ? null : normal(before), router, lost);
  for (const [device, address] of announce) {
    if (device === gatewayName) parts.background(`announce ${address}`, host.announce(namespace, device, address));
  }
  await applyAdvertisements(options, namespace, router, owner);
  if (router.interfaces.length > 0) parts.metadata.ensure("router", router.id, namespace);
  for (const { device, networkId } of metadata6)
    parts.metadata.ensure6("router", router.id, namespace, device, networkId);
  return changed;
}

export async function removeRouter(
  options: LinuxNetworkOptions,
  metadata: MetadataListeners,
  routerId: string,
): Promise<void> {
  const { host } = options;
  await metadata.close("router", routerId);
  await host.dnsmasq.remove(`ra-${routerId}`);
  for (const { name } of host.ledger.list({ kind: "veth", owner: `router:${routerId}` }))
    await host.ledger.remove("veth", name);
  await host.namespaces.remove(routerNamespace(routerId));
}

const NOTHING = { gateway: null, interfaces: [], routes: [], floatingIps: [], portForwardings: [] };
const normal = (router: DesiredRouter): DesiredRouter => (router.adminStateUp ? router : { ...router, ...NOTHING });
const bare = (address: string): string => address.slice(0, address.indexOf("/"));
const isV4 = (address: string): boolean => !address.includes(":");

function floatingAddresses({ floatingIps, portForwardings }: DesiredRouter): string[] {
  const all = [...floatingIps.map((ip) => ip.address), ...portForwardings.map((one) => one.externalAddress)];
  return [...new Set(all)].map((address) => `${address}/32`);
}

/** Default gateways and extra routes: what is `proto static` and not wanted goes. */
async function applyRoutes(
  { host, log }: LinuxNetworkOptions,
  namespace: string,
  router: DesiredRouter,
  loopback: readonly string[],
): Promise<void> {
  const wanted: Route[] = [];
  const device = router.gateway === null ? null : innerName("qg", router.gateway.portId);
  for (const nexthop of router.gateway?.defaultGateways ?? []) {
    const v4 = !nexthop.includes(":");
    wanted.push({ family: v4 ? 4 : 6, destination: v4 ? "0.0.0.0/0" : "::/0", nexthop, device });
  }
  for (const { destination, nexthop } of router.routes) {
    wanted.push({ family: destination.includes(":") ? 6 : 4, destination, nexthop, device: null });
  }
  const now = await host.ip.staticRoutes(namespace);
  const same = (one: Route, other: Route): boolean =>
    one.destination === other.destination && one.nexthop === other.nexthop;
  const commands: string[][] = [];
  if (!loopback.includes(`${METADATA_ADDRESS}/32`)) {
    commands.push(["address", "replace", `${METADATA_ADDRESS}/32`, "dev", "lo"]);
  }
  for (const route of now) {
    if (wanted.some((one) => same(one, route))) continue;
    const via = route.nexthop === null ? [] : ["via", route.nexthop];
    commands.push(["route", "del", route.destination, ...via, "proto", "static"]);
  }
  await host.ip.batch(namespace, commands);
  for (const route of wanted) {
    if (now.some((one) => same(one, route)) || route.nexthop === null) continue;
    const where = route.device === null ? [] : ["dev", route.device, "onlink"];
    const words = ["route", "replace", route.destination, "via", route.nexthop, ...where, "proto", "static"];
    // One at a time: a next hop that cannot be reached (yet) must not keep the others out.
    await host.ip.batch(namespace, [words]).catch((error: unknown) => {
      log.warning(`route ${route.destination} via ${route.nexthop} of router ${router.id}: ${String(error)}`);
    });
  }
}

/** Connections through translations that are no more would go on by the kernel's memory of them. */
async function cutTranslated(
  { host }: LinuxNetworkOptions,
  namespace: string,
  before: DesiredRouter | null,
  after: DesiredRouter,
  lostAddresses: readonly string[],
): Promise<void> {
  const lost = new Set(lostAddresses);
  for (const { address, fixedAddress } of before?.floatingIps ?? []) {
    const stays = after.floatingIps.some((one) => one.address === address && one.fixedAddress === fixedAddress);
    if (!stays) lost.add(address);
  }
  const forwards = (before?.portForwardings ?? []).filter(
    (old) => !after.portForwardings.some((one) => JSON.stringify(one) === JSON.stringify(old)),
  );
  for (const { externalAddress } of forwards) lost.add(externalAddress);
  for (const { address } of before?.gateway?.fixedIps ?? []) {
    if (!after.gateway?.enableSnat || !after.gateway.fixedIps.some((ip) => ip.address === address)) lost.add(address);
  }
  if (lost.size === 0) return;
  const connections = await host.firewall.conntrack.list(namespace, 4);
  const dead = connections.filter(
    ({ destination, replyDestination }) => lost.has(destination) || lost.has(replyDestination),
  );
  await host.firewall.conntrack.cut(namespace, dead);
}

/** Router advertisements, by a dnsmasq that does nothing else. */
async function applyAdvertisements(
  { host }: LinuxNetworkOptions,
  namespace: string,
  router: DesiredRouter,
  owner: string,
): Promise<void> {
  const key = `ra-${router.id}`;
  const config: string[] = [];
  for (const port of router.interfaces) {
    if (port.advertise.length === 0) continue;
    const device = innerName("qr", port.portId);
    // Every 30 to 100 s as radvd does for Neutron; a guest that asks gets one at once.
    config.push(`interface=${device}`, `ra-param=${device},mtu:${port.mtu},60,1800`);
    for (const [index, { cidr, mode, dnsNameservers }] of port.advertise.entries()) {
      const [prefix = "", length = "64"] = cidr.split("/");
      const tag = `${device}-${index}`;
      const word = { slaac: "ra-only", "dhcpv6-stateless": "ra-stateless", "dhcpv6-stateful": "static" }[mode];
      config.push(`dhcp-range=set:${tag},${prefix},${word},${length},86400s`);
      const servers = dnsNameservers.filter((server) => server.includes(":")).map((server) => `[${server}]`);
      if (servers.length > 0) config.push(`dhcp-option=tag:${tag},option6:dns-server,${servers.join(",")}`);
    }
  }
  if (config.length === 0) {
    await host.dnsmasq.remove(key);
    return;
  }
  const common = ["no-hosts", "no-resolv", "port=0", "bind-dynamic", "except-interface=lo", "enable-ra"];
  await host.dnsmasq.apply(
    key,
    namespace,
    { config: [...common, ...config], hosts: [], options: [], names: [] },
    owner,
  );
}
