import type { RequestContext } from "../../../kernel/auth/context.ts";
import { conflict, inWords } from "../../../kernel/errors.ts";
import { badResource, portForwardingNotFound } from "../errors.ts";
import type { FloatingIpRow, PortForwardingRow, PortIp, PortRow } from "../store/rows.ts";
import { type Core, revise, standard } from "./core.ts";
import type { FloatingIpManager } from "./floating-ips.ts";

const bad = (message: string) => badResource("port_forwarding", message);

export interface NewPortForwarding {
  protocol: string;
  external_port: number;
  internal_port: number;
  internal_port_id: string;
  /** Undefined: the port's first. */
  internal_ip_address?: string;
  description?: string;
}

/** Ports of one floating IP that lead to different guests (neutron/services/portforwarding/pf_plugin.py). */
export class PortForwardingManager {
  readonly #core: Core;
  readonly #floatingIps: FloatingIpManager;

  constructor(core: Core, floatingIps: FloatingIpManager) {
    this.#core = core;
    this.#floatingIps = floatingIps;
  }

  list(context: RequestContext, fipId: string): PortForwardingRow[] {
    const fip = this.#floatingIps.get(context, fipId);
    return this.#core.store.portForwardings.list({ floatingip_id: fip.id }, "id");
  }

  get(context: RequestContext, fipId: string, id: string): PortForwardingRow {
    return this.#row(this.#floatingIps.get(context, fipId).id, id);
  }

