import type { RequestContext } from "../../../kernel/auth/context.ts";
import type { Range } from "../../../kernel/db/list.ts";
import { conflict } from "../../../kernel/errors.ts";
import { uuid } from "../../../kernel/ids/ids.ts";
import { invalidInput, networkInUse, networkNotFound } from "../errors.ts";
import type { NetworkRow, RbacRow, SubnetRow } from "../store/rows.ts";
import { sharedWith, visible } from "../store/visible.ts";
import {
  type Collection,
  type Core,
  checkQuotas,
  type Described,
  type Filters,
  revise,
  scopeOf,
  sharedIds,
  standard,
  tellOfNetwork,
} from "./core.ts";
import { sharedSetting, shareWithAll, unshare } from "./rbac-rules.ts";
import { changedSegment, segmentOf, type WantedSegment } from "./segments.ts";

/** Ports that go with their network instead of keeping it: the DHCP server's. */
export const AUTO_DELETED_OWNERS: ReadonlySet<string> = new Set(["network:dhcp"]);
/** An external network is seen by whom a policy lets use it as such: everybody, unless somebody took that back. */
const WAYS = [sharedWith("network"), sharedWith("network", "id", "access_as_external")];

export interface NewNetwork extends Described, WantedSegment {
  name?: string;
  admin_state_up?: boolean;
  /** 0: what the cloud gives. */
  mtu?: number;
  shared?: boolean;
  external?: boolean;
  is_default?: boolean;
  port_security_enabled?: boolean;
  dns_domain?: string;
  availability_zone_hints?: string[];
}
export type NetworkChanges = Partial<Omit<NewNetwork, "project_id" | "tags" | "availability_zone_hints">>;

/** What a network shows besides its own columns. */
export interface NetworkDetails {
  /** Network id → its subnets. */
  subnets: ReadonlyMap<string, readonly SubnetRow[]>;
  /** Networks that a policy shares with the caller, or everybody. */
  shared: ReadonlySet<string>;
  /** Subnet pool id → address scope id. */
  scopes: ReadonlyMap<string, string | null>;
}

/** What a guest's NIC shows of its network (`Vif`): on a change of it all guests there are looked at. */
const SHOWN_BY_GUESTS = ["name", "mtu", "external"] as const satisfies readonly (keyof NetworkRow)[];

export class NetworkManager implements Collection {
  readonly quota = "network";
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  list(context: RequestContext, filters: Filters = new Map(), range?: Range): NetworkRow[] {
    return this.#core.store.lists.networks.rows(filters, visible(scopeOf(context), ...WAYS), range);
  }

  /** Errors: 404. */
  get(context: RequestContext, id: string): NetworkRow {
    const [row] = this.list(context, new Map([["id", [id]]]));
    if (row === undefined) throw networkNotFound(id);
    return row;
  }

  /** The caller's, or shared with the caller's project so that ports may be made on it. */
  isShared(context: RequestContext, network: NetworkRow): boolean {
    return sharedIds(this.#core, context, [network]).has(network.id);
  }

  details(context: RequestContext, rows: readonly NetworkRow[]): NetworkDetails {
    const { store } = this.#core;
    const ids = rows.map(({ id }) => id);
    const subnets = store.subnets.among("network_id", ids);
    const pools = new Set(subnets.map((subnet) => subnet.subnetpool_id).filter((id) => id !== null));
    return {
      subnets: Map.groupBy(subnets, (subnet) => subnet.network_id),
      shared: sharedIds(this.#core, context, rows),
      scopes: new Map(store.subnetPools.getMany([...pools]).map((pool) => [pool.id, pool.address_scope_id])),
    };
  }

  create(_context: RequestContext, wanted: readonly NewNetwork[]): NetworkRow[] {
    return this.#core.kernel.db.transaction(() => {
      checkQuotas(this.#core, this.quota, wanted);
      return wanted.map((one) => this.#insert(one));
    });
  }

  #insert(wanted: NewNetwork): NetworkRow {
    const { settings } = this.#core.kernel;
    const { external = false, mtu = 0 } = wanted;
    const segment = segmentOf(this.#core.store, settings.network, wanted);
    const limit = settings.network.mtu;
    if (mtu > limit) throw invalidInput(`Requested MTU is too big, maximum is ${limit}`);
    const row: NetworkRow = {
      ...standard(this.#core, wanted, 1),
      name: wanted.name ?? "",
      admin_state_up: wanted.admin_state_up ?? true,
      status: "ACTIVE",
      external,
      is_default: external && wanted.is_default === true,
      mtu: mtu > 0 ? mtu : limit,
      port_security_enabled: wanted.port_security_enabled ?? true,
      dns_domain: wanted.dns_domain ?? "",
      ...segment,
      availability_zone_hints: wanted.availability_zone_hints ?? [],
    };
    if (row.is_default) this.#refuseSecondDefault(row.id);
    this.#core.store.networks.insert(row);
    if (external) this.#openToAll(row);
    if (wanted.shared === true) shareWithAll(this.#core.store, "network", row);
    this.#core.dirty("network", row.id);
    return row;
  }

  #openToAll(row: NetworkRow): void {
    this.#core.store.rbac.insert({
      id: uuid(),
      project_id: row.project_id,
      object_type: "network",
      object_id: row.id,
      action: "access_as_external",
      target_project: "*",
    });
  }

  #dropPolicies(which: Partial<RbacRow>): void {
    this.#core.store.rbac.deleteWhere(which);
  }

