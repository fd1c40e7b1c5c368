import { ApiError, badRequest, conflict, notFound } from "../../../kernel/errors.ts";
import type { Kernel } from "../../../kernel/module.ts";
import { generationConflict, keptByCompute } from "../errors.ts";
import type { AllocationRow, InventoryRow, NameKind, PlacementStore } from "../store/placement.ts";
import { isCustomName, STANDARD_CLASSES, STANDARD_TRAITS } from "./names.ts";
import { capacity, type Picture, type Provider, withPicture } from "./picture.ts";

export interface NewAllocations {
  consumer: string;
  projectId: string;
  userId: string;
  type: string;
  /** Null: must be new. Undefined: an old client that does not know. */
  generation: number | null | undefined;
  /** Provider → resource class → amount. */
  allocations: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

/** The verbs of placement. */
export class PlacementManager {
  readonly #kernel: Kernel;
  readonly #store: PlacementStore;

  constructor(kernel: Kernel, store: PlacementStore) {
    this.#kernel = kernel;
    this.#store = store;
  }

  /** Looks at everything at once. */
  read<T>(use: (picture: Picture) => T extends Promise<unknown> ? never : T): Promise<T> {
    return withPicture<T>(this.#kernel, this.#store, use);
  }

  /** Creates or renames. Errors: 404 for no such provider, 409 for a name or uuid that is taken, 400 for the parent. */
  saveProvider(wanted: {
    uuid: string;
    name: string;
    parent: string | null | undefined;
    isNew: boolean;
  }): Promise<Provider> {
    return this.read((picture) => {
      const { uuid, name, isNew } = wanted;
      const old = isNew ? null : picture.provider(uuid);
      if (isNew && picture.providers.has(uuid)) {
        throw conflict(`Conflicting resource provider uuid: ${uuid} already exists.`, {
          type: "placement.duplicate_name",
        });
      }
      if ([...picture.providers.values()].some((other) => other.name === name && other.uuid !== uuid)) {
        throw conflict(`Conflicting resource provider name: ${name} already exists.`, {
          type: "placement.duplicate_name",
        });
      }
      if (old?.ofCompute === true && old.name !== name) throw keptByCompute("The name of this host's provider");
      const parent = wanted.parent === undefined ? (old?.parent ?? null) : wanted.parent;
      if (parent !== null && !picture.providers.has(parent)) {
        throw badRequest(`Unable to create resource provider "${name}": parent provider UUID does not exist.`);
      }
      if (parent !== null && isWithin(picture, parent, uuid)) {
        throw badRequest(
          `Unable to save resource provider ${name}: creating loop in the provider tree is not allowed.`,
        );
      }
      if (old !== null && old.parent !== null && parent !== old.parent) {
        throw badRequest(`Unable to save resource provider ${name}: re-parenting a provider is not allowed.`);
      }
      const generation = old?.generation ?? 0;
      this.#store.putProvider({ uuid, name, generation, parent });
      const root = parent === null ? uuid : picture.provider(parent).root;
      const base = old ?? { traits: new Set<string>(), aggregates: [], inventories: new Map(), ofCompute: false };
      return { ...base, uuid, name, generation, parent, root };
    });
  }

  deleteProvider(uuid: string): Promise<void> {
    return this.read<void>((picture) => {
      const provider = picture.provider(uuid);
      if (provider.ofCompute) throw keptByCompute("This host's provider");
      if (picture.allocations.some((allocation) => allocation.provider === uuid)) {
        throw conflict(`Unable to delete resource provider ${uuid}: Resource provider has allocations.`, {
          type: "placement.resource_provider.inuse",
        });
      }
      if ([...picture.providers.values()].some(({ parent }) => parent === uuid)) {
        throw conflict(`Unable to delete parent resource provider ${uuid}: It has child resource providers.`, {
          type: "placement.resource_provider.cannot_delete_parent",
        });
      }
      this.#store.deleteProvider(uuid);
    });
  }

  /** Replaces, by resource class (null: keeps none). Returns the provider as it is then. Errors: 404, 409, 400. */
  setInventories(
    uuid: string,
    generation: number | null,
    change: (have: ReadonlyMap<string, InventoryRow>) => readonly InventoryRow[],
  ): Promise<Provider> {
    return this.read((picture) => {
      const provider = this.#at(picture, uuid, generation);
      if (provider.ofCompute) throw keptByCompute("The inventory of this host's provider");
      const rows = change(provider.inventories);
      for (const row of rows) this.#checkInventory(row);
      const usages = picture.usages(provider);
      for (const [name, used] of Object.entries(usages)) {
        if (used > 0 && !rows.some((row) => row.resource_class === name)) {
          throw conflict(`update conflict: Inventory for '${name}' on resource provider '${uuid}' in use.`, {
            type: "placement.inventory.inuse",
          });
        }
      }
      this.#store.setInventories(uuid, rows);
      return this.#bump(provider, { inventories: new Map(rows.map((row) => [row.resource_class, row])) });
    });
  }

  setTraits(uuid: string, generation: number | null, traits: readonly string[]): Promise<Provider> {
    return this.read((picture) => {
      const provider = this.#at(picture, uuid, generation);
      const unknown = traits.filter((name) => !this.names("trait").includes(name));
      if (unknown.length > 0) throw badRequest(`No such trait(s): ${unknown.join(", ")}.`);
      this.#store.setNames("trait", uuid, traits);
      return this.#bump(provider, { traits: new Set(traits) });
    });
  }

  setAggregates(uuid: string, generation: number | null, aggregates: readonly string[]): Promise<Provider> {
    return this.read((picture) => {
      const provider = this.#at(picture, uuid, generation);
      this.#store.setNames("aggregate", uuid, aggregates);
      return this.#bump(provider, { aggregates: [...aggregates].sort() });
    });
  }

  /** All of them or none. Errors: 400 for unknown providers and classes; 409 over capacity or for another generation. */
  setAllocations(wanted: readonly NewAllocations[]): Promise<void> {
    return this.read<void>((picture) => {
      // What all of them have now is given back first: amounts may move from one consumer to another.
      const moved = new Set(wanted.map(({ consumer }) => consumer));
      const kept = picture.allocations.filter(({ consumer }) => !moved.has(consumer));
      const rows: AllocationRow[] = [];
      for (const one of wanted) {
        const { consumer, allocations } = one;
        const have = picture.consumers.get(consumer);
        if (have?.ofCompute === true) throw keptByCompute("The allocation of a server");
        if (one.generation !== undefined && (have?.generation ?? null) !== one.generation) {
          throw generationConflict(
            `consumer generation conflict - expected ${have?.generation ?? "null"} but got ${one.generation ?? "null"}`,
          );
        }
        const own: AllocationRow[] = [];
        for (const [uuid, resources] of allocations) {
          const provider = picture.providers.get(uuid);
          if (provider === undefined)
            throw badRequest(`Allocation for resource provider '${uuid}' that does not exist.`);
          if (provider.ofCompute) throw keptByCompute("What is taken of this host");
          for (const [name, used] of resources) own.push({ consumer, provider: uuid, resource_class: name, used });
        }
        rows.push(...own);
        const generation = (have?.generation ?? 0) + 1;
        const { projectId: project_id, userId: user_id, type } = one;
        this.#store.setAllocations({ uuid: consumer, project_id, user_id, generation, type }, own);
      }
      this.#checkCapacity(picture, kept, rows);
      const touched = [...picture.allocations.filter(({ consumer }) => moved.has(consumer)), ...rows];
      for (const uuid of new Set(touched.map(({ provider }) => provider))) {
        const provider = picture.providers.get(uuid);
        if (provider !== undefined) this.#bump(provider, {});
      }
    });
  }

  deleteAllocations(consumer: string): Promise<void> {
    return this.read<void>((picture) => {
      const { consumer: have } = picture.one(consumer);
      if (have === undefined) throw notFound(`No allocations for consumer '${consumer}'`);
      if (have.ofCompute) throw keptByCompute("The allocation of a server");
      this.#store.deleteConsumer(consumer);
    });
  }

  names(kind: "trait" | "class"): string[] {
    const standard = kind === "trait" ? STANDARD_TRAITS : STANDARD_CLASSES;
    return [...standard, ...this.#store.names(kind, "")];
  }

  /** False when it was there already. Errors: 400 for a name that does not begin with CUSTOM_. */
  addName(kind: "trait" | "class", name: string): boolean {
    if (this.names(kind).includes(name)) return false;
    if (!isCustomName(name)) {
      throw badRequest(
        kind === "trait"
          ? 'The trait is invalid. A valid trait must be no longer than 255 characters, start with the prefix "CUSTOM_" and use following characters: "A"-"Z", "0"-"9" and "_"'
          : `Failed validating: ${name} does not match '^CUSTOM_[A-Z0-9_]+$'`,
      );
    }
    this.#store.setNames(kind, "", [...this.#store.names(kind, ""), name]);
    return true;
  }

  /** Errors: 404, 400 for standard names, 409 in use. */
  removeName(kind: "trait" | "class", name: string): Promise<void> {
    return this.read<void>((picture) => {
      const noun = kind === "trait" ? "trait" : "resource class";
      const standard: readonly string[] = kind === "trait" ? STANDARD_TRAITS : STANDARD_CLASSES;
      if (standard.includes(name)) throw badRequest(`Cannot delete standard ${noun} ${name}`);
      const have = this.#store.names(kind, "");
      if (!have.includes(name)) throw notFound(`No such ${noun}: ${name}`);
      const used = [...picture.providers.values()].some((provider) =>
        kind === "trait" ? provider.traits.has(name) : provider.inventories.has(name),
      );
      if (used) throw conflict(`The ${noun} ${name} is in use by a resource provider.`);
      this.#store.setNames(
        kind,
        "",
        have.filter((other) => other !== name),
      );
    });
  }

  holders(kind: NameKind, name: string): ReadonlySet<string> {
    return new Set(this.#store.holders(kind, name));
  }

  /** The provider when it is still of that generation (null: whatever it is). */
  #at(picture: Picture, uuid: string, generation: number | null): Provider {
    const provider = picture.provider(uuid);
    if (generation !== null && generation !== provider.generation) {
      throw generationConflict("resource provider generation conflict");
    }
    return provider;
  }

  #bump(provider: Provider, changes: Partial<Provider>): Provider {
    const { uuid, name, parent } = provider;
    const generation = provider.generation + 1;
    this.#store.putProvider({ uuid, name, generation, parent });
    return { ...provider, ...changes, generation };
  }

