import type { Server } from "../../api/compute.ts";
import type { Network, Port, Router, Subnet } from "../../api/network.ts";

/** What a project's network is made of, as the APIs list it. */
export interface Parts {
  readonly networks: readonly Network[];
  readonly subnets: readonly Subnet[];
  readonly routers: readonly Router[];
  readonly ports: readonly Port[];
  readonly servers: readonly Server[];
}

export type Thing =
  | { readonly kind: "network"; readonly id: string; readonly network: Network; readonly cidrs: readonly string[] }
  | { readonly kind: "router"; readonly id: string; readonly router: Router }
  | { readonly kind: "server"; readonly id: string; readonly server: Server; readonly addresses: readonly string[] }
  /** Servers that are on the same networks, where there are so many that nobody could tell them apart. */
  | { readonly kind: "servers"; readonly id: string; readonly servers: readonly Server[] }
  | { readonly kind: "port"; readonly id: string; readonly port: Port };

/** From a way out inwards: an external network to a router, a router to a network, a network to who is on it. */
export interface Line {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly addresses: readonly string[];
}

export interface Topology {
  readonly things: readonly Thing[];
  readonly lines: readonly Line[];
}

/** More servers than these on the same networks are one node. */
const MOST_ALONE = 24;

const addressesOf = ({ fixed_ips }: Port): string[] => fixed_ips.map(({ ip_address }) => ip_address);

/** What of the parts is the project's own, or a network that it may use, and how it hangs together. */
export function topologyOf({ networks, subnets, routers, ports, servers }: Parts, project: string): Topology {
  const own = ports.filter(({ project_id, device_owner }) => project_id === project || device_owner === "");
  const lines: Line[] = [];
  const ownRouters = routers.filter(({ project_id }) => project_id === project);
  const routerIds = new Set(ownRouters.map(({ id }) => id));
  for (const { id, external_gateway_info: gateway } of ownRouters)
    if (gateway !== null)
      lines.push({
        id: `gateway ${id}`,
        from: gateway.network_id,
        to: id,
        addresses: gateway.external_fixed_ips.map(({ ip_address }) => ip_address),
      });
  // Ports of a router's gateway belong to nobody and are told of by the router.
  for (const port of ports)
    if (routerIds.has(port.device_id) && port.device_owner !== "network:router_gateway")
      lines.push({ id: port.id, from: port.device_id, to: port.network_id, addresses: addressesOf(port) });

  const portsOf = Map.groupBy(
    own.filter(({ device_owner }) => device_owner.startsWith("compute:")),
    ({ device_id }) => device_id,
  );
  const placed = Map.groupBy(servers, ({ id }) =>
    [...new Set((portsOf.get(id) ?? []).map(({ network_id }) => network_id))].sort().join(" "),
  );
  const guests: Thing[] = [];
  for (const [where, group] of placed) {
    const nets = where === "" ? [] : where.split(" ");
    if (group.length > MOST_ALONE) {
      const id = `servers ${where}`;
      guests.push({ kind: "servers", id, servers: group });
      for (const net of nets) lines.push({ id: `${net} ${id}`, from: net, to: id, addresses: [] });
      continue;
    }
    for (const server of group) {
      const mine = portsOf.get(server.id) ?? [];
      guests.push({ kind: "server", id: server.id, server, addresses: mine.flatMap(addressesOf) });
      for (const port of mine)
        lines.push({ id: port.id, from: port.network_id, to: server.id, addresses: addressesOf(port) });
    }
  }
  const free = own.filter(({ device_owner, project_id }) => device_owner === "" && project_id === project);
  for (const port of free)
    lines.push({ id: port.id, from: port.network_id, to: port.id, addresses: addressesOf(port) });

  const joined = joinedOf(lines);
  const used = new Set(joined.flatMap(({ from, to }) => [from, to]));
  const shown = networks.filter(
    (one) => one.project_id === project || used.has(one.id) || one.shared || one["router:external"],
  );
  const cidrs = Map.groupBy(subnets, ({ network_id }) => network_id);
  const toThing = (network: Network): Thing => ({
    kind: "network",
    id: network.id,
    network,
    cidrs: (cidrs.get(network.id) ?? []).map(({ cidr }) => cidr),
  });
  return {
    things: [
      ...shown.filter((one) => one["router:external"]).map(toThing),
      ...ownRouters.map((router): Thing => ({ kind: "router", id: router.id, router })),
      ...shown.filter((one) => !one["router:external"]).map(toThing),
      ...guests,
      ...free.map((port): Thing => ({ kind: "port", id: port.id, port })),
    ],
    lines: joined,
  };
}

/** Two ports between the same two, one of each version of IP, are one line. */
function joinedOf(lines: readonly Line[]): Line[] {
  const found = new Map<string, Line>();
  for (const line of lines) {
    const key = `${line.from} ${line.to}`;
    const before = found.get(key);
    found.set(key, before === undefined ? line : { ...before, addresses: [...before.addresses, ...line.addresses] });
  }
  return [...found.values()];
}

export const nameOf = (thing: Thing): string => {
  switch (thing.kind) {
    case "network":
      return thing.network.name || thing.id;
    case "router":
      return thing.router.name || thing.id;
    case "server":
      return thing.server.name;
    case "servers":
      return String(thing.servers.length);
    case "port":
      return thing.port.name || addressesOf(thing.port)[0] || thing.id;
  }
};
