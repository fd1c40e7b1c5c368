import type { RequestContext } from "../../../kernel/auth/context.ts";
import type { Range } from "../../../kernel/db/list.ts";
import { badRequest, conflict, notFound, unavailable } from "../../../kernel/errors.ts";
import { uuid } from "../../../kernel/ids/ids.ts";
import type { FlavorRow, ServiceProfileRow } from "../store/rows.ts";
import type { Collection, Core, Filters } from "./core.ts";

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

export interface NewFlavor {
  name?: string;
  description?: string;
  service_type: string;
  enabled?: boolean;
}

export interface NewServiceProfile {
  description?: string;
  driver?: string;
  metainfo?: string;
  enabled?: boolean;
}

/** What an admin calls a kind of router (neutron/db/flavors_db.py). Everybody sees them, admins make them. */
export class FlavorManager implements Collection {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  list(_context: RequestContext, filters: Filters, range?: Range): FlavorRow[] {
    return this.#core.store.lists.flavors.rows(filters, [], range);
  }

  get(_context: RequestContext, id: string): FlavorRow {
    return this.#row(id);
  }

  #row(id: string): FlavorRow {
    const row = this.#core.store.flavors.get(id);
    if (row === undefined) throw flavorNotFound(id);
    return row;
  }

  create(_context: RequestContext, wanted: readonly NewFlavor[]): FlavorRow[] {
    const { store, kernel } = this.#core;
    return kernel.db.transaction(() =>
      wanted.map(({ name = "", description = "", service_type, enabled = true }) => {
        if (service_type !== ROUTER_SERVICE) throw invalidServiceType(service_type);
        return store.flavors.insert({ id: uuid(), name, description, service_type, enabled, service_profiles: [] });
      }),
    );
  }

  /** Its profiles are bound one by one. */
  update(_context: RequestContext, id: string, changes: Partial<FlavorRow>): FlavorRow {
    const { service_profiles: _bound, ...wanted } = changes;
    this.#core.store.flavors.update(id, wanted);
    return this.#row(id);
  }

  remove(_context: RequestContext, id: string): void {
    const { store, kernel } = this.#core;
    kernel.db.transaction(() => {
      if (store.routers.find({ flavor_id: id }) !== undefined)
        throw conflict(`Flavor ${id} is used by some service instance.`, { type: "FlavorInUse" });
      store.flavors.delete(id);
    });
  }

  /** Errors: 404 for either, 409 when it has it already. */
  bind(id: string, profileId: string): FlavorRow {
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

  /** Errors: 404 when it has not got it. */
  requireBound(id: string, profileId: string): void {
    if (!this.#row(id).service_profiles.includes(profileId)) throw notAssociated(profileId, id);
  }

  unbind(id: string, profileId: string): void {
    const { store, kernel } = this.#core;
    kernel.db.transaction(() => {
      this.requireBound(id, profileId);
      const service_profiles = this.#row(id).service_profiles.filter((one) => one !== profileId);
      store.flavors.update(id, { service_profiles });
    });
  }

  /** Who would make a router of it. Errors: 404, 503. */
  nextProviders(id: string): { driver: string; provider: string }[] {
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
export class ServiceProfileManager implements Collection {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Who is no admin sees none. */
  list(context: RequestContext, filters: Filters, range?: Range): ServiceProfileRow[] {
    return context.isAdmin ? this.#core.store.lists.serviceProfiles.rows(filters, [], range) : [];
  }

  /** Flavors that mean it. */
  flavorsOf(id: string): string[] {
    const flavors = this.#core.store.flavors.list({}, "id");
    return flavors.filter((one) => one.service_profiles.includes(id)).map((one) => one.id);
  }

  get(context: RequestContext, id: string): ServiceProfileRow {
    const row = context.isAdmin ? this.#core.store.serviceProfiles.get(id) : undefined;
    if (row === undefined) throw profileNotFound(id);
    return row;
  }

  create(_context: RequestContext, wanted: readonly NewServiceProfile[]): ServiceProfileRow[] {
    const { store, kernel } = this.#core;
    return kernel.db.transaction(() =>
      wanted.map(({ description = "", driver = "", metainfo = "", enabled = true }) => {
        if (driver !== "") requireDriver(driver);
        else if (metainfo === "")
          throw badRequest("Service Profile needs either a driver or metainfo.", { type: "ServiceProfileEmpty" });
        return store.serviceProfiles.insert({ id: uuid(), description, driver, metainfo, enabled });
      }),
    );
  }

  update(context: RequestContext, id: string, changes: Partial<NewServiceProfile>): ServiceProfileRow {
    if (changes.driver !== undefined && changes.driver !== "") requireDriver(changes.driver);
    this.#refuseInUse(id);
    this.#core.store.serviceProfiles.update(id, changes);
    return this.get(context, id);
  }

  remove(_context: RequestContext, id: string): void {
    this.#refuseInUse(id);
    this.#core.store.serviceProfiles.delete(id);
  }

  #refuseInUse(id: string): void {
    if (this.flavorsOf(id).length > 0)
      throw conflict(`Service Profile ${id} is used by some service instance.`, { type: "ServiceProfileInUse" });
  }
}

function requireDriver(driver: string): void {
  if (driver !== DRIVER) throw driverNotFound(driver);
}
