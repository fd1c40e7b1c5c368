import { conflict, forbidden, notFound } from "../../../kernel/errors.ts";
import { hexId } from "../../../kernel/ids/ids.ts";
import { expecting } from "../errors.ts";
import type { LimitRow, RegisteredLimitRow } from "../store/rows.ts";
import type { Core } from "./core.ts";

/** What a limit is about: one resource of a service, in a region or in all. */
export interface LimitKey {
  service_id: string;
  region_id: string | null;
  resource_name: string;
}

export type NewRegisteredLimit = Omit<RegisteredLimitRow, "id">;
export type NewLimit = Omit<LimitRow, "id">;

/**
 * Unified limits, in keystone's flat model: defaults that services register, and a project's or domain's own in their place.
 * Kept for services that ask; those of this cloud have quotas of their own.
 */
export class UnifiedLimits {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  registered(id: string): RegisteredLimitRow {
    const row = this.#core.store.registeredLimits.get(id);
    if (row === undefined) throw notFound(`Could not find registered limit for ${id}.`);
    return row;
  }

  limit(id: string): LimitRow {
    const row = this.#core.store.limits.get(id);
    if (row === undefined) throw notFound(`Could not find limit for ${id}.`);
    return row;
  }

  /** All or none. */
  register(wanted: readonly NewRegisteredLimit[]): RegisteredLimitRow[] {
    const { store, kernel } = this.#core;
    return kernel.db.transaction(() =>
      wanted.map((limit) => {
        this.#requireServiceAndRegion(limit, "registered_limit");
        this.#requireFree(limit, null);
        return store.registeredLimits.insert({ id: hexId(), ...limit });
      }),
    );
  }

  /** Errors: 403 while projects have limits of it. */
  updateRegistered(row: RegisteredLimitRow, changes: Partial<NewRegisteredLimit>): RegisteredLimitRow {
    const { store, kernel } = this.#core;
    return kernel.db.transaction(() => {
      this.#requireUnused(row);
      const changed = { ...row, ...changes };
      this.#requireServiceAndRegion(changed, "registered_limit");
      this.#requireFree(changed, row.id);
      store.registeredLimits.update(row.id, changes);
      return changed;
    });
  }

  deleteRegistered(row: RegisteredLimitRow): void {
    const { store, kernel } = this.#core;
    kernel.db.transaction(() => {
      this.#requireUnused(row);
      store.registeredLimits.delete(row.id);
    });
  }

  /** All or none. Errors: 403 for what is not registered. */
  create(wanted: readonly NewLimit[]): LimitRow[] {
    const { store, kernel } = this.#core;
    return kernel.db.transaction(() =>
      wanted.map((given) => {
        const limit = this.#owned(given);
        this.#requireServiceAndRegion(limit, "limit");
        if (store.registeredLimits.find(keyOf(limit)) === undefined) {
          throw forbidden("Unable to create a limit that has no corresponding registered limit.");
        }
        const { project_id, domain_id } = limit;
        if (store.limits.find({ ...keyOf(limit), project_id, domain_id }) !== undefined) {
          throw conflict("Conflict occurred attempting to store limit - Duplicate entry.");
        }
        return store.limits.insert({ id: hexId(), ...limit });
      }),
    );
  }

  update(row: LimitRow, changes: Partial<Pick<LimitRow, "resource_limit" | "description">>): LimitRow {
    this.#core.store.limits.update(row.id, changes);
    return { ...row, ...changes };
  }

  delete(row: LimitRow): void {
    this.#core.store.limits.delete(row.id);
  }

  /** A domain given as a project is a domain. Errors: 400 for one that is not there. */
  #owned(limit: NewLimit): NewLimit {
    const { projects } = this.#core.store;
    const project = limit.project_id === null ? undefined : projects.get(limit.project_id);
    if (limit.project_id !== null && project === undefined) throw expecting("project_id", "limit");
    const owned = project?.is_domain === 1 ? { ...limit, project_id: null, domain_id: project.id } : limit;
    if (owned.domain_id !== null && projects.get(owned.domain_id)?.is_domain !== 1) {
      throw expecting("domain_id", "limit");
    }
    return owned;
  }

  #requireServiceAndRegion({ service_id, region_id }: LimitKey, target: string): void {
    const { services, regions } = this.#core.store;
    if (services.get(service_id) === undefined) throw expecting("service_id", target);
    if (region_id !== null && regions.get(region_id) === undefined) throw expecting("region_id", target);
  }

  #requireFree(key: LimitKey, exceptId: string | null): void {
    const twin = this.#core.store.registeredLimits.find(keyOf(key));
    if (twin !== undefined && twin.id !== exceptId) {
      throw conflict("Conflict occurred attempting to store registered_limit - Duplicate entry.");
    }
  }

  #requireUnused(row: RegisteredLimitRow): void {
    if (this.#core.store.limits.find(keyOf(row)) === undefined) return;
    throw forbidden(
      `Unable to update or delete registered limit ${row.id} because there are project limits associated with it.`,
    );
  }
}

const keyOf = ({ service_id, region_id, resource_name }: LimitKey): LimitKey => ({
  service_id,
  region_id,
  resource_name,
});
