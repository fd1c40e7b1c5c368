import { hostname } from "node:os";
import type { RequestContext } from "../../../kernel/auth/context.ts";
import { contains, overlaps } from "../../../kernel/config/addresses.ts";
import type { Range } from "../../../kernel/db/list.ts";
import { badRequest, conflict, notFound } from "../../../kernel/errors.ts";
import { networkNotFound, routerNotFound, subnetNotFound } from "../errors.ts";
import type { HostRoute, NetworkRow, PortIp, PortRow, RouterRow, SubnetRow } from "../store/rows.ts";
import { visible } from "../store/visible.ts";
import { blockOf, keyed } from "./addresses.ts";
import {
  type Collection,
  type Core,
  checkQuotas,
  type Described,
  type Filters,
  revise,
  scopeOf,
  seesAll,
  standard,
} from "./core.ts";
import type { FlavorManager } from "./flavors.ts";
import type { NetworkManager } from "./networks.ts";
import type { PortManager } from "./ports.ts";
import { badRouter, type GatewayInfo, refuseAdminParts, sortRoutes } from "./router-values.ts";
import type { SubnetManager } from "./subnets.ts";

export interface NewRouter extends Described {
  name?: string;
  admin_state_up?: boolean;
  gateway?: GatewayInfo | null;
  ha?: boolean;
  flavor_id?: string | null;
  availability_zone_hints?: string[];
}
export interface RouterChanges {
  name?: string;
  description?: string;
  admin_state_up?: boolean;
  /** Null takes it away. */
  gateway?: GatewayInfo | null;
  ha?: boolean;
  routes?: readonly HostRoute[];
}

/** An interface that a router has got, or had. */
export interface RouterInterface {
  router: RouterRow;
  port: PortRow;
  subnets: readonly SubnetRow[];
}

/** Which interface is meant: that on a port, or on a subnet. */
export interface InterfaceChoice {
  portId?: string | null;
  subnetId?: string | null;
}

export class RouterManager implements Collection {
  readonly quota = "router";
  readonly #core: Core;
  readonly #networks: NetworkManager;
  readonly #subnets: SubnetManager;
  readonly #ports: PortManager;
  readonly #flavors: FlavorManager;

  constructor(
    core: Core,
    networks: NetworkManager,
    subnets: SubnetManager,
    ports: PortManager,
    flavors: FlavorManager,
  ) {
    this.#core = core;
    this.#flavors = flavors;
    this.#networks = networks;
    this.#subnets = subnets;
    this.#ports = ports;
  }

  list(context: RequestContext, filters: Filters = new Map(), range?: Range): RouterRow[] {
    return this.#core.store.lists.routers.rows(filters, visible(scopeOf(context)), range);
  }

  get(context: RequestContext, id: string): RouterRow {
    const [row] = this.list(context, new Map([["id", [id]]]));
    if (row === undefined) throw routerNotFound(id);
    return row;
  }

  /** Gateway port → its addresses outside. */
  gatewayIps(rows: readonly RouterRow[]): ReadonlyMap<string, readonly PortIp[]> {
    return this.#core.store.portDetails.ipsOf(rows.map((row) => row.gateway_port_id).filter((id) => id !== null));
  }

