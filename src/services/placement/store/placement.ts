import type { Database } from "../../../kernel/db/database.ts";

export interface ProviderRow {
  uuid: string;
  name: string;
  generation: number;
  parent: string | null;
}

export interface InventoryRow {
  provider: string;
  resource_class: string;
  total: number;
  reserved: number;
  min_unit: number;
  max_unit: number;
  step_size: number;
  allocation_ratio: number;
}

export interface ConsumerRow {
  uuid: string;
  project_id: string;
  user_id: string;
  generation: number;
  type: string;
}

export interface AllocationRow {
  consumer: string;
  provider: string;
  resource_class: string;
  used: number;
}

export type NameKind = "aggregate" | "trait" | "class";

/** All the SQL of placement. The tables are small (a box has few providers), so lists are read whole. */
export class PlacementStore {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  providers(): ProviderRow[] {
    return this.#db.prepare<[], ProviderRow>("SELECT * FROM placement_providers ORDER BY rowid").all();
  }

  putProvider(row: ProviderRow): void {
    this.#db
      .prepare(
        `INSERT INTO placement_providers (uuid, name, generation, parent) VALUES (@uuid, @name, @generation, @parent)
         ON CONFLICT (uuid) DO UPDATE SET name = excluded.name, generation = excluded.generation, parent = excluded.parent`,
      )
      .run(row);
  }

  deleteProvider(uuid: string): void {
    this.#db.prepare("DELETE FROM placement_providers WHERE uuid = ?").run(uuid);
    this.#db.prepare("DELETE FROM placement_inventories WHERE provider = ?").run(uuid);
    this.#db.prepare("DELETE FROM placement_names WHERE provider = ?").run(uuid);
  }

  inventories(): InventoryRow[] {
    return this.#db
      .prepare<[], InventoryRow>("SELECT * FROM placement_inventories ORDER BY provider, resource_class")
      .all();
  }

  setInventories(provider: string, rows: readonly InventoryRow[]): void {
    this.#db.prepare("DELETE FROM placement_inventories WHERE provider = ?").run(provider);
    const insert = this.#db.prepare(
      `INSERT INTO placement_inventories (provider, resource_class, total, reserved, min_unit, max_unit, step_size, allocation_ratio)
       VALUES (@provider, @resource_class, @total, @reserved, @min_unit, @max_unit, @step_size, @allocation_ratio)`,
    );
    for (const row of rows) insert.run(row);
  }

  consumers(): ConsumerRow[] {
    return this.#db.prepare<[], ConsumerRow>("SELECT * FROM placement_consumers").all();
  }

  allocations(): AllocationRow[] {
    return this.#db.prepare<[], AllocationRow>("SELECT * FROM placement_allocations ORDER BY rowid").all();
  }

  setAllocations(consumer: ConsumerRow, rows: readonly AllocationRow[]): void {
    this.deleteConsumer(consumer.uuid);
    if (rows.length === 0) return;
    this.#db
      .prepare(
        "INSERT INTO placement_consumers (uuid, project_id, user_id, generation, type) VALUES (@uuid, @project_id, @user_id, @generation, @type)",
      )
      .run(consumer);
    const insert = this.#db.prepare(
      "INSERT INTO placement_allocations (consumer, provider, resource_class, used) VALUES (@consumer, @provider, @resource_class, @used)",
    );
    for (const row of rows) insert.run(row);
  }

  deleteConsumer(uuid: string): void {
    this.#db.prepare("DELETE FROM placement_consumers WHERE uuid = ?").run(uuid);
  }

  /** Provider "" has the names there are; others what is theirs. */
  names(kind: NameKind, provider: string): string[] {
    return this.#db
      .prepare<[string, string], string>(
        "SELECT name FROM placement_names WHERE kind = ? AND provider = ? ORDER BY name",
      )
      .pluck()
      .all(kind, provider) as string[];
  }

  /** Providers that have a name. */
  holders(kind: NameKind, name: string): string[] {
    return this.#db
      .prepare<[string, string], string>(
        "SELECT provider FROM placement_names WHERE kind = ? AND name = ? AND provider <> ''",
      )
      .pluck()
      .all(kind, name) as string[];
  }

  setNames(kind: NameKind, provider: string, names: readonly string[]): void {
    this.#db.prepare("DELETE FROM placement_names WHERE kind = ? AND provider = ?").run(kind, provider);
    const insert = this.#db.prepare("INSERT OR IGNORE INTO placement_names (kind, provider, name) VALUES (?, ?, ?)");
    for (const name of names) insert.run(kind, provider, name);
  }
}
