import type { RequestContext } from "../../../kernel/auth/context.ts";
import type { Range } from "../../../kernel/db/list.ts";
import { badRequest, conflict, notFound, unavailable } from "../../../kernel/errors.ts";
import { uuid } from "../../../kernel/ids/ids.ts";
import type { Filters } from "../routes/listing.ts";
import type { Resource } from "../routes/resource.ts";
import type { Body } from "../schemas/attribute.ts";
import { flavorAttributes, serviceProfileAttributes } from "../schemas/resources.ts";
import type { FlavorRow, ServiceProfileRow } from "../store/rows.ts";
import type { Core } from "./core.ts";

/** Neutron's name for routers as a service, and for its way to run one on one host. */
export const ROUTER_SERVICE = "L3_ROUTER_NAT";
const DRIVER = "neutron.services.l3_router.service_providers.single_node.SingleNodeDriver";
const PROVIDER = "single_node";

const flavorNotFound = (id: string) => notFound(`Flavor ${id} could not be found.`, { type: "FlavorNotFound" });
const profileNotFound = (id: string) =>
  notFound(`Service Profile ${id} could not be found.`, { type: "ServiceProfileNotFound" });
const notAssociated = (profile: string, flavor: string) =>
  notFound(`Service Profile ${profile} is not associated with flavor ${flavor}.`, {
    type: "FlavorServiceProfileBindingNotFound",
  });
const driverNotFound = (driver: string) =>
  notFound(`Service Profile driver ${driver} could not be found.`, { type: "ServiceProfileDriverNotFound" });
const invalidServiceType = (type: string) =>
  badRequest(`Invalid service type: ${type}.`, { type: "InvalidServiceType" });

/** What an admin calls a kind of router (neutron/db/flavors_db.py). Everybody sees them, admins make them. */
export class FlavorManager implements Resource {
  readonly names = { singular: "flavor", plural: "flavors" };
  readonly path = "/v2.0/flavors";
  readonly attributes = flavorAttributes;
  readonly listed: Resource["listed"];
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
    this.listed = core.store.lists.flavors;
  }

  list(_context: RequestContext, filters: Filters, range?: Range): Body[] {
    return this.#core.store.lists.flavors.rows(filters, [], range).map((row) => ({ ...row }));
  }

  get(_context: RequestContext, id: string): Body {
    return { ...this.#row(id) };
  }

  #row(id: string): FlavorRow {
    const row = this.#core.store.flavors.get(id);
    if (row === undefined) throw flavorNotFound(id);
    return row;
  }

  create(_context: RequestContext, bodies: readonly Body[]): Body[] {
    const { store, kernel } = this.#core;
    return kernel.db.transaction(() =>
      bodies.map((body) => {
        const type = String(body.service_type);
        if (type !== ROUTER_SERVICE) throw invalidServiceType(type);
        const row: FlavorRow = {
          id: uuid(),
          name: String(body.name),
          description: String(body.description ?? ""),
          service_type: type,
          enabled: body.enabled === true,
          service_profiles: [],
        };
        store.flavors.insert(row);
        return { ...row };
      }),
    );
  }

  update(context: RequestContext, id: string, changes: Body): Body {
    const { service_profiles: _bound, ...wanted } = changes;
    this.#core.store.flavors.update(id, wanted as Partial<FlavorRow>);
    return this.get(context, id);
  }

  remove(_context: RequestContext, id: string): void {
    const { store, kernel } = this.#core;
    kernel.db.transaction(() => {
      if (store.routers.count("flavor_id = ?", id) > 0)
        throw conflict(`Flavor ${id} is used by some service instance.`, { type: "FlavorInUse" });
      store.flavors.delete(id);
    });
  }

  /** Errors: 404 for either, 409 when it has it already. */
  bind(id: string, profileId: string): Body {
    const { store, kernel } = this.#core;
    return kernel.db.transaction(() => {
      const row = this.#row(id);
      if (row.service_profiles.includes(profileId)) {
        throw conflict(`Service Profile ${profileId} is already associated with flavor ${id}.`, {
          type: "FlavorServiceProfileBindingExists",
        });
      }
      if (store.serviceProfiles.get(profileId) === undefined) throw profileNotFound(profileId);
      const service_profiles = [...row.service_profiles, profileId];
      store.flavors.update(id, { service_profiles });
      return { ...row, service_profiles };
    });
  }

  bound(id: string, profileId: string): Body {
    if (!this.#row(id).service_profiles.includes(profileId)) throw notAssociated(profileId, id);
    return { service_profile_id: profileId, flavor_id: id };
  }

  unbind(id: string, profileId: string): void {
    const { store, kernel } = this.#core;
    kernel.db.transaction(() => {
      this.bound(id, profileId);
      const service_profiles = this.#row(id).service_profiles.filter((one) => one !== profileId);
      store.flavors.update(id, { service_profiles });
    });
  }

  /** Who would make a router of it. Errors: 404, 503. */
  nextProviders(id: string): Body[] {
    const [first] = this.#row(id).service_profiles;
    const profile = first === undefined ? undefined : this.#core.store.serviceProfiles.get(first);
    if (profile === undefined) throw notAssociated("", id);
    if (!profile.enabled) throw unavailable("Service Profile is not enabled.", { type: "ServiceProfileDisabled" });
    if (profile.driver !== DRIVER) throw driverNotFound(profile.driver);
    return [{ driver: profile.driver, provider: PROVIDER }];
  }

  /** Whether a router may be made of it. Errors: 400, 404, 503. */
  requireForRouter(id: string): void {
    const row = this.#row(id);
    if (row.service_type !== ROUTER_SERVICE) throw invalidServiceType(row.service_type);
    if (!row.enabled) throw unavailable("Flavor is not enabled.", { type: "FlavorDisabled" });
    this.nextProviders(id);
  }
}

