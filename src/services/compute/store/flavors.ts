import type { Database } from "../../../kernel/db/database.ts";

export interface Flavor {
  readonly number: number;
  readonly id: string;
  readonly name: string;
  /** MiB */
  readonly ram: number;
  readonly vcpus: number;
  /** GiB */
  readonly disk: number;
  /** GiB */
  readonly ephemeral: number;
  /** MiB */
  readonly swap: number;
  readonly rxtxFactor: number;
  readonly isPublic: boolean;
  readonly description: string | null;
  readonly extraSpecs: Readonly<Record<string, string>>;
  readonly createdAt: number;
}

interface FlavorRow {
  number: number;
  id: string;
  name: string;
  ram: number;
  vcpus: number;
  disk: number;
  ephemeral: number;
  swap: number;
  rxtx_factor: number;
  is_public: number;
  description: string | null;
  extra_specs: string;
  created_at: number;
}

const fromRow = (row: FlavorRow): Flavor => ({
  number: row.number,
  id: row.id,
  name: row.name,
  ram: row.ram,
  vcpus: row.vcpus,
  disk: row.disk,
  ephemeral: row.ephemeral,
  swap: row.swap,
  rxtxFactor: row.rxtx_factor,
  isPublic: row.is_public === 1,
  description: row.description,
  extraSpecs: JSON.parse(row.extra_specs),
  createdAt: row.created_at,
});

/** All the SQL about flavors and who may use them. */
export class FlavorStore {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  insert(flavor: Omit<Flavor, "number">): void {
    const { extraSpecs, isPublic, rxtxFactor, createdAt, ...rest } = flavor;
    this.#db
      .prepare(
        `INSERT INTO compute_flavors (id, name, ram, vcpus, disk, ephemeral, swap, rxtx_factor, is_public, description, extra_specs, created_at)
         VALUES (@id, @name, @ram, @vcpus, @disk, @ephemeral, @swap, @rxtxFactor, @isPublic, @description, @extraSpecs, @createdAt)`,
      )
      .run({ ...rest, rxtxFactor, isPublic: isPublic ? 1 : 0, extraSpecs: JSON.stringify(extraSpecs), createdAt });
  }

  get(id: string): Flavor | undefined {
    const row = this.#db.prepare<[string], FlavorRow>("SELECT * FROM compute_flavors WHERE id = ?").get(id);
    return row === undefined ? undefined : fromRow(row);
  }

  getByName(name: string): Flavor | undefined {
    const row = this.#db.prepare<[string], FlavorRow>("SELECT * FROM compute_flavors WHERE name = ?").get(name);
    return row === undefined ? undefined : fromRow(row);
  }

  /** `projectId` null: all of them; otherwise the public ones and those the project has access to. */
  list(projectId: string | null): Flavor[] {
    return this.#db
      .prepare<[string | null, string | null], FlavorRow>(
        `SELECT * FROM compute_flavors WHERE ? IS NULL OR is_public = 1
           OR id IN (SELECT flavor_id FROM compute_flavor_access WHERE project_id = ?) ORDER BY id`,
      )
      .all(projectId, projectId)
      .map(fromRow);
  }

  setDescription(id: string, description: string | null): void {
    this.#db.prepare("UPDATE compute_flavors SET description = ? WHERE id = ?").run(description, id);
  }

  setExtraSpecs(id: string, extraSpecs: Readonly<Record<string, string>>): void {
    this.#db.prepare("UPDATE compute_flavors SET extra_specs = ? WHERE id = ?").run(JSON.stringify(extraSpecs), id);
  }

  delete(id: string): void {
    this.#db.prepare("DELETE FROM compute_flavors WHERE id = ?").run(id);
  }

  access(id: string): string[] {
    return this.#db
      .prepare<[string], string>("SELECT project_id FROM compute_flavor_access WHERE flavor_id = ? ORDER BY project_id")
      .pluck()
      .all(id) as string[];
  }

  hasAccess(id: string, projectId: string | null): boolean {
    return (
      this.#db
        .prepare("SELECT 1 FROM compute_flavor_access WHERE flavor_id = ? AND project_id = ?")
        .get(id, projectId) !== undefined
    );
  }

  addAccess(id: string, projectId: string): void {
    this.#db.prepare("INSERT INTO compute_flavor_access (flavor_id, project_id) VALUES (?, ?)").run(id, projectId);
  }

  /** False when there was none. */
  removeAccess(id: string, projectId: string): boolean {
    const { changes } = this.#db
      .prepare("DELETE FROM compute_flavor_access WHERE flavor_id = ? AND project_id = ?")
      .run(id, projectId);
    return changes > 0;
  }
}
