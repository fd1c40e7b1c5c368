import { isIPv4 } from "node:net";
import type { RequestContext } from "../../../kernel/auth/context.ts";
import type { Range } from "../../../kernel/db/list.ts";
import { badRequest, conflict, notFound } from "../../../kernel/errors.ts";
import { badResource, floatingIpNotFound, networkNotFound, portNotFound } from "../errors.ts";
import type { FloatingIpRow, NetworkRow, PortForwardingRow, PortRow } from "../store/rows.ts";
import { visible } from "../store/visible.ts";
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
  tellOfDevices,
} from "./core.ts";
import type { NetworkManager } from "./networks.ts";
import type { PortManager } from "./ports.ts";

const bad = (message: string) => badResource("floatingip", message);

/** Where a floating IP leads. */
interface Association {
  port_id: string | null;
  fixed_ip_address: string | null;
  router_id: string | null;
}

const NOWHERE: Association = { port_id: null, fixed_ip_address: null, router_id: null };

export interface NewFloatingIp extends Described {
  floating_network_id: string;
  floating_ip_address?: string | null;
  subnet_id?: string | null;
  port_id?: string | null;
  fixed_ip_address?: string | null;
  dns_name?: string;
  dns_domain?: string;
}
export interface FloatingIpChanges {
  port_id?: string | null;
  fixed_ip_address?: string | null;
  description?: string;
}

/** What a floating IP shows besides its own columns. */
export interface FloatingIpDetails {
  /** Port id → the port it leads to. */
  ports: ReadonlyMap<string, PortRow>;
  /** Floating IP id → its forwardings. */
  forwardings: ReadonlyMap<string, readonly PortForwardingRow[]>;
}

export class FloatingIpManager implements Collection {
  readonly quota = "floatingip";
  readonly #core: Core;
  readonly #networks: NetworkManager;
  readonly #ports: PortManager;

  constructor(core: Core, networks: NetworkManager, ports: PortManager) {
    this.#core = core;
    this.#networks = networks;
    this.#ports = ports;
  }

  list(context: RequestContext, filters: Filters = new Map(), range?: Range): FloatingIpRow[] {
    return this.#core.store.lists.floatingIps.rows(filters, visible(scopeOf(context)), range);
  }

  get(context: RequestContext, id: string): FloatingIpRow {
    const [row] = this.list(context, new Map([["id", [id]]]));
    if (row === undefined) throw floatingIpNotFound(id);
    return row;
  }

  details(rows: readonly FloatingIpRow[]): FloatingIpDetails {
    const { store } = this.#core;
    const ports = store.ports.getMany(rows.map((row) => row.port_id).filter((id) => id !== null));
    const forwardings = store.portForwardings.among(
      "floatingip_id",
      rows.map(({ id }) => id),
    );
    return {
      ports: new Map(ports.map((port) => [port.id, port])),
      forwardings: Map.groupBy(forwardings, (one) => one.floatingip_id),
    };
  }

  create(context: RequestContext, wanted: readonly NewFloatingIp[]): FloatingIpRow[] {
    return this.#core.kernel.db.transaction(() => {
      checkQuotas(this.#core, this.quota, wanted);
      return wanted.map((one) => this.#insert(context, one));
    });
  }

  #insert(context: RequestContext, wanted: NewFloatingIp): FloatingIpRow {
    const { store, dirty } = this.#core;
    const network = this.#externalNetwork(context, wanted.floating_network_id);
    const row: FloatingIpRow = {
      ...standard(this.#core, wanted),
      floating_ip_address: "",
      floating_network_id: network.id,
      floating_port_id: "",
      ...NOWHERE,
      status: "DOWN",
      dns_name: wanted.dns_name ?? "",
      dns_domain: wanted.dns_domain ?? "",
    };
    // Refused before an address is taken, so that the errors are those of neutron.
    const association = this.#associate(context, row, wanted.port_id ?? null, wanted.fixed_ip_address ?? null);
    const port = this.#takeAddress(context, network, row.id, wanted);
    const address = store.portDetails.ips(port.id).find((ip) => isIPv4(ip.ip_address))?.ip_address;
    if (address === undefined) {
      throw badRequest(`Unable to find any IP address on external network ${network.id}.`, {
        type: "ExternalIpAddressExhausted",
      });
    }
    const complete = { ...row, floating_ip_address: address, floating_port_id: port.id, ...association };
    store.floatingIps.insert(complete);
    if (complete.router_id !== null) dirty("router", complete.router_id);
    this.#tellDevice(complete.port_id);
    return complete;
  }

