import type { Database } from "./database.ts";
import { type Order, type Range, rangeSql, type Selection, type Stored, wholeSql } from "./list.ts";
import { type Columns, Table } from "./table.ts";

/** How many rows are kept unless another number is said. */
const KEPT = 20_000;

/**
 * A table whose rows count their changes (a column of the kind "revision"). What was read is kept as it was parsed, and shared between
 * callers: never change one; at rest it is let go. A list reads ids and revisions, and only those rows that are new.
 */
export class RevisedTable<Row extends { id: string; revision: number }, Read extends Row = Row> extends Table<
  Row,
  Read
> {
  readonly #db: Database;
  readonly #kept = new Map<string, Read>();
  readonly #most: number;
  readonly #revision: string;

  constructor(
    db: Database,
    name: string,
    columns: Columns<NoInfer<Row>>,
    { also = null, kept = KEPT }: { also?: string | null; kept?: number } = {},
  ) {
    super(db, name, columns, () => {}, also);
    this.#db = db;
    this.#most = kept;
    db.atRest(() => this.#kept.clear());
    this.#revision = `SELECT revision FROM ${name} WHERE id = ?`;
  }

  override get(id: string): Read | undefined {
    const revision = this.#db.prepare<[string], number>(this.#revision).pluck().get(id);
    if (revision === undefined) return undefined;
    const kept = this.#kept.get(id);
    if (kept?.revision === revision) return kept;
    const row = super.get(id);
    return row === undefined ? undefined : this.#keep(row);
  }

  /** `index` is the one to go along, where sqlite would rather take another. */
  override selected(selection: Selection, range?: Range | { order: readonly Order[] }, index?: string): Read[] {
    const select = `SELECT id, revision FROM ${this.name}${index === undefined ? "" : ` INDEXED BY ${index}`}`;
    const source = { select, from: this.name, id: "id" };
    const { sql, params } =
      range !== undefined && "limit" in range
        ? rangeSql(source, selection, range)
        : wholeSql(source, selection, range?.order ?? [{ expression: "id", descending: false }]);
    const keys = this.#db
      .prepare<Stored[], [string, number]>(sql)
      .raw()
      .all(...params) as [string, number][];
    return this.#load(keys);
  }

  #load(keys: readonly [string, number][]): Read[] {
    const found = new Map<string, Read>();
    const missing: string[] = [];
    for (const [id, revision] of keys) {
      const kept = this.#kept.get(id);
      if (kept?.revision === revision) found.set(id, kept);
      else missing.push(id);
    }
    for (const row of this.getMany(missing)) found.set(row.id, this.#keep(row));
    return keys.flatMap(([id]) => found.get(id) ?? []);
  }

  #keep(row: Read): Read {
    // Inside a transaction the row may yet be rolled back, and its revision be given to another content.
    if (this.#db.inTransaction) return row;
    if (this.#kept.size >= this.#most) this.#kept.delete(this.#kept.keys().next().value ?? "");
    this.#kept.set(row.id, row);
    return row;
  }
}