  #refuseSecondDefault(id: string): void {
    const other = this.#core.store.networks.list({ is_default: true }, "id").find((row) => row.id !== id);
    if (other === undefined) return;
    throw conflict(`A default external network already exists: ${other.id}.`, { type: "DefaultExternalNetworkExists" });
  }

  update(context: RequestContext, id: string, changes: NetworkChanges): NetworkRow {
    const core = this.#core;
    return core.kernel.db.transaction(() => {
      const row = this.get(context, id);
      const {
        external,
        shared,
        provider_type: _type,
        provider_physical: _physical,
        provider_segment: _id,
        ...rest
      } = changes;
      const segment = changedSegment(core.store, core.kernel.settings.network, row, changes);
      const wanted: Partial<NetworkRow> = { ...rest, ...segment };
      if (wanted.mtu === 0) wanted.mtu = core.kernel.settings.network.mtu;
      if (typeof wanted.mtu === "number" && wanted.mtu > core.kernel.settings.network.mtu)
        throw invalidInput(`Requested MTU is too big, maximum is ${core.kernel.settings.network.mtu}`);
      if (external !== undefined) this.#setExternal(row, external, wanted);
      if (shared !== undefined) this.#setShared(row, shared);
      if (wanted.is_default === true) {
        if (!(wanted.external ?? row.external)) wanted.is_default = false;
        else this.#refuseSecondDefault(id);
      }
      const updated = revise(core, core.store.networks, row, wanted);
      core.dirty("network", id);
      if (wanted.mtu !== undefined) this.#dirtyRouters(id);
      if (SHOWN_BY_GUESTS.some((name) => updated[name] !== row[name])) tellOfNetwork(core, id);
      return updated;
    });
  }

  #setExternal(row: NetworkRow, external: boolean, changes: Partial<NetworkRow>): void {
    const { store } = this.#core;
    if (external === row.external) return;
    if (!external) {
      if (store.ports.find({ network_id: row.id, device_owner: "network:router_gateway" }) !== undefined) {
        throw conflict(
          `External network ${row.id} cannot be updated to be made non-external, since it has existing gateway ports.`,
          { type: "ExternalNetworkInUse" },
        );
      }
      this.#dropPolicies({ object_id: row.id, action: "access_as_external" });
      changes.is_default = false;
    } else this.#openToAll(row);
    changes.external = external;
  }

  #setShared(row: NetworkRow, shared: boolean): void {
    const { store } = this.#core;
    if (shared) {
      shareWithAll(store, "network", row);
      return;
    }
    const shares = store.rbac.list({ object_id: row.id, action: "access_as_shared" }, "id");
    if (!shares.some((policy) => policy.target_project === "*")) return;
    const allowed = new Set([row.project_id, ...shares.map((policy) => policy.target_project)]);
    const things = [...store.ports.ofGuestsOn(row.id), ...store.subnets.list({ network_id: row.id }, "id")];
    if (things.some((thing) => !allowed.has(thing.project_id))) throw sharedSetting(row.name);
    this.#dropPolicies({ object_id: row.id, action: "access_as_shared", target_project: "*" });
  }

  #dirtyRouters(networkId: string): void {
    for (const port of this.#core.store.ports.ofRoutersOn(networkId)) this.#core.dirty("router", port.device_id);
  }

  remove(context: RequestContext, id: string): void {
    const { store, kernel, dirty } = this.#core;
    kernel.db.transaction(() => {
      const row = this.get(context, id);
      // Floating IPs that lead nowhere go with their network, as in neutron.
      for (const fip of store.floatingIps.list({ floating_network_id: id, router_id: null }, "id")) {
        store.floatingIps.delete(fip.id);
        store.ports.delete(fip.floating_port_id);
      }
      const ports = store.ports.list({ network_id: id }, "id");
      const holding = ports.filter((port) => !AUTO_DELETED_OWNERS.has(port.device_owner));
      if (holding.length > 0) throw networkInUse(id, holding.map((port) => port.id).sort());
      for (const port of ports) {
        store.ports.delete(port.id);
        dirty("port", port.id);
      }
      for (const subnet of store.subnets.list({ network_id: id }, "id")) store.subnets.delete(subnet.id);
      unshare(store, id);
      store.networks.delete(row.id);
      dirty("network", id);
    });
  }
}