  create(context: RequestContext, wanted: readonly NewRouter[]): RouterRow[] {
    const { store, kernel, dirty } = this.#core;
    return kernel.db.transaction(() => {
      checkQuotas(this.#core, this.quota, wanted);
      return wanted.map((one) => {
        const row: RouterRow = {
          ...standard(this.#core, one, 1),
          name: one.name ?? "",
          admin_state_up: one.admin_state_up ?? true,
          status: "ACTIVE",
          gateway_port_id: null,
          gateway_network_id: null,
          enable_snat: true,
          ha: one.ha ?? false,
          flavor_id: one.flavor_id ?? null,
          routes: [],
          availability_zone_hints: one.availability_zone_hints ?? [],
        };
        if (row.flavor_id !== null) this.#flavors.requireForRouter(row.flavor_id);
        store.routers.insert(row);
        dirty("router", row.id);
        if (one.gateway == null) return row;
        const withGateway = this.#setGateway(context, row, one.gateway);
        return revise(this.#core, store.routers, withGateway, {});
      });
    });
  }

  update(context: RequestContext, id: string, changes: RouterChanges): RouterRow {
    const { store, kernel, dirty } = this.#core;
    return kernel.db.transaction(() => {
      const row = this.get(context, id);
      const { gateway, routes, ...rest } = changes;
      let current = row;
      if (gateway !== undefined)
        current = gateway === null ? this.#clearGateway(row) : this.#setGateway(context, row, gateway);
      const wanted: Partial<RouterRow> = rest;
      if (wanted.ha !== undefined && wanted.ha !== row.ha && (wanted.admin_state_up ?? row.admin_state_up)) {
        throw badRouter(
          "Cannot change HA attribute of active routers. Please set router admin_state_up to False prior to upgrade",
        );
      }
      if (routes !== undefined) {
        wanted.routes = sortRoutes(routes);
        this.#checkRoutes(current, wanted.routes);
      }
      dirty("router", id);
      return revise(this.#core, store.routers, { ...current, revision: row.revision }, wanted);
    });
  }

  #setGateway(context: RequestContext, row: RouterRow, info: GatewayInfo): RouterRow {
    const { store } = this.#core;
    const network = this.#externalNetwork(context, info.network_id);
    const snat = info.enable_snat ?? (row.gateway_port_id === null ? true : row.enable_snat);
    if (!seesAll(context)) refuseAdminParts(info);
    if (row.gateway_port_id !== null && row.gateway_network_id === network.id) {
      const port = store.ports.get(row.gateway_port_id);
      if (port !== undefined && info.external_fixed_ips !== undefined && info.external_fixed_ips.length > 0)
        this.#ports.change(systemic(context), port, { fixed_ips: info.external_fixed_ips });
      store.routers.update(row.id, { enable_snat: snat });
      return { ...row, enable_snat: snat };
    }
    const cleared = row.gateway_port_id === null ? row : this.#clearGateway(row);
    for (const ip of info.external_fixed_ips ?? []) {
      const subnet = store.subnets
        .list({ network_id: network.id }, "id")
        .find((one) => one.gateway_ip === ip.ip_address);
      if (subnet !== undefined) throw badRouter(`External IP ${ip.ip_address} is the same as the gateway IP`);
    }
    this.#refuseOverlapWithGateway(row, network);
    const requests = info.external_fixed_ips?.length ? { fixed_ips: info.external_fixed_ips } : {};
    const port = this.#ports.insert(systemic(context), {
      project_id: "",
      network_id: network.id,
      device_id: row.id,
      device_owner: "network:router_gateway",
      security_groups: [],
      host_id: hostname(),
      ...requests,
    });
    if (store.portDetails.ips(port.id).length === 0)
      throw badRouter(`No IPs available for external network ${network.id}`);
    const changes = { gateway_port_id: port.id, gateway_network_id: network.id, enable_snat: snat };
    store.routers.update(row.id, changes);
    return { ...cleared, ...changes };
  }

  #externalNetwork(context: RequestContext, id: string): NetworkRow {
    const network = this.#networks.list(context, new Map([["id", [id]]]))[0];
    if (network === undefined) throw networkNotFound(id);
    if (!network.external) throw badRouter(`Network ${id} is not an external network`);
    return network;
  }

