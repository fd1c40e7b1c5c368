import type { RequestContext } from "../../../kernel/auth/context.ts";
import type { Range } from "../../../kernel/db/list.ts";
import { conflict } from "../../../kernel/errors.ts";
import { uuid } from "../../../kernel/ids/ids.ts";
import { invalidInput, networkInUse, networkNotFound } from "../errors.ts";
import type { Filters } from "../routes/listing.ts";
import type { Resource } from "../routes/resource.ts";
import type { Body } from "../schemas/attribute.ts";
import { networkAttributes } from "../schemas/resources.ts";
import type { NetworkRow, PortRow } from "../store/rows.ts";
import { sharedWith, visible } from "../store/visible.ts";
import { networkView } from "../views/networks.ts";
import { type Core, checkQuota, groupBy, revise, scopeOf, sharedIds, standard } from "./core.ts";
import { sharedSetting, shareWithAll, unshare } from "./rbac-rules.ts";
import { changedSegment, segmentOf } from "./segments.ts";

/** Ports that go with their network instead of keeping it: the DHCP server's. */
export const AUTO_DELETED_OWNERS: ReadonlySet<string> = new Set(["network:dhcp"]);
/** An external network is seen by whom a policy lets use it as such: everybody, unless somebody took that back. */
const WAYS = [sharedWith("network"), sharedWith("network", "id", "access_as_external")];

