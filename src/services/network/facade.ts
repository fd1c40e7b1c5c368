import type { RequestContext } from "../../kernel/auth/context.ts";
import type { FixedIp, MetadataHandler } from "./driver/driver.ts";

/**
 * The verbs other services may call. Every verb checks what its `context` may see and do, as the API would, and throws
 * the API's own ApiError (404 for what is not visible, 409 for conflicts, 403 for policy). `internalContext(...)` of the
 * kernel sees everything. Bodies use the API's attribute names, because their callers (nova's proxies, heat) speak them.
 */
export interface NetworkFacade {
  listNetworks(context: RequestContext, filters?: NetworkFilters): NetworkInfo[];
  /** By id. Errors: 404. */
  getNetwork(context: RequestContext, networkId: string): NetworkInfo;
  /**
   * What a guest without requested networks gets (nova's "networks: auto-less" boot): the project's own networks, or the
   * shared ones when it has none; external networks are left out unless they are shared. Networks without a subnet count too.
   */
  availableNetworks(context: RequestContext, projectId: string): NetworkInfo[];
  /**
   * `networks: auto`: the network to plug into, made when the project has none (network, subnet of the default pool,
   * router to the default external network). Errors: 409 when there is no default pool or external network.
   */
  autoAllocate(context: RequestContext, projectId: string): NetworkInfo;

  listPorts(context: RequestContext, filters?: PortFilters): PortInfo[];
  getPort(context: RequestContext, portId: string): PortInfo;
  /** On behalf of `projectId` (the guest's), whatever the context's own project. Errors: 404, 409 (IpAddressInUse, OverQuota…). */
  createPort(context: RequestContext, port: CreatePort): PortInfo;
  updatePort(context: RequestContext, portId: string, changes: UpdatePort): PortInfo;
  /** A port that is gone already is no error. */
  deletePort(context: RequestContext, portId: string): void;

  /**
   * Claims a port for a guest on this host: device_id, device_owner "compute:<zone>", binding:host_id. Resolves once the
   * bridge is there and the rules are ready to take the tap in, so that the guest can be started.
   * Errors: 404; 409 when the port belongs to another device.
   */
  bindPort(portId: string, binding: { deviceId: string; deviceOwner?: string; hostId?: string }): Promise<PortBinding>;
  /**
   * The same for all ports of a guest that is about to be started. Rules may come while it does: nothing passes a tap without them, and
   * `plugged` waits for them.
   */
  bindPorts(
    portIds: readonly string[],
    binding: { deviceId: string; deviceOwner?: string; hostId?: string },
  ): Promise<PortBinding[]>;
  /** What `bindPort` answered, again (a guest is started anew). Null when it is not bound. */
  binding(portId: string): PortBinding | null;
  /** The tap exists and is on its bridge: the port becomes ACTIVE when rules and lease are in place. Resolves then. */
  plugged(portIds: readonly string[]): Promise<void>;
  /** The tap is gone (guest stopped or interface detached); the port stays bound and becomes DOWN. */
  unplugged(portIds: readonly string[]): void;
  /**
   * The guest behind these ports is about to boot from another disk (rebuilt, rescued): by DHCPv6 it is somebody else, who would be
   * refused the addresses while its predecessor's leases last. They end before the next `bindPorts` resolves.
   */
  anotherGuest(portIds: readonly string[]): void;
  /** Releases a port that the user made: device_id, device_owner and binding are cleared. A port that is gone is no error. */
  unbindPort(portId: string): void;

  /** The NICs of guests, in the order they were attached; constant number of queries whatever the number of guests. Guests without a port are absent. */
  networkInfoForDevices(deviceIds: readonly string[]): Map<string, Vif[]>;
  /** Device ids with a port at this fixed address (exact) or address part (regexp-free substring), for nova's `ip` filter. */
  devicesByAddress(address: string, exact: boolean): string[];
  /** Who sends from `address`, seen in this network or behind this router. Null when nobody or not a guest. */
  findPortBySource(source: { networkId?: string; routerId?: string; address: string }): PortInfo | null;

  listFloatingIps(
    context: RequestContext,
    filters?: { address?: string; projectId?: string; portId?: string },
  ): FloatingIpInfo[];
  getFloatingIp(context: RequestContext, id: string): FloatingIpInfo;
  /** From the given external network (name or id), or the default one. Errors: 404, 409 (IpAddressGenerationFailure, OverQuota). */
  allocateFloatingIp(context: RequestContext, pool?: string): FloatingIpInfo;
  releaseFloatingIp(context: RequestContext, id: string): void;
  /** `fixedAddress` null: the port's first IPv4. `portId` null: takes it away. */
  associateFloatingIp(
    context: RequestContext,
    id: string,
    portId: string | null,
    fixedAddress?: string | null,
  ): FloatingIpInfo;
  /** Names of the external networks, nova's os-floating-ip-pools. */
  floatingIpPools(context: RequestContext): string[];

  listSecurityGroups(
    context: RequestContext,
    filters?: { name?: string; projectId?: string; ids?: readonly string[] },
  ): SecurityGroupInfo[];
  getSecurityGroup(context: RequestContext, id: string): SecurityGroupInfo;
  /** Names or ids → ids, among those of the project. Errors: 404; 409 when a name is ambiguous. */
  resolveSecurityGroups(context: RequestContext, projectId: string, namesOrIds: readonly string[]): string[];
  createSecurityGroup(context: RequestContext, group: { name: string; description: string }): SecurityGroupInfo;
  updateSecurityGroup(
    context: RequestContext,
    id: string,
    changes: { name?: string; description?: string },
  ): SecurityGroupInfo;
  deleteSecurityGroup(context: RequestContext, id: string): void;
  /** Errors: 404. */
  getSecurityGroupRule(context: RequestContext, id: string): SecurityGroupRuleInfo;
  createSecurityGroupRule(context: RequestContext, rule: CreateSecurityGroupRule): SecurityGroupRuleInfo;
  deleteSecurityGroupRule(context: RequestContext, id: string): void;

