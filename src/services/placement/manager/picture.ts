import type { Kernel } from "../../../kernel/module.ts";
import type { ComputeAllocation, ComputeFacade, ComputeInventory, ComputeTaken } from "../../compute/facade.ts";
import { providerNotFound } from "../errors.ts";
import type { AllocationRow, InventoryRow, PlacementStore, ProviderRow } from "../store/placement.ts";
import { COMPUTE_TRAITS } from "./names.ts";

export interface Provider extends ProviderRow {
  root: string;
  traits: ReadonlySet<string>;
  aggregates: readonly string[];
  inventories: ReadonlyMap<string, InventoryRow>;
  /** This host: compute says what it has and what its servers take. */
  ofCompute: boolean;
}

export interface Consumer {
  uuid: string;
  projectId: string;
  userId: string;
  generation: number;
  type: string;
  ofCompute: boolean;
}

interface Readings {
  /** Of one server, if it is one. */
  server(id: string): { consumers: ReadonlyMap<string, Consumer>; allocations: readonly AllocationRow[] };
  consumers(): Map<string, Consumer>;
  allocations(): AllocationRow[];
  placers(): Map<string, Consumer>;
  placed(): AllocationRow[];
  taken(owner?: { projectId: string; userId: string | null }): ComputeTaken;
}

const NOTHING: ComputeTaken = { servers: 0, resources: { VCPU: 0, MEMORY_MB: 0, DISK_GB: 0 } };

/**
 * All providers and allocations at one moment: those in placement's own tables, and compute's node with its servers, which
 * are read from compute at each request so that the two can never disagree.
 */
export class Picture {
  readonly providers: ReadonlyMap<string, Provider>;
  readonly #read: Readings;
  #consumers: ReadonlyMap<string, Consumer> | null = null;
  #allocations: readonly AllocationRow[] | null = null;

  constructor(providers: ReadonlyMap<string, Provider>, read: Readings) {
    this.providers = providers;
    this.#read = read;
  }

  get consumers(): ReadonlyMap<string, Consumer> {
    this.#consumers ??= this.#read.consumers();
    return this.#consumers;
  }

  get allocations(): readonly AllocationRow[] {
    this.#allocations ??= this.#read.allocations();
    return this.#allocations;
  }

  /** One consumer and what it has, whatever others have. */
  one(uuid: string): { consumer: Consumer | undefined; allocations: readonly AllocationRow[] } {
    const { consumers, allocations } = this.#read.server(uuid);
    return { consumer: consumers.get(uuid), allocations: allocations.filter(({ consumer }) => consumer === uuid) };
  }

