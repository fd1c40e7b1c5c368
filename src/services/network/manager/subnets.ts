import { isDeepStrictEqual } from "node:util";
import type { RequestContext } from "../../../kernel/auth/context.ts";
import type { Range } from "../../../kernel/db/list.ts";
import { conflict } from "../../../kernel/errors.ts";
import { badResource, disallowed, subnetInUse, subnetNotFound } from "../errors.ts";
import type { HostRoute, Ipv6Mode, NetworkRow, Pool, SubnetPoolRow, SubnetRow } from "../store/rows.ts";
import { lent, sharedWith, visible } from "../store/visible.ts";
import { networkText, readPrefix } from "../values/prefix.ts";
import { blockOf, defaultPools, eui64, isAutoAddress, keyed, numberOf } from "./addresses.ts";
import {
  type Collection,
  type Core,
  checkQuotas,
  type Described,
  type Filters,
  revise,
  scopeOf,
  seesAll,
  sharedIds,
  standard,
  tellOfDevices,
  tellOfNetwork,
} from "./core.ts";
import { ensureDhcpPort } from "./dhcp.ts";
import { Ipam, serves } from "./ipam.ts";
import { AUTO_DELETED_OWNERS, type NetworkManager } from "./networks.ts";
import type { SubnetPoolManager } from "./subnet-pools.ts";
import {
  checkDhcpUpdate,
  checkGatewayOutOfPools,
  checkOverlap,
  checkPools,
  checkSubnet,
  defaultGateway,
} from "./subnet-rules.ts";

/** The caller's, those of the caller's networks, and those of shared ones; an external network's are its owner's business. */
const WAYS = [sharedWith("network", "network_id"), lent];

export interface NewSubnet extends Described {
  network_id: string;
  name?: string;
  ip_version?: 4 | 6;
  cidr?: string | null;
  prefixlen?: number | null;
  subnetpool_id?: string | null;
  use_default_subnetpool?: boolean;
  /** Null: none; undefined: the first address. */
  gateway_ip?: string | null;
  enable_dhcp?: boolean;
  ipv6_ra_mode?: Ipv6Mode | null;
  ipv6_address_mode?: Ipv6Mode | null;
  allocation_pools?: Pool[];
  dns_nameservers?: string[];
  host_routes?: HostRoute[];
  service_types?: string[];
}
export type SubnetChanges = Partial<
  Pick<
    SubnetRow,
    | "name"
    | "description"
    | "enable_dhcp"
    | "gateway_ip"
    | "allocation_pools"
    | "host_routes"
    | "dns_nameservers"
    | "service_types"
  >
>;

/** What a guest's NIC shows of the subnets that its addresses are of (`VifAddress`). */
const SHOWN_BY_GUESTS = [
  "gateway_ip",
  "enable_dhcp",
  "dns_nameservers",
  "host_routes",
] as const satisfies readonly (keyof SubnetRow)[];

export class SubnetManager implements Collection {
  readonly quota = "subnet";
  readonly #core: Core;
  readonly #networks: NetworkManager;
  readonly #pools: SubnetPoolManager;

  constructor(core: Core, networks: NetworkManager, pools: SubnetPoolManager) {
    this.#core = core;
    this.#networks = networks;
    this.#pools = pools;
  }

  list(context: RequestContext, filters: Filters = new Map(), range?: Range): SubnetRow[] {
    return this.#core.store.lists.subnets.rows(filters, visible(scopeOf(context), ...WAYS), range);
  }

  get(context: RequestContext, id: string): SubnetRow {
    const [row] = this.list(context, new Map([["id", [id]]]));
    if (row === undefined) throw subnetNotFound(id);
    return row;
  }