export class NetworkManager implements Resource {
  readonly names = { singular: "network", plural: "networks" };
  readonly path = "/v2.0/networks";
  readonly unknownMarker = "refused";
  readonly attributes = networkAttributes;
  readonly listed: Resource["listed"];
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
    this.listed = core.store.lists.networks;
  }

  list(context: RequestContext, filters: Filters, range?: Range): Body[] {
    return this.views(context, this.rows(context, filters, range));
  }

  rows(context: RequestContext, filters: Filters = new Map(), range?: Range): NetworkRow[] {
    return this.#core.store.lists.networks.rows(filters, visible(scopeOf(context), ...WAYS), range);
  }

  get(context: RequestContext, id: string): Body {
    return this.views(context, [this.row(context, id)])[0] ?? {};
  }

  /** Errors: 404. */
  row(context: RequestContext, id: string): NetworkRow {
    const [row] = this.rows(context, new Map([["id", [id]]]));
    if (row === undefined) throw networkNotFound(id);
    return row;
  }

  /** The caller's, or shared with the caller's project so that ports may be made on it. */
  isShared(context: RequestContext, network: NetworkRow): boolean {
    return sharedIds(this.#core, context, [network]).has(network.id);
  }

  views(context: RequestContext, rows: readonly NetworkRow[]): Body[] {
    const ids = rows.map(({ id }) => id);
    const subnets = this.#core.store.subnets.select(
      "network_id IN (SELECT value FROM json_each(?))",
      JSON.stringify(ids),
    );
    const byNetwork = groupBy(subnets, (subnet) => subnet.network_id);
    const shared = sharedIds(this.#core, context, rows);
    const scopes = this.#scopes(subnets.map((subnet) => subnet.subnetpool_id));
    return rows.map((row) => networkView(row, byNetwork.get(row.id) ?? [], shared, scopes));
  }

  /** Subnet pool id → its address scope. */
  #scopes(poolIds: readonly (string | null)[]): ReadonlyMap<string, string | null> {
    const ids = [...new Set(poolIds.filter((id) => id !== null))];
    return new Map(this.#core.store.subnetPools.getMany(ids).map((pool) => [pool.id, pool.address_scope_id]));
  }

  create(context: RequestContext, bodies: readonly Body[]): Body[] {
    return this.#core.kernel.db.transaction(() => {
      for (const [project, wanted] of groupBy(bodies, (body) => String(body.project_id))) {
        checkQuota(this.#core, project, { network: wanted.length });
      }
      const rows = bodies.map((body) => this.#insert(body));
      // Who makes a network is told that it is no default; later only external ones say so.
      return this.views(context, rows).map((view, index) => ({
        ...view,
        is_default: rows[index]?.is_default ?? false,
      }));
    });
  }

  #insert(body: Body): NetworkRow {
    const { settings } = this.#core.kernel;
    const projectId = String(body.project_id);
    const external = body["router:external"] === true;
    const segment = segmentOf(this.#core.store, settings.network, body);
    const limit = settings.network.mtu;
    if (typeof body.mtu === "number" && body.mtu > limit)
      throw invalidInput(`Requested MTU is too big, maximum is ${limit}`);
    const row: NetworkRow = {
      ...standard(this.#core, projectId, body.description, body.tags, 1),
      name: String(body.name),
      admin_state_up: body.admin_state_up === true,
      status: "ACTIVE",
      external,
      is_default: external && body.is_default === true,
      mtu: typeof body.mtu === "number" && body.mtu > 0 ? body.mtu : limit,
      port_security_enabled: body.port_security_enabled === true,
      dns_domain: String(body.dns_domain),
      ...segment,
      availability_zone_hints: body.availability_zone_hints as string[],
    };
    if (row.is_default) this.#refuseSecondDefault(row.id);
    this.#core.store.networks.insert(row);
    if (external) this.#openToAll(row);
    if (body.shared === true) shareWithAll(this.#core.store, "network", row);
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

  #dropPolicies(id: string, which: string): void {
    const { rbac } = this.#core.store;
    for (const policy of rbac.select(`object_id = ? AND ${which}`, id)) rbac.delete(policy.id);
  }

  #refuseSecondDefault(id: string): void {
    const [other] = this.#core.store.networks.select("is_default = 1 AND id <> ?", id);
    if (other === undefined) return;
    throw conflict(`A default external network already exists: ${other.id}.`, { type: "DefaultExternalNetworkExists" });
  }

  update(context: RequestContext, id: string, changes: Body): Body {
    const core = this.#core;
    return core.kernel.db.transaction(() => {
      const row = this.row(context, id);
      const { "router:external": external, shared, ...rest } = changes;
      const segment = changedSegment(core.store, core.kernel.settings.network, row, rest);
      const wanted: Partial<NetworkRow> = { ...(rest as Partial<NetworkRow>), ...segment };
      if (wanted.mtu === 0) wanted.mtu = core.kernel.settings.network.mtu;
      if (typeof wanted.mtu === "number" && wanted.mtu > core.kernel.settings.network.mtu)
        throw invalidInput(`Requested MTU is too big, maximum is ${core.kernel.settings.network.mtu}`);
      if (external !== undefined) this.#setExternal(row, external === true, wanted);
      if (shared !== undefined) this.#setShared(row, shared === true);
      if (wanted.is_default === true) {
        if (!(wanted.external ?? row.external)) wanted.is_default = false;
        else this.#refuseSecondDefault(id);
      }
      const updated = revise(core, core.store.networks, row, wanted);
      core.dirty("network", id);
      if (wanted.mtu !== undefined) this.#dirtyRouters(id);
      return this.views(context, [updated])[0] ?? {};
    });
  }

  #setExternal(row: NetworkRow, external: boolean, changes: Partial<NetworkRow>): void {
    if (external === row.external) return;
    if (!external) {
      if (this.#ports(row.id, "device_owner = 'network:router_gateway'").length > 0) {
        throw conflict(
          `External network ${row.id} cannot be updated to be made non-external, since it has existing gateway ports.`,
          { type: "ExternalNetworkInUse" },
        );
      }
      this.#dropPolicies(row.id, "action = 'access_as_external'");
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
    const shares = store.rbac.select("object_id = ? AND action = 'access_as_shared'", row.id);
    if (!shares.some((policy) => policy.target_project === "*")) return;
    const allowed = new Set([row.project_id, ...shares.map((policy) => policy.target_project)]);
    const things = [
      ...this.#ports(row.id, "device_owner NOT LIKE 'network:%'"),
      ...store.subnets.select("network_id = ?", row.id),
    ];
    if (things.some((thing) => !allowed.has(thing.project_id))) throw sharedSetting(row.name);
    this.#dropPolicies(row.id, "action = 'access_as_shared' AND target_project = '*'");
  }

  #ports(networkId: string, where: string, ...params: string[]): PortRow[] {
    return this.#core.store.ports.select(`network_id = ? AND ${where}`, networkId, ...params);
  }

  #dirtyRouters(networkId: string): void {
    for (const port of this.#ports(networkId, "device_owner LIKE 'network:router_%'"))
      this.#core.dirty("router", port.device_id);
  }

  remove(context: RequestContext, id: string): void {
    const { store, kernel, dirty } = this.#core;
    kernel.db.transaction(() => {
      const row = this.row(context, id);
      // Floating IPs that lead nowhere go with their network, as in neutron.
      for (const fip of store.floatingIps.select("floating_network_id = ? AND router_id IS NULL", id)) {
        store.floatingIps.delete(fip.id);
        store.ports.delete(fip.floating_port_id);
      }
      const ports = store.ports.select("network_id = ?", id);
      const holding = ports.filter((port) => !AUTO_DELETED_OWNERS.has(port.device_owner));
      if (holding.length > 0) throw networkInUse(id, holding.map((port) => port.id).sort());
      for (const port of ports) store.ports.delete(port.id);
      for (const subnet of store.subnets.select("network_id = ?", id)) store.subnets.delete(subnet.id);
      unshare(store, id);
      store.networks.delete(row.id);
      dirty("network", id);
      dirty("firewall");
    });
  }
}