  /** Those of placement's own consumers: not servers', of which there may be thousands. */
  placed(): { allocations: readonly AllocationRow[]; consumers: ReadonlyMap<string, Consumer> } {
    return { allocations: this.#read.placed(), consumers: this.#read.placers() };
  }

  /** What servers take of this host together; those of a project, or of a user in it. */
  taken(owner?: { projectId: string; userId: string | null }): ComputeTaken {
    return this.#read.taken(owner);
  }

  /** Errors: 404. */
  provider(uuid: string): Provider {
    const found = this.providers.get(uuid);
    if (found === undefined) throw providerNotFound(uuid);
    return found;
  }

  /** What is taken of a provider, 0 for what it has but nobody uses. */
  usages(provider: Provider): Record<string, number> {
    const usages: Record<string, number> = {};
    for (const name of provider.inventories.keys()) usages[name] = 0;
    const add = (name: string, used: number) => {
      usages[name] = (usages[name] ?? 0) + used;
    };
    for (const { provider: uuid, resource_class, used } of this.#read.placed())
      if (uuid === provider.uuid) add(resource_class, used);
    if (provider.ofCompute) for (const [name, used] of Object.entries(this.taken().resources)) add(name, used);
    return usages;
  }

  /** Whether so much more fits, by capacity and unit sizes. */
  fits(provider: Provider, resources: ReadonlyMap<string, number>): boolean {
    const usages = this.usages(provider);
    for (const [name, amount] of resources) {
      const inventory = provider.inventories.get(name);
      if (inventory === undefined) return false;
      if (amount < inventory.min_unit || amount > inventory.max_unit || amount % inventory.step_size !== 0)
        return false;
      if ((usages[name] ?? 0) + amount > capacity(inventory)) return false;
    }
    return true;
  }
}

export const capacity = (inventory: InventoryRow): number =>
  Math.floor((inventory.total - inventory.reserved) * inventory.allocation_ratio);

/**
 * Runs `use` on the present picture, in a transaction and without a pause between looking and writing: generations and
 * capacities checked in it are still true when it writes.
 */
export async function withPicture<T>(
  kernel: Kernel,
  store: PlacementStore,
  use: (picture: Picture) => T extends Promise<unknown> ? never : T,
): Promise<T> {
  const compute = computeFacade(kernel);
  const inventory = (await compute?.inventory()) ?? null;
  return kernel.db.transaction<T>(() => {
    // Most requests are about providers only, and there may be thousands of servers.
    const servers = (id?: string) => (inventory === null ? [] : (compute?.listAllocations(id) ?? []));
    return use(
      new Picture(providersOf(store, inventory), {
        server: (id) => ({
          consumers: consumersOf(store, servers(id)),
          allocations: allocationsOf(store, inventory, servers(id)),
        }),
        consumers: () => consumersOf(store, servers()),
        allocations: () => allocationsOf(store, inventory, servers()),
        placers: () => consumersOf(store, []),
        placed: () => store.allocations(),
        taken: (owner) => (inventory === null ? NOTHING : (compute?.taken(owner) ?? NOTHING)),
      }),
    );
  });
}

/** Null in a cloud without compute. */
function computeFacade(kernel: Kernel): ComputeFacade | null {
  return kernel.has("compute") ? kernel.facade("compute") : null;
}

function providersOf(store: PlacementStore, node: ComputeInventory | null): Map<string, Provider> {
  const rows = new Map(store.providers().map((row) => [row.uuid, row]));
  if (node !== null && !rows.has(node.providerId)) {
    rows.set(node.providerId, { uuid: node.providerId, name: node.hostname, generation: 1, parent: null });
  }
  const inventories = node === null ? store.inventories() : [...store.inventories(), ...nodeInventories(node)];
  const providers = new Map<string, Provider>();
  for (const row of rows.values()) {
    const ofCompute = row.uuid === node?.providerId;
    providers.set(row.uuid, {
      ...row,
      root: rootOf(row, rows),
      ofCompute,
      traits: new Set([...(ofCompute ? COMPUTE_TRAITS : []), ...store.names("trait", row.uuid)]),
      aggregates: store.names("aggregate", row.uuid),
      inventories: new Map(
        inventories
          .filter(({ provider }) => provider === row.uuid)
          .map((inventory) => [inventory.resource_class, inventory]),
      ),
    });
  }
  return providers;
}

function rootOf(row: ProviderRow, rows: ReadonlyMap<string, ProviderRow>): string {
  let current = row;
  for (let depth = 0; current.parent !== null && depth < 100; depth += 1) {
    const parent = rows.get(current.parent);
    if (parent === undefined) break;
    current = parent;
  }
  return current.uuid;
}

function nodeInventories(node: ComputeInventory): InventoryRow[] {
  return Object.entries(node.resources).map(([name, { total, reserved, allocationRatio }]) => ({
    provider: node.providerId,
    resource_class: name,
    total,
    reserved,
    min_unit: 1,
    max_unit: total,
    step_size: 1,
    allocation_ratio: allocationRatio,
  }));
}

function consumersOf(store: PlacementStore, servers: readonly ComputeAllocation[]): Map<string, Consumer> {
  const consumers = new Map<string, Consumer>();
  for (const row of store.consumers()) {
    const { uuid, project_id, user_id, generation, type } = row;
    consumers.set(uuid, { uuid, projectId: project_id, userId: user_id, generation, type, ofCompute: false });
  }
  for (const { serverId, projectId, userId } of servers) {
    consumers.set(serverId, { uuid: serverId, projectId, userId, generation: 1, type: "INSTANCE", ofCompute: true });
  }
  return consumers;
}

function allocationsOf(
  store: PlacementStore,
  node: ComputeInventory | null,
  servers: readonly ComputeAllocation[],
): AllocationRow[] {
  const rows = store.allocations();
  if (node === null) return rows;
  for (const { serverId, resources } of servers) {
    for (const [name, used] of Object.entries(resources)) {
      // A flavor without a disk takes no DISK_GB: placement has no allocations of nothing.
      if (used > 0) rows.push({ consumer: serverId, provider: node.providerId, resource_class: name, used });
    }
  }
  return rows;
}
