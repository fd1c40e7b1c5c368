import type { Database } from "../../../kernel/db/database.ts";
import { type Condition, condition, type Order, type Range, type Selection } from "../../../kernel/db/list.ts";
import { Relation } from "../../../kernel/db/relation.ts";
import { Table } from "../../../kernel/db/table.ts";
import { UntilWritten } from "../../../kernel/db/until-written.ts";

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

/** How a project comes to see flavors. */
export const waysToUse = (projectId: string | null): Condition[] => [
  condition("is_public = 1"),
  condition("id IN (SELECT flavor_id FROM compute_flavor_access WHERE project_id = ?)", projectId),
];

export const isPrivate: Condition = condition("is_public = 0");

/** MiB, GiB. */
export const hasAtLeast = (ram: number, disk: number): Condition => condition("ram >= ? AND disk >= ?", ram, disk);

/** Sort key of the API → SQL expression; what flavors here have none of is nothing to sort by. */
const SORTED: Readonly<Record<string, string | null>> = {
  flavorid: "id",
  id: "number",
  name: "name",
  memory_mb: "ram",
  root_gb: "disk",
  ephemeral_gb: "ephemeral",
  vcpus: "vcpus",
  swap: "swap",
  rxtx_factor: "rxtx_factor",
  created_at: "created_at",
  updated_at: "created_at",
  is_public: "is_public",
  description: "ifnull(description, '')",
  disabled: null,
  vcpu_weight: null,
};

/** Null for a key that is none. Equals are in the order in which they were made. */
export function flavorOrder(key: string, descending: boolean): Order[] | null {
  const expression = Object.hasOwn(SORTED, key) ? SORTED[key] : undefined;
  if (expression === undefined) return null;
  const made: Order = { expression: "number", descending: false };
  return expression === null ? [made] : [{ expression, descending }, made];
}

/** All the SQL about flavors and who may use them. */
export class FlavorStore extends Table<Omit<Flavor, "number">, Flavor> {
  readonly #pages: UntilWritten<readonly Flavor[]>;
  /** Who may use private ones. */
  readonly access: Relation<{ flavor_id: string; project_id: string }>;

  constructor(db: Database) {
    const pages = new UntilWritten<readonly Flavor[]>(db);
    super(
      db,
      "compute_flavors",
      {
        id: "text",
        name: "text",
        ram: "integer",
        vcpus: "integer",
        disk: "integer",
        ephemeral: "integer",
        swap: "integer",
        rxtxFactor: "integer",
        isPublic: "boolean",
        description: "text",
        extraSpecs: "json",
        createdAt: "integer",
      },
      () => pages.forget(),
      "number",
    );
    this.#pages = pages;
    this.access = new Relation(db, "compute_flavor_access", ["flavor_id", "project_id"], {
      onWrite: () => pages.forget(),
      order: "project_id",
    });
  }

  /** A part of a list. Its rows are shared between callers: never change one. */
  page(selection: Selection, range: Range): readonly Flavor[] {
    return this.#pages.get(JSON.stringify([selection, range]), () => this.selected(selection, range));
  }
}
