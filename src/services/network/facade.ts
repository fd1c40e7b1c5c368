import type { RequestContext } from "../../kernel/auth/context.ts";
import type { FixedIp, MetadataHandler } from "./driver/driver.ts";

/**
 * What no API has: plugging guests in, and looking things up at once, in the midst of the caller's own transaction. What a client could ask
 * for goes by `kernel.call`. Verbs with a `context` see what it may see; none asks policies, so their callers are those who have asked.
 * Errors are the API's own ApiErrors.
 */
export interface NetworkFacade {
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
  /** Who sends from `address`, seen in this network or behind this router. Null when nobody or not a guest. */
  findPortBySource(source: { networkId?: string; routerId?: string; address: string }): PortInfo | null;

  /** Names or ids → ids, among those of the project. Errors: 404; 409 when a name is ambiguous. */
  resolveSecurityGroups(context: RequestContext, projectId: string, namesOrIds: readonly string[]): string[];
  /** Id → name, of those that there are; whose they are does not matter. */
  securityGroupNames(groupIds: readonly string[]): Map<string, string>;

  /** Makes the desired state real now instead of soon, and waits for it; for tests and for orderly stops. */
  settled(): Promise<void>;
  /** Gives what guests ask of 169.254.169.254 to `handler`; until then they hear 503. */
  serveMetadata(handler: MetadataHandler): void;
  /** Limits and use, for nova's limits and quota proxies: network, port, floatingip, security_group, security_group_rule, … */
  quotas(projectId: string): Record<string, { limit: number; used: number }>;
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

declare module "../../kernel/module.ts" {
  interface Facades {
    network: NetworkFacade;
  }
}

declare module "../../kernel/events/events.ts" {
  interface Events {
    /**
     * What these guests' NICs look like has changed: addresses, floating addresses, groups, status, and what their networks and subnets say.
     * Whoever keeps that (`networkInfoForDevices`) has to look anew; nothing else tells.
     */
    "network.devices.changed": { deviceIds: readonly string[] };
    /** Everything that shows the group by its name has to look anew. */
    "network.security_group.renamed": { groupId: string };
    /** Somebody deleted a port that a device uses, through the network API, or said that it is another device's or nobody's. */
    "network.port.withdrawn": { portId: string; deviceId: string };
  }
}
