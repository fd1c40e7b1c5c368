import type { RequestContext } from "../../../kernel/auth/context.ts";
import { badRequest, conflict, notFound } from "../../../kernel/errors.ts";
import { uuid } from "../../../kernel/ids/ids.ts";
import { own } from "../../../kernel/own.ts";
import { flavorNotFound } from "../errors.ts";
import type { Flavor } from "../store/flavors.ts";
import type { Core } from "./core.ts";

export interface FlavorListOptions {
  /** "none": public and private ones (admins only). */
  visibility: "public" | "private" | "all";
  minRam: number;
  minDisk: number;
  sortKey: string;
  sortDirection: "asc" | "desc";
  limit: number;
  marker: string | null;
}

const SORT_KEYS: Readonly<Record<string, (flavor: Flavor) => string | number | boolean>> = {
  flavorid: (f) => f.id,
  id: (f) => f.number,
  name: (f) => f.name,
  memory_mb: (f) => f.ram,
  root_gb: (f) => f.disk,
  ephemeral_gb: (f) => f.ephemeral,
  vcpus: (f) => f.vcpus,
  swap: (f) => f.swap,
  rxtx_factor: (f) => f.rxtxFactor,
  created_at: (f) => f.createdAt,
  updated_at: (f) => f.createdAt,
  is_public: (f) => f.isPublic,
  description: (f) => f.description ?? "",
  disabled: () => false,
  vcpu_weight: () => 0,
};

/** The verbs on flavors. */
export class FlavorManager {
  readonly #core: Core;
  constructor(core: Core) {
    this.#core = core;
  }

  /** Errors: 404, also for a private one the project has no access to. */
  get(context: RequestContext, id: string): Flavor {
    const flavor = this.#core.flavors.get(id);
    const visible =
      flavor !== undefined &&
      (flavor.isPublic || context.isAdmin || this.#core.flavors.hasAccess(flavor.id, context.projectId));
    if (!visible) throw flavorNotFound(id);
    return flavor;
  }

  /** One page, and whether there is a next one. Errors: 400 for an unknown marker or sort key. */
  list(context: RequestContext, options: FlavorListOptions): { flavors: Flavor[]; more: boolean } {
    const { flavors } = this.#core;
    let found: Flavor[];
    if (!context.isAdmin) found = flavors.list(context.projectId);
    else if (options.visibility === "public") found = flavors.list(context.projectId);
    else found = flavors.list(null).filter((flavor) => options.visibility === "all" || !flavor.isPublic);
    found = found.filter((flavor) => flavor.ram >= options.minRam && flavor.disk >= options.minDisk);
    const key = Object.hasOwn(SORT_KEYS, options.sortKey) ? SORT_KEYS[options.sortKey] : undefined;
    if (key === undefined) throw badRequest(`Sort key supplied was not valid: ${options.sortKey}`);
    const sign = options.sortDirection === "asc" ? 1 : -1;
    found.sort((a, b) => {
      const left = key(a);
      const right = key(b);
      return left === right ? a.number - b.number : sign * (left < right ? -1 : 1);
    });
    let start = 0;
    if (options.marker !== null) {
      start = found.findIndex(({ id }) => id === options.marker) + 1;
      if (start === 0) throw badRequest(`marker [${options.marker}] not found`);
    }
    return {
      flavors: found.slice(start, start + options.limit),
      more: found.length > start + options.limit,
    };
  }

  /** Errors: 409 for a taken id or name, 400 for a blank name. */
  create(wanted: Omit<Flavor, "number" | "id" | "createdAt"> & { id: string | null }): Flavor {
    const { flavors, kernel } = this.#core;
    return kernel.db.transaction(() => {
      const id = wanted.id ?? uuid();
      if (flavors.get(id) !== undefined) throw conflict(`Flavor with ID ${id} already exists.`);
      if (flavors.getByName(wanted.name) !== undefined) {
        throw conflict(`Flavor with name ${wanted.name} already exists.`);
      }
      flavors.insert({ ...wanted, id, createdAt: kernel.clock.now() });
      return this.#require(id);
    });
  }

  setDescription(id: string, description: string | null): Flavor {
    this.#require(id);
    this.#core.flavors.setDescription(id, description);
    return this.#require(id);
  }

  delete(id: string): void {
    this.#require(id);
    this.#core.flavors.delete(id);
  }

  setExtraSpecs(id: string, specs: Readonly<Record<string, string>>): void {
    const flavor = this.#require(id);
    this.#core.flavors.setExtraSpecs(id, { ...flavor.extraSpecs, ...specs });
  }

  extraSpec(flavor: Flavor, key: string): string {
    const value = own(flavor.extraSpecs, key);
    if (value === undefined) throw notFound(`Flavor ${flavor.id} has no extra specs with key ${key}.`);
    return value;
  }

  deleteExtraSpec(id: string, key: string): void {
    const flavor = this.#require(id);
    this.extraSpec(flavor, key);
    const { [key]: _, ...rest } = flavor.extraSpecs;
    this.#core.flavors.setExtraSpecs(id, rest);
  }

  /** Errors: 404 for public ones, which have no list. */
  access(id: string): string[] {
    const flavor = this.#require(id);
    if (flavor.isPublic) throw notFound("Access list not available for public flavors.");
    return this.#core.flavors.access(id);
  }

  addAccess(id: string, projectId: string): string[] {
    const { flavors } = this.#core;
    const flavor = this.#require(id);
    if (flavor.isPublic) throw conflict("Can not add access to a public flavor.");
    this.#requireProject(projectId);
    if (flavors.hasAccess(id, projectId)) {
      throw conflict(`Flavor access already exists for flavor ${id} and project ${projectId} combination.`);
    }
    flavors.addAccess(id, projectId);
    return flavors.access(id);
  }

  removeAccess(id: string, projectId: string): string[] {
    const { flavors } = this.#core;
    this.#require(id);
    this.#requireProject(projectId);
    if (!flavors.removeAccess(id, projectId)) {
      throw notFound(`Flavor access not found for ${id} / ${projectId} combination.`);
    }
    return flavors.access(id);
  }

  #requireProject(projectId: string): void {
    const identity = this.#core.kernel.facade("identity");
    if (identity.getProject(projectId) === null) {
      throw badRequest(`Project ID ${projectId} is not a valid project.`);
    }
  }

  #require(id: string): Flavor {
    const flavor = this.#core.flavors.get(id);
    if (flavor === undefined) throw flavorNotFound(id);
    return flavor;
  }
}