  #externalNetwork(context: RequestContext, id: string): NetworkRow {
    const network = this.#networks.list(context, new Map([["id", [id]]]))[0];
    if (network === undefined) throw networkNotFound(id);
    if (!network.external) throw bad(`Network ${id} is not a valid external network`);
    const subnets = this.#core.store.subnets.list({ network_id: id, ip_version: 4 }, "id");
    if (subnets.length === 0) throw bad(`Network ${id} does not contain any IPv4 subnet`);
    return network;
  }

  #takeAddress(context: RequestContext, network: NetworkRow, id: string, wanted: NewFloatingIp): PortRow {
    const request: { subnet_id?: string; ip_address?: string } = {};
    if (wanted.subnet_id != null) request.subnet_id = wanted.subnet_id;
    if (wanted.floating_ip_address != null) request.ip_address = wanted.floating_ip_address;
    const subnets = this.#core.store.subnets.list({ network_id: network.id, ip_version: 4 }, "id");
    const any = request.subnet_id === undefined && request.ip_address === undefined;
    const attempts = any ? subnets.map((subnet) => ({ subnet_id: subnet.id })) : [request];
    let failure: unknown;
    for (const attempt of attempts) {
      try {
        return this.#ports.insert(
          { ...context, isAdmin: true },
          {
            project_id: "",
            network_id: network.id,
            device_id: id,
            device_owner: "network:floatingip",
            fixed_ips: [attempt],
            security_groups: [],
          },
        );
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  /** The router that leads from the port's subnet to the external network. Errors: 400, 404, 409 as neutron. */
  #associate(context: RequestContext, row: FloatingIpRow, portId: string | null, fixed: string | null): Association {
    if (portId === null) {
      if (fixed !== null) throw bad("fixed_ip_address cannot be specified without a port_id");
      return NOWHERE;
    }
    const { store } = this.#core;
    const port = store.ports.get(portId);
    if (port === undefined) throw portNotFound(portId);
    if (port.project_id !== row.project_id && !seesAll(context)) {
      const network = store.networks.get(port.network_id);
      if (network?.project_id !== row.project_id) throw portNotFound(port.id);
      throw bad(
        `Cannot process floating IP association with Port ${port.id}, since that port is owned by a different project`,
      );
    }
    const address = this.#internalAddress(port, fixed);
    const router = this.routerFor(row.floating_network_id, port, address);
    const twin = store.floatingIps
      .list(
        { port_id: port.id, fixed_ip_address: address.ip_address, floating_network_id: row.floating_network_id },
        "id",
      )
      .find((other) => other.id !== row.id);
    if (twin !== undefined) {
      throw conflict(
        `Cannot associate floating IP ${row.floating_ip_address || twin.floating_ip_address} (${row.id}) with port ${port.id} using fixed IP ${address.ip_address}, as that fixed IP already has a floating IP on external network ${row.floating_network_id}.`,
        { type: "FloatingIPPortAlreadyAssociated" },
      );
    }
    return { port_id: port.id, fixed_ip_address: address.ip_address, router_id: router };
  }

  #internalAddress(port: PortRow, wanted: string | null): { subnet_id: string; ip_address: string } {
    const ips = this.#core.store.portDetails.ips(port.id);
    if (wanted !== null) {
      if (!isIPv4(wanted))
        throw bad(`Cannot process floating IP association with ${wanted}, since that is not an IPv4 address`);
      const found = ips.find((ip) => ip.ip_address === wanted);
      if (found === undefined) throw bad(`Port ${port.id} does not have fixed ip ${wanted}`);
      return found;
    }
    const [first, second] = ips.filter((ip) => isIPv4(ip.ip_address));
    if (first === undefined) throw bad(`Cannot add floating IP to port ${port.id} that has no fixed IPv4 addresses`);
    if (second !== undefined) {
      throw bad(
        `Port ${port.id} has multiple fixed IPv4 addresses. Must provide a specific IPv4 address when assigning a floating IP`,
      );
    }
    return first;
  }

  /** The router between a port's address and an external network. Errors: 404. */
  routerFor(externalNetworkId: string, port: PortRow, ip: { subnet_id: string }): string {
    const { store } = this.#core;
    const interfaces = store.ports.list(
      { network_id: port.network_id, device_owner: "network:router_interface" },
      "id",
    );
    const ips = store.portDetails.ipsOf(interfaces.map(({ id }) => id));
    const gateway = store.subnets.get(ip.subnet_id)?.gateway_ip ?? null;
    const reachable = interfaces
      .filter((one) => (ips.get(one.id) ?? []).some(({ subnet_id }) => subnet_id === ip.subnet_id))
      .filter((one) => store.routers.get(one.device_id)?.gateway_network_id === externalNetworkId);
    const holds = (one: PortRow) => (ips.get(one.id) ?? []).some(({ ip_address }) => ip_address === gateway);
    const chosen = reachable.find(holds) ?? reachable[0];
    if (chosen !== undefined) return chosen.device_id;
    throw notFound(
      `External network ${externalNetworkId} is not reachable from subnet ${ip.subnet_id}.  Therefore, cannot associate Port ${port.id} with a Floating IP.`,
      { type: "ExternalGatewayForFloatingIPNotFound" },
    );
  }

  update(context: RequestContext, id: string, changes: FloatingIpChanges): FloatingIpRow {
    const { store, kernel, dirty } = this.#core;
    return kernel.db.transaction(() => {
      const row = this.get(context, id);
      const { port_id, fixed_ip_address, ...rest } = changes;
      const wanted: Partial<FloatingIpRow> = { ...rest };
      if (port_id !== undefined || fixed_ip_address !== undefined) {
        const target = port_id === undefined ? row.port_id : port_id;
        if (target !== null && this.#hasForwardings(id)) throw inUseByForwarding(id);
        Object.assign(wanted, this.#associate(context, row, target, fixed_ip_address ?? null));
        if (wanted.port_id === null || wanted.router_id !== row.router_id) wanted.status = "DOWN";
      } else if (Object.keys(rest).length === 0) {
        // An empty update takes the association away, as in neutron (port_id is what the call is for).
        Object.assign(wanted, NOWHERE, { status: "DOWN" });
      }
      const updated = revise(this.#core, store.floatingIps, row, wanted);
      for (const router of new Set([row.router_id, updated.router_id])) if (router !== null) dirty("router", router);
      for (const port of new Set([row.port_id, updated.port_id])) this.#tellDevice(port);
      return updated;
    });
  }

  #hasForwardings(id: string): boolean {
    return this.#core.store.portForwardings.find({ floatingip_id: id }) !== undefined;
  }

  #tellDevice(portId: string | null): void {
    const port = portId === null ? undefined : this.#core.store.ports.get(portId);
    if (port !== undefined) tellOfDevices(this.#core, [port.device_id]);
  }

  remove(context: RequestContext, id: string): void {
    const { store, kernel, dirty } = this.#core;
    kernel.db.transaction(() => {
      const row = this.get(context, id);
      if (this.#hasForwardings(id)) throw inUseByForwarding(id);
      store.floatingIps.delete(id);
      const port = store.ports.get(row.floating_port_id);
      if (port !== undefined) this.#ports.erase(port);
      if (row.router_id !== null) dirty("router", row.router_id);
      this.#tellDevice(row.port_id);
    });
  }

  /** The port a forwarding leads to, which must be one that the caller sees. Errors: 404. */
  internalPort(context: RequestContext, id: string): PortRow {
    return this.#ports.get(context, id);
  }
}

const inUseByForwarding = (id: string) =>
  conflict(`Floating IP ${id} in use by Port Forwarding resources.`, { type: "FipInUseByPortForwarding" });
