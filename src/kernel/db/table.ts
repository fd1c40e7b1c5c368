import type { Database } from "./database.ts";
import {
  type Condition,
  countSql,
  type Order,
  oneOf,
  placeSql,
  type Range,
  type Selection,
  type Stored,
  wholeSql,
} from "./list.ts";
import { type Columns, collation, Relation } from "./relation.ts";
import { Rows } from "./rows.ts";

export type { Column, Columns } from "./relation.ts";

/** A positional value, or an object of the named ones. */
export type Param = Stored | Readonly<Record<string, Stored>>;

/** A relation whose rows have an `id`. */
export class Table<Row extends { id: string }, Read extends Row = Row> extends Relation<Row, Read> {
  readonly #rows: Rows<Record<string, Stored>>;

  constructor(
    db: Database,
    name: string,
    columns: Columns<NoInfer<Row>>,
    onWrite: () => void = () => {},
    also: string | null = null,
    isWhole = true,
  ) {
    super(db, name, columns, { onWrite, also, isPart: !isWhole });
    this.#rows = new Rows(db, this.source);
  }

  override insert(row: Row): Row {
    super.insert(row);
    return row;
  }

  /** Undefined fields stay as they are. */
  update(id: string, changes: Partial<Row>): void {
    this.updateWhere({ id } as Partial<Row>, changes);
  }

  delete(id: string): void {
    this.deleteWhere({ id } as Partial<Row>);
  }

  get(id: string): Read | undefined {
    const raw = this.db.prepare<[string], Record<string, Stored>>(`${this.source.select} WHERE id = ?`).get(id);
    return raw === undefined ? undefined : this.decode(raw);
  }

  /** Ordered by id. */
  getMany(ids: readonly string[]): Read[] {
    if (ids.length === 0) return [];
    return this.among("id", ids);
  }

  /** Those whose column has one of the values, ordered by id. */
  override among(column: keyof Row & string, values: readonly string[], order = "id"): Read[] {
    return super.among(column, values, order);
  }

  /** Rows that fit a condition, ordered by id (neutron's order without a sort key). */
  select(where: string, ...params: Param[]): Read[] {
    const sql = `${this.source.select} WHERE ${where} ORDER BY id`;
    return this.db
      .prepare<Param[], Record<string, Stored>>(sql)
      .all(...params)
      .map((raw) => this.decode(raw));
  }

  /** Column → wanted values, of those that are columns of text; the others are left to the caller. */
  columnFilters(filters: ReadonlyMap<string, readonly string[]>): Condition[] {
    return [...filters].flatMap(([name, wanted]) => {
      const kind = this.kindOf(name);
      return kind === "text" || kind === "caseless" ? oneOf(`${name}${collation(kind)}`, wanted) : [];
    });
  }

  /** All of a selection, ordered by id unless said otherwise, or a range of it. */
  selected(selection: Selection, range?: Range | { order: readonly Order[] }): Read[] {
    return this.#rows.selected(selection, range ?? { order: BY_ID }).map((raw) => this.decode(raw));
  }

  /** Of all that are selected. */
  allIds(selection: Selection, order: readonly Order[]): string[] {
    const { sql, params } = wholeSql({ ...this.source, select: `SELECT id FROM ${this.name}` }, selection, order);
    return this.db
      .prepare<Param[], string>(sql)
      .pluck()
      .all(...params) as string[];
  }

  counted(selection: Selection): number {
    const { sql, params } = countSql(this.source, selection);
    return this.db
      .prepare<Param[], number>(sql)
      .pluck()
      .get(...params) as number;
  }

  /** Where a row stands in an order; undefined when there is none. */
  place(id: string, order: readonly Order[]): Stored[] | undefined {
    const { sql, params } = placeSql(this.source, order, id);
    return this.db
      .prepare<Param[], Stored[]>(sql)
      .raw()
      .get(...params) as Stored[] | undefined;
  }

  count(where: string, ...params: Param[]): number {
    return this.db
      .prepare<Param[], number>(`SELECT count(*) FROM ${this.name} WHERE ${where}`)
      .pluck()
      .get(...params) as number;
  }
}

const BY_ID: readonly Order[] = [{ expression: "id", descending: false }];
