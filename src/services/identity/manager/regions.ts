import { badRequest, forbidden } from "../../../kernel/errors.ts";
import { missing, storeConflict } from "../errors.ts";
import type { RegionRow } from "../store/rows.ts";
import type { Core } from "./core.ts";

/** Regions, which may be in regions. */
export class RegionManager {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Errors: 404. */
  get(id: string): RegionRow {
    const row = this.#core.store.regions.get(id);
    if (row === undefined) throw missing("region", id);
    return row;
  }

  /** Errors: 409 for its id, 404 for its parent. */
  create(region: RegionRow): RegionRow {
    const { store, kernel } = this.#core;
    return kernel.db.transaction(() => {
      if (store.regions.get(region.id) !== undefined) throw storeConflict("region", `Duplicate ID, ${region.id}.`);
      this.#requireParent(region.id, region.parent_region_id);
      return store.regions.insert(region);
    });
  }

  /** Errors: 404 for its parent, 400 for one below itself. */
  update({ id }: RegionRow, changes: Partial<Omit<RegionRow, "id">>): RegionRow {
    const { store, kernel } = this.#core;
    return kernel.db.transaction(() => {
      this.#requireParent(id, changes.parent_region_id ?? null);
      store.regions.update(id, changes);
      return this.get(id);
    });
  }

  /** Those in it stand alone then. Errors: 403 while endpoints are there. */
  delete({ id }: RegionRow): void {
    const { store, kernel } = this.#core;
    kernel.db.transaction(() => {
      if (store.endpoints.find({ region_id: id }) !== undefined) {
        throw forbidden(`Unable to delete region ${id} because it or its child regions have associated endpoints.`);
      }
      for (const child of store.regions.list({ parent_region_id: id })) {
        store.regions.update(child.id, { parent_region_id: null });
      }
      store.regions.delete(id);
    });
  }

  #requireParent(id: string, parentId: string | null): void {
    for (let parent = parentId; parent !== null; parent = this.get(parent).parent_region_id) {
      if (parent === id) throw badRequest(`Region ${id} cannot be a descendant of itself.`);
    }
  }
}
