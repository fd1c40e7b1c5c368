import type { RequestContext } from "../../../kernel/auth/context.ts";
import { inTurns } from "../../../kernel/db/list.ts";
import { type Page, pageOf, type Wanted } from "../../../kernel/db/paging.ts";
import { badRequest, conflict, notFound, orNull } from "../../../kernel/errors.ts";
import { uuid } from "../../../kernel/ids/ids.ts";
import { own } from "../../../kernel/own.ts";
import type { Pause } from "../../../kernel/turns/slices.ts";
import { flavorNotFound } from "../errors.ts";
import { type Flavor, flavorOrder, hasAtLeast, isPrivate, waysToUse } from "../store/flavors.ts";
import type { Core } from "./core.ts";

export interface FlavorListOptions {
  /** "none": public and private ones (admins only). */
  visibility: "public" | "private" | "all";
  minRam: number;
  minDisk: number;
  sortKey: string;
  sortDirection: "asc" | "desc";
  page: Wanted;
  pause: Pause;
}

/** A flavor of this id that the caller may use; undefined when there is none. */
export function usableFlavor(core: Core, { isAdmin, projectId }: RequestContext, id: string): Flavor | undefined {
  const { flavors } = core;
  const flavor = flavors.get(id);
  if (flavor === undefined || flavor.isPublic || isAdmin) return flavor;
  return projectId !== null && flavors.access.has({ flavor_id: id, project_id: projectId }) ? flavor : undefined;
}

/** The verbs on flavors. */
export class FlavorManager {
  readonly #core: Core;
  constructor(core: Core) {
    this.#core = core;
  }

  /** Errors: 404, also for a private one the project has no access to. */
  get(context: RequestContext, id: string): Flavor {
    const flavor = usableFlavor(this.#core, context, id);
    if (flavor === undefined) throw flavorNotFound(id);
    return flavor;
  }

  /** One page. Errors: 400 for an unknown marker or sort key. */
  list(context: RequestContext, options: FlavorListOptions): Promise<Page<Flavor>> {
    const { flavors } = this.#core;
    const { visibility, minRam, minDisk, sortKey, sortDirection } = options;
    const isOwn = !context.isAdmin || visibility === "public";
    const order = flavorOrder(sortKey, sortDirection === "desc");
    if (order === null) throw badRequest(`Sort key supplied was not valid: ${sortKey}`);
    const ways = isOwn ? waysToUse(context.projectId) : [];
    const conditions = [hasAtLeast(minRam, minDisk), ...(!isOwn && visibility === "private" ? [isPrivate] : [])];
    return pageOf(options.page, {
      place: (marker) => (orNull(() => this.get(context, marker)) === null ? undefined : flavors.place(marker, order)),
      lost: (marker) => badRequest(`marker [${marker}] not found`),
      read: (after, wanted) =>
        inTurns({
          wanted,
          after,
          read: (from, limit) => flavors.page({ ways, conditions }, { order, after: from, limit }),
          place: ({ id }) => flavors.place(id, order) ?? [],
          pause: options.pause,
        }),
    });
  }

  /** Errors: 409 for a taken id or name, 400 for a blank name. */
  create(wanted: Omit<Flavor, "number" | "id" | "createdAt"> & { id: string | null }): Flavor {
    const { flavors, kernel } = this.#core;
    return kernel.db.transaction(() => {
      const id = wanted.id ?? uuid();
      if (flavors.get(id) !== undefined) throw conflict(`Flavor with ID ${id} already exists.`);
      if (flavors.find({ name: wanted.name }) !== undefined) {
        throw conflict(`Flavor with name ${wanted.name} already exists.`);
      }
      flavors.insert({ ...wanted, id, createdAt: kernel.clock.now() });
      return this.#require(id);
    });
  }

  setDescription(id: string, description: string | null): Flavor {
    this.#require(id);
    this.#core.flavors.update(id, { description });
    return this.#require(id);
  }

  delete(id: string): void {
    this.#require(id);
    this.#core.flavors.delete(id);
  }

  setExtraSpecs(id: string, specs: Readonly<Record<string, string>>): void {
    const flavor = this.#require(id);
    this.#core.flavors.update(id, { extraSpecs: { ...flavor.extraSpecs, ...specs } });
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
    this.#core.flavors.update(id, { extraSpecs: rest });
  }

  /** Errors: 404 for public ones, which have no list. */
  access(id: string): string[] {
    const flavor = this.#require(id);
    if (flavor.isPublic) throw notFound("Access list not available for public flavors.");
    return this.#projectsOf(id);
  }

  addAccess(id: string, projectId: string): string[] {
    const { flavors } = this.#core;
    const flavor = this.#require(id);
    if (flavor.isPublic) throw conflict("Can not add access to a public flavor.");
    this.#requireProject(projectId);
    if (!flavors.access.add({ flavor_id: id, project_id: projectId }))
      throw conflict(`Flavor access already exists for flavor ${id} and project ${projectId} combination.`);
    return this.#projectsOf(id);
  }

  removeAccess(id: string, projectId: string): string[] {
    const { flavors } = this.#core;
    this.#require(id);
    this.#requireProject(projectId);
    if (!flavors.access.deleteWhere({ flavor_id: id, project_id: projectId }))
      throw notFound(`Flavor access not found for ${id} / ${projectId} combination.`);
    return this.#projectsOf(id);
  }

  #projectsOf(id: string): string[] {
    return this.#core.flavors.access.column("project_id", { flavor_id: id });
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