  /** Networks of the subnets that are shared with the caller. */
  sharedNetworks(context: RequestContext, rows: readonly SubnetRow[]): ReadonlySet<string> {
    const networks = [...new Set(rows.map((row) => row.network_id))].map((id) => ({ id }));
    return sharedIds(this.#core, context, networks);
  }

  /** Its own project, and its network's. */
  owners({ network_id, project_id }: SubnetRow): readonly string[] {
    const network = this.#core.store.networks.get(network_id);
    return network === undefined ? [project_id] : [project_id, network.project_id];
  }

  create(context: RequestContext, wanted: readonly NewSubnet[]): SubnetRow[] {
    return this.#core.kernel.db.transaction(() => {
      checkQuotas(this.#core, this.quota, wanted);
      return wanted.map((one) => this.#insert(context, one));
    });
  }

  #insert(context: RequestContext, wanted: NewSubnet): SubnetRow {
    const { store, kernel } = this.#core;
    const network = this.#networks.get(context, wanted.network_id);
    if (!seesAll(context) && network.project_id !== context.projectId) {
      throw disallowed("rule:create_subnet");
    }
    const { cidr, pool, version } = this.#range(context, wanted);
    const others = store.subnets.list({ network_id: network.id }, "id");
    checkOverlap(cidr, network.id, others);
    this.#pools.checkAffinity(pool, version, others);
    const sentPools = wanted.allocation_pools;
    const chosenByPool = pool !== null && wanted.cidr == null;
    const gateway = wanted.gateway_ip === undefined ? defaultGateway(cidr, chosenByPool) : wanted.gateway_ip;
    const row: SubnetRow = {
      ...standard(this.#core, wanted),
      name: wanted.name ?? "",
      network_id: network.id,
      ip_version: version,
      cidr,
      gateway_ip: gateway,
      enable_dhcp: wanted.enable_dhcp ?? true,
      ipv6_ra_mode: wanted.ipv6_ra_mode ?? null,
      ipv6_address_mode: wanted.ipv6_address_mode ?? null,
      subnetpool_id: pool?.id ?? null,
      allocation_pools: [],
      dns_nameservers: wanted.dns_nameservers ?? [],
      host_routes: wanted.host_routes ?? [],
      service_types: wanted.service_types ?? [],
    };
    checkSubnet(row, "new subnet", kernel.settings.network);
    if (sentPools !== undefined) checkPools(sentPools, cidr);
    row.allocation_pools = sentPools === undefined ? defaultPools(blockOf(cidr), gateway) : inOrder(sentPools);
    if (sentPools !== undefined) checkGatewayOutOfPools(gateway, sentPools);
    store.subnets.insert(row);
    if (isAutoAddress(row)) {
      this.#addAutoAddresses(row);
      tellOfNetwork(this.#core, network.id);
    }
    if (network.external) this.#addGatewayAddresses(row);
    this.#changed(network);
    return row;
  }

  /** Where the addresses come from: `cidr`, or a prefix of a pool (the one around `gateway_ip`, where that is said). Errors: 400. */
  #range(context: RequestContext, wanted: NewSubnet): { cidr: string; pool: SubnetPoolRow | null; version: 4 | 6 } {
    const { cidr = null, prefixlen = null, ip_version: version } = wanted;
    if (cidr !== null && prefixlen !== null)
      throw badResource("subnets", "cidr and prefixlen must not be supplied together");
    const pool = this.#poolOf(context, wanted, cidr, version);
    if (pool === null) {
      if (cidr === null) throw badResource("subnets", "a subnetpool must be specified in the absence of a cidr");
      return { cidr, pool, version: version ?? (cidr.includes(":") ? 6 : 4) };
    }
    if (cidr === null && wanted.allocation_pools !== undefined)
      throw badResource("subnets", "allocation_pools allowed only for specific subnet requests");
    if (version !== undefined && pool.ip_version !== version) {
      throw badResource("subnets", `Cannot allocate IPv${version} subnet from IPv${pool.ip_version} subnet pool`);
    }
    const range = cidr ?? aroundGateway(wanted.gateway_ip, pool, prefixlen);
    return {
      cidr: this.#pools.allocate(pool, wanted.project_id, range, prefixlen),
      pool,
      version: pool.ip_version,
    };
  }

  #poolOf(
    context: RequestContext,
    wanted: NewSubnet,
    cidr: string | null,
    version: 4 | 6 | undefined,
  ): SubnetPoolRow | null {
    const id = wanted.subnetpool_id ?? null;
    if (wanted.use_default_subnetpool !== true) return id === null ? null : this.#pools.get(context, id);
    if (id !== null) throw badResource("subnets", "subnetpool_id and use_default_subnetpool cannot both be specified");
    const family = cidr === null ? version : cidr.includes(":") ? 6 : 4;
    if (family === undefined)
      throw badResource("subnets", "ip_version must be specified in the absence of cidr and subnetpool_id");
    const found = this.#pools.default(context, family);
    if (found === undefined) throw badResource("subnets", `No default subnetpool found for IPv${family}`);
    return found;
  }

  /** Guests on the network configure themselves an address in a new SLAAC subnet; their ports get it too. */
  #addAutoAddresses(subnet: SubnetRow): void {
    const { store, dirty } = this.#core;
    const ports = store.ports.ofGuestsOn(subnet.network_id);
    for (const port of ports.filter((one) => serves(subnet, one.device_owner))) {
      const ips = store.portDetails.ips(port.id);
      const address = eui64(subnet.cidr, port.mac_address);
      store.portDetails.setIps(
        port.id,
        subnet.network_id,
        keyed([...ips, { subnet_id: subnet.id, ip_address: address }]),
      );
      revise(this.#core, store.ports, port, {});
      dirty("port", port.id);
    }
  }