  /** Makes the desired state real now instead of soon, and waits for it; for tests and for orderly stops. */
  settled(): Promise<void>;
  /** Limits and use, for nova's limits and quota proxies: network, port, floatingip, security_group, security_group_rule, … */
  /** Gives what guests ask of 169.254.169.254 to `handler`; until then they hear 503. */
  serveMetadata(handler: MetadataHandler): void;
  quotas(projectId: string): Record<string, { limit: number; used: number }>;
}

export interface NetworkFilters {
  ids?: readonly string[];
  name?: string;
  projectId?: string;
  shared?: boolean;
  external?: boolean;
}

export interface NetworkInfo {
  id: string;
  name: string;
  projectId: string;
  adminStateUp: boolean;
  status: string;
  shared: boolean;
  external: boolean;
  isDefault: boolean;
  mtu: number;
  portSecurityEnabled: boolean;
  dnsDomain: string;
  subnetIds: string[];
}

export interface PortFilters {
  ids?: readonly string[];
  deviceId?: string;
  deviceOwner?: string;
  networkId?: string;
  projectId?: string;
}

export interface PortInfo {
  id: string;
  name: string;
  projectId: string;
  networkId: string;
  macAddress: string;
  adminStateUp: boolean;
  status: string;
  deviceId: string;
  deviceOwner: string;
  fixedIps: FixedIp[];
  securityGroupIds: string[];
  portSecurityEnabled: boolean;
  bindingHostId: string;
  vnicType: string;
  dnsName: string;
}

export interface CreatePort {
  networkId: string;
  projectId: string;
  name?: string;
  /** Fixed addresses wanted; none: one of each family, as neutron picks. */
  fixedIps?: readonly { subnetId?: string; address?: string }[];
  macAddress?: string;
  /** Ids. Absent: the project's default group. */
  securityGroupIds?: readonly string[];
  deviceId?: string;
  deviceOwner?: string;
  hostId?: string;
  /** The guest's host name, for DHCP. */
  dnsName?: string;
}

export interface UpdatePort {
  name?: string;
  fixedIps?: readonly { subnetId?: string; address?: string }[];
  securityGroupIds?: readonly string[];
  deviceId?: string;
  deviceOwner?: string;
  hostId?: string;
  dnsName?: string;
  macAddress?: string;
}

/** What libvirt needs to plug a guest in. */
export interface PortBinding {
  portId: string;
  networkId: string;
  /** Name of the tap device to make. */
  tap: string;
  /** The bridge to put it on. */
  bridge: string;
  mac: string;
  mtu: number;
  fixedIps: FixedIp[];
}

/** One NIC of a guest: what nova shows in `addresses` and puts into network_data.json. */
export interface Vif {
  portId: string;
  networkId: string;
  /** Label in `addresses`: the network's name. */
  networkName: string;
  mac: string;
  mtu: number;
  status: string;
  vnicType: string;
  tap: string;
  /** True: the addresses belong to an external network the project does not own. */
  external: boolean;
  securityGroupIds: string[];
  fixedIps: VifAddress[];
}

export interface VifAddress {
  address: string;
  version: 4 | 6;
  subnetId: string;
  cidr: string;
  prefixLength: number;
  gatewayIp: string | null;
  enableDhcp: boolean;
  ipv6AddressMode: string | null;
  dnsNameservers: string[];
  hostRoutes: { destination: string; nexthop: string }[];
  /** Floating addresses of this fixed one. */
  floatingIps: string[];
}

export interface FloatingIpInfo {
  id: string;
  projectId: string;
  address: string;
  networkId: string;
  /** Name of the external network: nova's "pool". */
  pool: string;
  portId: string | null;
  fixedAddress: string | null;
  status: string;
  /** device_id of the port, when a guest has it. */
  deviceId: string | null;
}

export interface SecurityGroupInfo {
  id: string;
  name: string;
  description: string;
  projectId: string;
  rules: SecurityGroupRuleInfo[];
}

export interface SecurityGroupRuleInfo {
  id: string;
  securityGroupId: string;
  projectId: string;
  direction: "ingress" | "egress";
  ethertype: "IPv4" | "IPv6";
  protocol: string | null;
  portRangeMin: number | null;
  portRangeMax: number | null;
  remoteIpPrefix: string | null;
  remoteGroupId: string | null;
}

export interface CreateSecurityGroupRule {
  securityGroupId: string;
  direction?: "ingress" | "egress";
  ethertype?: "IPv4" | "IPv6";
  protocol?: string | null;
  portRangeMin?: number | null;
  portRangeMax?: number | null;
  remoteIpPrefix?: string | null;
  remoteGroupId?: string | null;
}

declare module "../../kernel/module.ts" {
  interface Facades {
    network: NetworkFacade;
  }
}

declare module "../../kernel/events/events.ts" {
  interface Events {
    /** What a guest's NICs look like has changed: addresses, floating addresses, status. */
    "network.device.changed": { deviceId: string };
    /** Everything that shows the group by its name has to look anew. */
    "network.security_group.renamed": { groupId: string };
    /** Somebody deleted a port that a device uses, through the network API, or said that it is another device's or nobody's. */
    "network.port.withdrawn": { portId: string; deviceId: string };
  }
}