  #checkInventory(row: InventoryRow): void {
    if (!this.names("class").includes(row.resource_class)) {
      throw badRequest(`Unknown resource class in inventory: No such resource class ${row.resource_class}.`);
    }
    if (row.reserved > row.total) {
      throw badRequest(
        `Unable to update inventory for resource provider ${row.provider}: Invalid inventory for '${row.resource_class}': reserved is greater than total`,
      );
    }
  }

  #checkCapacity(picture: Picture, kept: readonly AllocationRow[], rows: readonly AllocationRow[]): void {
    for (const { provider: uuid, resource_class: name, used } of rows) {
      const inventory = picture.provider(uuid).inventories.get(name);
      const unable = `Unable to allocate inventory for '${name}' on resource provider '${uuid}'`;
      if (inventory === undefined) throw conflict(`${unable}. The requested class is not there.`);
      if (used < inventory.min_unit || used > inventory.max_unit || used % inventory.step_size !== 0) {
        throw conflict(`${unable}. The requested amount would violate inventory constraints.`);
      }
      const total = [...kept, ...rows]
        .filter((row) => row.provider === uuid && row.resource_class === name)
        .reduce((sum, row) => sum + row.used, 0);
      if (total > capacity(inventory)) {
        throw new ApiError(409, `${unable}. The requested amount would exceed the capacity.`);
      }
    }
  }
}

/** Whether `uuid` is `top` or lies below it. */
function isWithin(picture: Picture, uuid: string, top: string): boolean {
  let current: string | null = uuid;
  for (let depth = 0; current !== null && depth < 100; depth += 1) {
    if (current === top) return true;
    current = picture.providers.get(current)?.parent ?? null;
  }
  return false;
}