/** What a flavor means: a driver, or words for one. */
export class ServiceProfileManager implements Resource {
  readonly names = { singular: "service_profile", plural: "service_profiles" };
  readonly path = "/v2.0/service_profiles";
  readonly attributes = serviceProfileAttributes;
  readonly listed: Resource["listed"];
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
    this.listed = core.store.lists.serviceProfiles;
  }

  /** Who is no admin sees none. */
  list(context: RequestContext, filters: Filters, range?: Range): Body[] {
    if (!context.isAdmin) return [];
    return this.#core.store.lists.serviceProfiles.rows(filters, [], range).map((row) => this.#view(row));
  }

  #view(row: ServiceProfileRow): Body {
    const flavors = this.#flavorsOf(row.id);
    return { ...row, flavors };
  }

  #flavorsOf(id: string): string[] {
    const flavors = this.#core.store.flavors.select("1");
    return flavors.filter((one) => one.service_profiles.includes(id)).map((one) => one.id);
  }

  get(context: RequestContext, id: string): Body {
    const row = context.isAdmin ? this.#core.store.serviceProfiles.get(id) : undefined;
    if (row === undefined) throw profileNotFound(id);
    return this.#view(row);
  }

  create(_context: RequestContext, bodies: readonly Body[]): Body[] {
    const { store, kernel } = this.#core;
    return kernel.db.transaction(() =>
      bodies.map((body) => {
        const row: ServiceProfileRow = {
          id: uuid(),
          description: String(body.description ?? ""),
          driver: String(body.driver),
          metainfo: String(body.metainfo),
          enabled: body.enabled === true,
        };
        if (row.driver !== "") requireDriver(row.driver);
        else if (row.metainfo === "")
          throw badRequest("Service Profile needs either a driver or metainfo.", { type: "ServiceProfileEmpty" });
        store.serviceProfiles.insert(row);
        return this.#view(row);
      }),
    );
  }

  update(context: RequestContext, id: string, changes: Body): Body {
    if (typeof changes.driver === "string" && changes.driver !== "") requireDriver(changes.driver);
    this.#refuseInUse(id);
    this.#core.store.serviceProfiles.update(id, changes as Partial<ServiceProfileRow>);
    return this.get(context, id);
  }

  remove(_context: RequestContext, id: string): void {
    this.#refuseInUse(id);
    this.#core.store.serviceProfiles.delete(id);
  }

  #refuseInUse(id: string): void {
    if (this.#flavorsOf(id).length > 0)
      throw conflict(`Service Profile ${id} is used by some service instance.`, { type: "ServiceProfileInUse" });
  }
}

function requireDriver(driver: string): void {
  if (driver !== DRIVER) throw driverNotFound(driver);
}