  #row(fipId: string, id: string): PortForwardingRow {
    const row = this.#core.store.portForwardings.get(id);
    if (row === undefined || row.floatingip_id !== fipId) throw portForwardingNotFound(id);
    return row;
  }

  /** Errors: 404. */
  floatingIp(context: RequestContext, id: string): FloatingIpRow {
    return this.#floatingIps.get(context, id);
  }

  create(context: RequestContext, fipId: string, wanted: NewPortForwarding): PortForwardingRow {
    const { store, kernel } = this.#core;
    const fip = this.floatingIp(context, fipId);
    return kernel.db.transaction(() => {
      const port = this.#floatingIps.internalPort(context, wanted.internal_port_id);
      const ips = this.#addresses(port);
      const [first] = ips;
      if (first === undefined) throw bad(`Requested internal port ${port.id} must allocate an IPv4 address at least.`);
      const {
        protocol,
        external_port,
        internal_port,
        internal_port_id,
        internal_ip_address,
        description = "",
      } = wanted;
      const row: PortForwardingRow = {
        ...standard(this.#core, { project_id: fip.project_id, description }),
        protocol,
        external_port,
        internal_port,
        internal_port_id,
        floatingip_id: fip.id,
        internal_ip_address: internal_ip_address ?? first.ip_address,
      };
      this.#refuseCollisions(row);
      this.#refuseBoundPort(row);
      if (fip.port_id !== null) throw alreadyAssociated(fip, row);
      const router = this.#routerFor(fip, port, row);
      store.portForwardings.insert(row);
      this.#serve(fip, router);
      return row;
    });
  }

  update(context: RequestContext, fipId: string, id: string, changes: Partial<NewPortForwarding>): PortForwardingRow {
    const { store, kernel } = this.#core;
    const fip = this.floatingIp(context, fipId);
    return kernel.db.transaction(() => {
      const row = this.#row(fip.id, id);
      const next = { ...row, ...changes };
      const port = this.#floatingIps.internalPort(context, next.internal_port_id);
      if (changes.internal_port_id !== undefined) {
        this.#refuseBoundPort(next);
        if (next.internal_port_id !== row.internal_port_id && changes.internal_ip_address === undefined)
          next.internal_ip_address = this.#addresses(port)[0]?.ip_address ?? "";
      }
      const ips = this.#addresses(port);
      if (!ips.some((ip) => ip.ip_address === next.internal_ip_address)) {
        throw bad(
          `The internal IP does not correspond to an address on the internal port, which has fixed_ips ${shown(ips)}`,
        );
      }
      this.#refuseCollisions(next);
      const router = this.#routerFor(fip, port, next);
      const { protocol, external_port, internal_port, internal_port_id, internal_ip_address, description } = next;
      const wanted = { protocol, external_port, internal_port, internal_port_id, internal_ip_address, description };
      const updated = revise(this.#core, store.portForwardings, row, wanted);
      this.#serve(fip, router);
      return updated;
    });
  }

  remove(context: RequestContext, fipId: string, id: string): void {
    const { store, kernel } = this.#core;
    const fip = this.floatingIp(context, fipId);
    kernel.db.transaction(() => {
      store.portForwardings.delete(this.#row(fip.id, id).id);
      const left = store.portForwardings.countOf({ floatingip_id: fip.id });
      this.#serve(fip, left === 0 ? null : fip.router_id);
    });
  }

  #addresses(port: PortRow): PortIp[] {
    return this.#core.store.portDetails.ips(port.id).filter((ip) => !ip.ip_address.includes(":"));
  }

  /** One port of a floating IP leads to one place, and one place is led to from one port. Errors: 400. */
  #refuseCollisions(row: PortForwardingRow): void {
    const { portForwardings } = this.#core.store;
    const { protocol, internal_port_id, internal_ip_address, internal_port, floatingip_id, external_port } = row;
    const others = (where: Partial<PortForwardingRow>) =>
      portForwardings.list({ protocol, ...where }).some(({ id }) => id !== row.id);
    if (others({ internal_port_id, internal_ip_address, internal_port }))
      throw collision("internal_port_range", internal_port);
    if (others({ floatingip_id, external_port })) throw collision("external_port_range", external_port);
  }

  #refuseBoundPort(row: PortForwardingRow): void {
    const [bound] = this.#core.store.floatingIps.list({ port_id: row.internal_port_id }, "id");
    if (bound === undefined) return;
    throw conflict(
      `Cannot create port forwarding to floating IP ${bound.floating_ip_address} (${bound.id}) with port ${row.internal_port_id} using fixed IP ${row.internal_ip_address}, as that port already has a binding floating IP.`,
      { type: "PortHasBindingFloatingIP" },
    );
  }

  /** Errors: 400 when the port is not behind the floating IP's network, or behind another router than the others. */
  #routerFor(fip: FloatingIpRow, port: PortRow, row: PortForwardingRow): string {
    const ip = this.#addresses(port).find((one) => one.ip_address === row.internal_ip_address);
    if (ip === undefined) {
      throw bad(
        `Requested internal IP address ${row.internal_ip_address} is not suitable for internal neutron port ${port.id}, as its fixed_ips are ${shown(this.#addresses(port))}`,
      );
    }
    const router = this.#reachable(fip, port, ip);
    const others = this.#core.store.portForwardings.list({ floatingip_id: fip.id }).filter(({ id }) => id !== row.id);
    if (others.length === 0 || fip.router_id === null || fip.router_id === router) return router;
    throw bad(
      `The Floating IP ${fip.id} had been set on router ${fip.router_id}, the internal Neutron port ${port.id} can not reach it`,
    );
  }

  #reachable(fip: FloatingIpRow, port: PortRow, ip: PortIp): string {
    const unreachable = () =>
      bad(
        `External network ${fip.floating_network_id} is not reachable from subnet ${ip.subnet_id}. Cannot set Port forwarding for port ${port.id} with Floating IP ${fip.id}`,
      );
    return inWords({ 404: unreachable }, () => this.#floatingIps.routerFor(fip.floating_network_id, port, ip));
  }

  #serve(fip: FloatingIpRow, router: string | null): void {
    const { store, dirty } = this.#core;
    if (router !== fip.router_id) store.floatingIps.update(fip.id, { router_id: router });
    for (const id of new Set([fip.router_id, router])) if (id !== null) dirty("router", id);
  }
}

const collision = (what: string, port: number) =>
  bad(`There is a port collision with the ${what}. The following ranges collides: ${port}:${port} and ${port}:${port}`);

const alreadyAssociated = (fip: FloatingIpRow, row: PortForwardingRow) =>
  conflict(
    `Cannot associate floating IP ${fip.floating_ip_address} (${fip.id}) with port ${row.internal_port_id} using fixed IP ${row.internal_ip_address}, as that fixed IP already has a floating IP on external network ${fip.floating_network_id}.`,
    { type: "FloatingIPPortAlreadyAssociated" },
  );

/** As Python shows it. */
const shown = (ips: readonly PortIp[]): string =>
  `[${ips.map((ip) => `{'subnet_id': '${ip.subnet_id}', 'ip_address': '${ip.ip_address}'}`).join(", ")}]`;