  /** Gateways of routers get an address in a new subnet outside, unless they have one of its family (_update_router_gw_ports). */
  #addGatewayAddresses(subnet: SubnetRow): void {
    const { store } = this.#core;
    const ipam = new Ipam(store);
    for (const port of store.ports.list(
      { network_id: subnet.network_id, device_owner: "network:router_gateway" },
      "id",
    )) {
      const present = store.portDetails.ips(port.id);
      const subnets = new Map(store.subnets.getMany(present.map((ip) => ip.subnet_id)).map((row) => [row.id, row]));
      const handedOut = present.map((ip) => subnets.get(ip.subnet_id)).filter((one) => one && !isAutoAddress(one));
      if (handedOut.length > 1 || handedOut[0]?.ip_version === subnet.ip_version) continue;
      const { mac_address: mac, network_id: networkId, device_owner: deviceOwner } = port;
      const requests = [...present, { subnet_id: subnet.id }];
      const ips = ipam.allocate({ networkId, mac, deviceOwner, requests, present });
      store.portDetails.setIps(port.id, networkId, keyed(ips));
      revise(this.#core, store.ports, port, {});
    }
  }

  /** After a change of the network's subnets: revision, DHCP port, and what the host shows of it. */
  #changed(network: NetworkRow): void {
    revise(this.#core, this.#core.store.networks, network, {});
    ensureDhcpPort(this.#core, network);
    this.#core.dirty("network", network.id);
    const ports = this.#core.store.ports.ofRoutersOn(network.id);
    for (const port of ports) this.#core.dirty("router", port.device_id);
  }

  update(context: RequestContext, id: string, wanted: SubnetChanges): SubnetRow {
    const { store, kernel } = this.#core;
    return kernel.db.transaction(() => {
      const row = this.get(context, id);
      const next = { ...row, ...wanted };
      checkDhcpUpdate(row, wanted.enable_dhcp);
      checkSubnet(next, id, kernel.settings.network);
      if (wanted.gateway_ip !== undefined && row.gateway_ip !== null && wanted.gateway_ip !== row.gateway_ip) {
        this.#refuseGatewayInUse(row, row.gateway_ip);
      }
      if (wanted.allocation_pools !== undefined) checkPools(wanted.allocation_pools, row.cidr);
      if (wanted.allocation_pools !== undefined || wanted.gateway_ip !== undefined)
        checkGatewayOutOfPools(next.gateway_ip, next.allocation_pools);
      const updated = revise<SubnetRow>(this.#core, store.subnets, row, wanted);
      const network = store.networks.get(row.network_id);
      if (network !== undefined) this.#changed(network);
      if (SHOWN_BY_GUESTS.some((name) => !isDeepStrictEqual(updated[name], row[name])))
        tellOfNetwork(this.#core, row.network_id);
      return updated;
    });
  }

  #refuseGatewayInUse(subnet: SubnetRow, gateway: string): void {
    const holder = this.#core.store.portDetails.holder(subnet.id, gateway);
    const port = holder === undefined ? undefined : this.#core.store.ports.get(holder);
    if (port?.device_owner !== "network:router_interface") return;
    throw conflict(`Current gateway ip ${gateway} already in use by port ${port.id}. Unable to update.`, {
      type: "GatewayIpInUse",
    });
  }

  remove(context: RequestContext, id: string): void {
    const { store, kernel, dirty } = this.#core;
    kernel.db.transaction(() => {
      const row = this.get(context, id);
      const uses = store.portDetails.inSubnet(id);
      const ports = store.ports.getMany([...new Set(uses.map((use) => use.port_id))]);
      // Addresses that guests gave themselves go with the subnet; those of routers and handed out ones hold it.
      const holding = ports.filter((port) => {
        if (AUTO_DELETED_OWNERS.has(port.device_owner)) return false;
        return !isAutoAddress(row) || port.device_owner.startsWith("network:router");
      });
      if (holding.length > 0) throw subnetInUse(id);
      for (const port of ports) {
        const left = store.portDetails.ips(port.id).filter((ip) => ip.subnet_id !== id);
        store.portDetails.setIps(port.id, port.network_id, keyed(left));
        dirty("port", port.id);
      }
      store.subnets.delete(id);
      const network = store.networks.get(row.network_id);
      if (network !== undefined) this.#changed(network);
      tellOfDevices(
        this.#core,
        ports.map(({ device_id }) => device_id),
      );
    });
  }
}

/** Lowest first, as neutron keeps them. */
const inOrder = (pools: readonly Pool[]): Pool[] =>
  [...pools].sort((one, other) => (numberOf(one.start) < numberOf(other.start) ? -1 : 1));

/** Who says the gateway has chosen the range: the one of that length around it. */
function aroundGateway(
  gateway: string | null | undefined,
  pool: SubnetPoolRow,
  prefixlen: number | null,
): string | null {
  if (gateway == null) return null;
  const prefix = readPrefix(`${gateway}/${prefixlen ?? pool.default_prefixlen}`);
  return prefix === null ? null : networkText(prefix);
}
