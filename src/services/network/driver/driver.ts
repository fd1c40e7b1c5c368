import type { Socket } from "node:net";

/**
 * The data plane as the network service sees it: desired state goes in as plain data, rendered from the database, and
 * the driver brings the host in line with it. Every `apply…` is idempotent and complete (what is not in the data is
 * taken away), so that a live change, a start after a crash and a start after a reboot are the same code.
 */
export interface NetworkDriver {
  /** Bridge, DHCP server and its namespace of one network. */
  applyNetwork(network: DesiredNetwork): Promise<void>;
  removeNetwork(networkId: string): Promise<void>;
  /** Namespace, interfaces, routes, NAT and metadata proxy of one router. */
  applyRouter(router: DesiredRouter): Promise<void>;
  removeRouter(routerId: string): Promise<void>;
  /**
   * Security groups and anti-spoofing of all guest ports of the host, atomically: one restore whatever their number.
   * Connections that the new rules no longer allow are cut.
   */
  applyFirewall(firewall: DesiredFirewall): Promise<void>;
  /** Which guest taps exist now: interface names as `tapDevice` makes them. Null where guests have none. */
  listTaps(): Promise<ReadonlySet<string> | null>;
  /** Takes away bridges, namespaces and taps of ours that belong to nothing in these sets (after a crash). */
  prune(keep: { networkIds: ReadonlySet<string>; routerIds: ReadonlySet<string> }): Promise<void>;
  /**
   * Who answers http://169.254.169.254:80 in all router and DHCP namespaces; set it before `start`. There is no proxy
   * process and no address translation: the program itself holds the listening sockets inside the namespaces, so the
   * socket on which a connection arrives tells the router or network, and the peer address is the guest's own (anti-spoofing
   * keeps it true). Nothing that a guest sends is needed to know it. Give the socket to an HTTP server that does not
   * listen: `httpServer.emit("connection", socket)`, and keep `source` in a WeakMap by socket.
   */
  serveMetadata(handler: MetadataHandler): void;
  /**
   * Somebody else flushed rules, killed dnsmasq or removed a bridge. The driver has applied its last desired state again
   * already when this is called; `repaired` is false when that failed (it is tried again at the next look).
   */
  onDamage(
    listener: (damage: {
      kind: "firewall" | "network" | "router";
      id: string | null;
      what: string;
      repaired: boolean;
    }) => void,
  ): () => void;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Where a metadata request came from: addresses are unique within a router, and within a network. */
export interface MetadataSource {
  kind: "router" | "network";
  /** Of the router or the network. */
  id: string;
  /** The guest's fixed address. */
  address: string;
}

export type MetadataHandler = (socket: Socket, source: MetadataSource) => void;

export interface FixedIp {
  subnetId: string;
  address: string;
  prefixLength: number;
}

export interface DesiredSubnet {
  id: string;
  cidr: string;
  ipVersion: 4 | 6;
  gatewayIp: string | null;
  enableDhcp: boolean;
  dnsNameservers: readonly string[];
  hostRoutes: readonly { destination: string; nexthop: string }[];
  ipv6AddressMode: "slaac" | "dhcpv6-stateful" | "dhcpv6-stateless" | null;
  ipv6RaMode: "slaac" | "dhcpv6-stateful" | "dhcpv6-stateless" | null;
}

/** One DHCP client. */
export interface DesiredLease {
  portId: string;
  mac: string;
  /** "host-10-0-0-5", or the port's dns_name. */
  hostname: string;
  fixedIps: readonly FixedIp[];
  /** Another number is another guest: what a former one leased by DHCPv6, by an identity of its own, is given up. */
  formerGuests: number;
  /** The port's extra_dhcp_opts. */
  options: readonly { name: string; value: string; ipVersion: 4 | 6 }[];
}

export interface DesiredNetwork {
  id: string;
  projectId: string;
  mtu: number;
  /** The flat external network: its bridge is PUBLIC_BRIDGE, with the gateway address on it. */
  external: boolean;
  adminStateUp: boolean;
  dnsDomain: string;
  subnets: readonly DesiredSubnet[];
  /** The network:dhcp port, or null when no subnet has DHCP. It also answers metadata where no router does. */
  dhcp: { portId: string; mac: string; fixedIps: readonly FixedIp[] } | null;
  leases: readonly DesiredLease[];
}

export interface DesiredRouterInterface {
  portId: string;
  networkId: string;
  mac: string;
  mtu: number;
  fixedIps: readonly FixedIp[];
  /** Router advertisements to send on it; empty when none. */
  advertise: readonly {
    cidr: string;
    mode: "slaac" | "dhcpv6-stateful" | "dhcpv6-stateless";
    dnsNameservers: readonly string[];
  }[];
}

export interface DesiredRouter {
  id: string;
  projectId: string;
  adminStateUp: boolean;
  gateway: (DesiredRouterInterface & { enableSnat: boolean; defaultGateways: readonly string[] }) | null;
  interfaces: readonly DesiredRouterInterface[];
  routes: readonly { destination: string; nexthop: string }[];
  floatingIps: readonly { id: string; address: string; fixedAddress: string }[];
  portForwardings: readonly {
    protocol: "tcp" | "udp";
    externalAddress: string;
    externalPort: string;
    internalAddress: string;
    internalPort: string;
  }[];
}

export interface DesiredRule {
  id: string;
  direction: "ingress" | "egress";
  ethertype: "IPv4" | "IPv6";
  /** A name or number as stored ("tcp", "icmp", "ipv6-icmp", "47"); null for any. */
  protocol: string | null;
  /** For ICMP: type and code. */
  portRangeMin: number | null;
  portRangeMax: number | null;
  /** A CIDR, or null. */
  remoteIpPrefix: string | null;
  /** Members' addresses are in DesiredFirewall.groups. */
  remoteGroupId: string | null;
}

export interface DesiredPortFirewall {
  portId: string;
  networkId: string;
  mac: string;
  fixedIps: readonly FixedIp[];
  allowedAddressPairs: readonly { mac: string; cidr: string }[];
  /** False: no rules and no anti-spoofing at all. */
  portSecurityEnabled: boolean;
  securityGroupIds: readonly string[];
  /** Its groups follow no connections: an answer needs a rule of its own. */
  stateless: boolean;
}

export interface DesiredFirewall {
  ports: readonly DesiredPortFirewall[];
  /** Security groups in use by those ports, and every group their rules point to. */
  groups: readonly { id: string; rules: readonly DesiredRule[]; memberAddresses: readonly string[] }[];
}

/**
 * Interface names have at most 15 characters; these are Neutron's, known from books. Only guests' interfaces are called
 * tap…: one that no applied port owns passes nothing at all, so a guest may be plugged in before its port is applied.
 */
export const tapDevice = (portId: string): string => `tap${portId.slice(0, 11)}`;
export const bridgeName = (networkId: string): string => `brq${networkId.slice(0, 11)}`;
export const routerNamespace = (routerId: string): string => `qrouter-${routerId}`;
export const dhcpNamespace = (networkId: string): string => `qdhcp-${networkId}`;