  #refuseOverlapWithGateway(row: RouterRow, network: NetworkRow): void {
    for (const subnet of this.#core.store.subnets.list({ network_id: network.id }, "id")) {
      this.#refuseOverlap(row.id, subnet);
    }
  }

  #clearGateway(row: RouterRow): RouterRow {
    const { store } = this.#core;
    if (row.gateway_port_id === null) return row;
    const inUse = store.floatingIps.list({ router_id: row.id }, "id");
    if (inUse.length > 0) {
      throw conflict(
        `Gateway cannot be updated for router ${row.id}, since a gateway to external network ${row.gateway_network_id} is required by one or more floating IPs.`,
        { type: "RouterExternalGatewayInUseByFloatingIp" },
      );
    }
    const port = store.ports.get(row.gateway_port_id);
    const changes = { gateway_port_id: null, gateway_network_id: null, enable_snat: true };
    store.routers.update(row.id, changes);
    if (port !== undefined) this.#ports.erase(port);
    return { ...row, ...changes };
  }

  remove(context: RequestContext, id: string): void {
    const { store, kernel, dirty } = this.#core;
    kernel.db.transaction(() => {
      const row = this.get(context, id);
      const ports = store.ports.list({ device_id: id, device_owner: "network:router_interface" }, "id");
      if (ports.length > 0) {
        throw conflict(`Router ${id} has ports still attached: ${ports.map((port) => port.id).join(", ")}`, {
          type: "RouterInUse",
        });
      }
      this.#clearGateway(row);
      store.routers.delete(id);
      dirty("router", id);
    });
  }

  /** On one of both. Errors: 400, 404, 409 as neutron. */
  addInterface(
    context: RequestContext,
    id: string,
    { portId = null, subnetId = null }: InterfaceChoice,
  ): RouterInterface {
    return this.#core.kernel.db.transaction(() => {
      const row = this.get(context, id);
      if (portId !== null && subnetId !== null) throw badRouter("Cannot specify both subnet-id and port-id");
      if (portId !== null) return this.#addPort(context, row, portId);
      return this.#addSubnet(context, row, subnetId ?? "");
    });
  }

  #addPort(context: RequestContext, row: RouterRow, portId: string): RouterInterface {
    const { store } = this.#core;
    const port = this.#ports.get(context, portId);
    // Also one that is this router's already.
    if (port.device_id !== "") {
      throw conflict(
        `Unable to complete operation on port ${port.id} for network ${port.network_id}. Port already has an attached device ${port.device_id}.`,
        { type: "PortInUse" },
      );
    }
    const ips = store.portDetails.ips(port.id);
    if (ips.length === 0) throw badRouter("Router port must have at least one fixed IP");
    const subnets = store.subnets.getMany(ips.map((ip) => ip.subnet_id));
    if (subnets.filter((subnet) => subnet.ip_version === 4).length > 1)
      throw badRouter("Cannot have multiple IPv4 subnets on router port");
    this.#refuseSecondIpv6(row, port, subnets);
    for (const subnet of subnets) this.#refuseOverlap(row.id, subnet);
    this.#ports.change(systemic(context), port, {
      device_id: row.id,
      device_owner: "network:router_interface",
      security_groups: [],
      port_security_enabled: false,
      allowed_address_pairs: [],
      host_id: hostname(),
    });
    return this.#changed(row, port, subnets);
  }

  #addSubnet(context: RequestContext, row: RouterRow, subnetId: string): RouterInterface {
    const { store } = this.#core;
    const subnet = this.#subnets.list(context, new Map([["id", [subnetId]]]))[0];
    if (subnet === undefined) throw subnetNotFound(subnetId);
    if (subnet.gateway_ip === null) throw badRouter("Subnet for router interface must have a gateway IP");
    if (!seesAll(context) && subnet.project_id !== context.projectId) {
      throw badRouter(
        `Cannot add interface to router because subnet ${subnetId} is not owned by project making the request`,
      );
    }
    if (subnet.ip_version === 6 && subnet.ipv6_ra_mode === null && subnet.ipv6_address_mode !== null) {
      throw badRouter(
        `IPv6 subnet ${subnet.id} configured to receive RAs from an external router cannot be added to Neutron Router.`,
      );
    }
    this.#refuseOverlap(row.id, subnet);
    const wanted = { subnet_id: subnet.id, ip_address: subnet.gateway_ip };
    const existing = subnet.ip_version === 6 ? this.#ipv6Port(row, subnet.network_id) : undefined;
    if (existing !== undefined) {
      const present = store.portDetails.ips(existing.id);
      const updated = this.#ports.change(systemic(context), existing, { fixed_ips: [...present, wanted] });
      return this.#changed(row, updated, [subnet]);
    }
    const port = this.#ports.insert(systemic(context), {
      project_id: row.project_id,
      network_id: subnet.network_id,
      device_id: row.id,
      device_owner: "network:router_interface",
      fixed_ips: [wanted],
      security_groups: [],
      host_id: hostname(),
    });
    return this.#changed(row, port, [subnet]);
  }

  /** Errors: 400 when the router has a port with IPv6 on the port's network: several subnets share that one. */
  #refuseSecondIpv6(row: RouterRow, port: PortRow, subnets: readonly SubnetRow[]): void {
    if (!subnets.some((subnet) => subnet.ip_version === 6)) return;
    const { portDetails } = this.#core.store;
    const twin = this.#interfaces(row.id).find(
      (one) => one.network_id === port.network_id && portDetails.ips(one.id).some((ip) => ip.ip_address.includes(":")),
    );
    if (twin === undefined) return;
    throw badRouter(
      `Router already contains IPv6 port ${twin.id} belonging to network id ${port.network_id}. Only one IPv6 port from the same network subnet can be connected to a router.`,
    );
  }

  /** Several IPv6 subnets of a network share one router port. */
  #ipv6Port(row: RouterRow, networkId: string): PortRow | undefined {
    const ports = this.#interfaces(row.id).filter((port) => port.network_id === networkId);
    const ips = this.#core.store.portDetails.ipsOf(ports.map(({ id }) => id));
    return ports.find((port) => (ips.get(port.id) ?? []).every((ip) => ip.ip_address.includes(":")));
  }

  #interfaces(routerId: string): PortRow[] {
    return this.#core.store.ports.list({ device_id: routerId, device_owner: "network:router_interface" }, "id");
  }

  #attachedSubnets(routerId: string): SubnetRow[] {
    const { store } = this.#core;
    const ports = store.ports.ofRouter(routerId);
    const ips = [...store.portDetails.ipsOf(ports.map(({ id }) => id)).values()].flat();
    return store.subnets.getMany([...new Set(ips.map((ip) => ip.subnet_id))]);
  }

  #refuseOverlap(routerId: string, subnet: SubnetRow): void {
    for (const other of this.#attachedSubnets(routerId)) {
      if (other.id === subnet.id) throw badRouter(`Router already has a port on subnet ${subnet.id}`);
      if (!overlaps(blockOf(other.cidr), blockOf(subnet.cidr))) continue;
      throw badRouter(
        `Cidr ${subnet.cidr} of subnet ${subnet.id} overlaps with cidr ${other.cidr} of subnet ${other.id}`,
      );
    }
  }

  #changed(row: RouterRow, port: PortRow, subnets: readonly SubnetRow[]): RouterInterface {
    revise(this.#core, this.#core.store.routers, row, {});
    this.#core.dirty("router", row.id);
    this.#core.dirty("network", port.network_id);
    return { router: row, port, subnets };
  }

  removeInterface(
    context: RequestContext,
    id: string,
    { portId = null, subnetId = null }: InterfaceChoice,
  ): RouterInterface {
    return this.#core.kernel.db.transaction(() => {
      const row = this.get(context, id);
      return portId !== null ? this.#removePort(row, portId, subnetId) : this.#removeSubnet(row, subnetId ?? "");
    });
  }

  #removePort(row: RouterRow, portId: string, subnetId: string | null): RouterInterface {
    const { store } = this.#core;
    const port = this.#interfaces(row.id).find((one) => one.id === portId);
    if (port === undefined) throw noInterface(row.id, portId);
    const ips = store.portDetails.ips(port.id);
    if (subnetId !== null && !ips.some((ip) => ip.subnet_id === subnetId)) {
      throw badRequest(`Subnet on port ${portId} does not match the requested subnet ${subnetId}.`, {
        type: "SubnetMismatchForPort",
      });
    }
    const subnets = store.subnets.getMany(ips.map((ip) => ip.subnet_id));
    for (const subnet of subnets) this.#refuseInUse(row, subnet);
    const change = this.#changed(row, port, subnets);
    this.#ports.erase(port);
    return change;
  }

  #removeSubnet(row: RouterRow, subnetId: string): RouterInterface {
    const { store } = this.#core;
    const subnet = store.subnets.get(subnetId);
    if (subnet === undefined) throw subnetNotFound(subnetId);
    const ports = this.#interfaces(row.id);
    const ips = store.portDetails.ipsOf(ports.map(({ id }) => id));
    const port = ports.find((one) => (ips.get(one.id) ?? []).some((ip) => ip.subnet_id === subnetId));
    if (port === undefined) {
      throw notFound(`Router ${row.id} has no interface on subnet ${subnetId}`, {
        type: "RouterInterfaceNotFoundForSubnet",
      });
    }
    this.#refuseInUse(row, subnet);
    const change = this.#changed(row, port, [subnet]);
    const left = (ips.get(port.id) ?? []).filter((ip) => ip.subnet_id !== subnetId);
    if (left.length === 0) this.#ports.erase(port);
    else store.portDetails.setIps(port.id, port.network_id, keyed(left));
    return change;
  }

  #refuseInUse(row: RouterRow, subnet: SubnetRow): void {
    const block = blockOf(subnet.cidr);
    if (row.routes.some((route) => contains(block, route.nexthop))) {
      throw conflict(
        `Router interface for subnet ${subnet.id} on router ${row.id} cannot be deleted, as it is required by one or more routes.`,
        { type: "RouterInterfaceInUseByRoute" },
      );
    }
    const floating = this.#core.store.floatingIps.list({ router_id: row.id }, "id");
    if (floating.some((fip) => fip.fixed_ip_address !== null && contains(block, fip.fixed_ip_address))) {
      throw conflict(
        `Router interface for subnet ${subnet.id} on router ${row.id} cannot be deleted, as it is required by one or more floating IPs.`,
        { type: "RouterInterfaceInUseByFloatingIP" },
      );
    }
  }

  /** add_extraroutes and remove_extraroutes (extension extraroute-atomic). */
  changeRoutes(context: RequestContext, id: string, routes: readonly HostRoute[], add: boolean): RouterRow {
    const row = this.get(context, id);
    const same = (one: HostRoute) => (other: HostRoute) =>
      one.destination === other.destination && one.nexthop === other.nexthop;
    const next = add
      ? [...row.routes, ...routes.filter((route) => !row.routes.some(same(route)))]
      : row.routes.filter((route) => !routes.some(same(route)));
    return this.update(context, id, { routes: next });
  }

  /** A next hop must be on a connected subnet, and not the router itself. Errors: 400 InvalidRoutes, RoutesExhausted. */
  #checkRoutes(row: RouterRow, routes: readonly HostRoute[]): void {
    const { store, kernel } = this.#core;
    const { maxRoutes } = kernel.settings.network;
    if (routes.length > maxRoutes) {
      throw badRequest(
        `Unable to complete operation for ${row.id}. The number of routes exceeds the maximum ${maxRoutes}.`,
        { type: "RoutesExhausted" },
      );
    }
    const blocks = this.#attachedSubnets(row.id).map((subnet) => blockOf(subnet.cidr));
    const ports = store.ports.ofRouter(row.id);
    const own = new Set(
      [...store.portDetails.ipsOf(ports.map(({ id }) => id)).values()].flat().map((ip) => ip.ip_address),
    );
    const invalid = (route: HostRoute, reason: string) =>
      badRequest(
        `Invalid format for routes: [{'destination': '${route.destination}', 'nexthop': '${route.nexthop}'}], ${reason}`,
        { type: "InvalidRoutes" },
      );
    for (const route of routes) {
      if (!blocks.some((block) => contains(block, route.nexthop)))
        throw invalid(route, "the nexthop is not connected with router");
      if (own.has(route.nexthop)) throw invalid(route, "the nexthop is used by router");
    }
  }
}

const noInterface = (routerId: string, portId: string) =>
  notFound(`Router ${routerId} does not have an interface with id ${portId}`, { type: "RouterInterfaceNotFound" });

/** The router acts for itself: its ports are made on networks the caller may only use through it. */
const systemic = (context: RequestContext): RequestContext => ({ ...context, isAdmin: true });
