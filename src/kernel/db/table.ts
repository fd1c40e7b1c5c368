import type { Database } from "./database.ts";
import {
  type Condition,
  countSql,
  type Order,
  oneOf,
  placeSql,
  type Range,
  type Selection,
  type Source,
  type Stored,
  wholeSql,
} from "./list.ts";
import { Rows } from "./rows.ts";

/**
 * How a column is kept: sqlite has no booleans and no lists. "caseless" is text that is found in any case (of ASCII letters), as
 * the collations of DevStack's MySQL compare. A "revision" is 1 when a row is made, and grows with each change.
 */
export type Column = "text" | "caseless" | "integer" | "boolean" | "json" | "revision";
/** A positional value, or an object of the named ones. */
export type Param = Stored | Readonly<Record<string, Stored>>;

/** Columns by kind; a list of names where all are text or integer. */
export type Columns<Row> = readonly (keyof Row & string)[] | { readonly [Name in keyof Row & string]: Column };

/**
 * A table whose rows have an `id`, as typed objects; what is "createdAt" of one is in the column created_at. Column names come from the code, never from a request. All statements are prepared
 * once; lists of values go in as one JSON parameter (`IN (SELECT value FROM json_each(?))`), so their text does not depend on how many
 * there are. `onWrite` runs after each change (tokens are looked at again then). What is read may have more than what is written: `also`,
 * "(SELECT name FROM types WHERE types.id = type_id) AS type_name".
 */
export class Table<Row extends { id: string }, Read extends Row = Row> {
  readonly #db: Database;
  readonly name: string;
  readonly #onWrite: () => void;
  /** Property, column, kind. */
  readonly #columns: readonly (readonly [string, string, Column])[];
  readonly #names: ReadonlyMap<string, string>;
  readonly #kinds: ReadonlyMap<string, Column>;
  readonly #decoded: readonly [string, Column][];
  readonly #source: Source;
  readonly #rows: Rows<Record<string, Stored>>;
  /** What each change moves, as it is said in SET. */
  readonly #moved: string;

  constructor(
    db: Database,
    name: string,
    columns: Columns<NoInfer<Row>>,
    onWrite: () => void = () => {},
    also: string | null = null,
    isWhole = true,
  ) {
    this.#db = db;
    this.name = name;
    this.#onWrite = onWrite;
    const kinds: [string, Column][] = Array.isArray(columns)
      ? columns.map((column: string) => [column, "text"])
      : (Object.entries(columns) as [string, Column][]);
    this.#columns = kinds.map(([property, kind]) => [property, columnOf(property), kind]);
    this.#kinds = new Map(kinds);
    this.#names = new Map(this.#columns.map(([property, column]) => [property, column]));
    const read =
      isWhole && this.#columns.every(([property, column]) => property === column)
        ? "*"
        : this.#columns
            .map(([property, column]) => (property === column ? column : `${column} AS ${property}`))
            .join(", ");
    this.#source = { select: `SELECT ${read}${also === null ? "" : `, ${also}`} FROM ${name}`, from: name, id: "id" };
    this.#rows = new Rows(db, this.#source);
    this.#decoded = kinds.filter(([, kind]) => kind === "boolean" || kind === "json");
    this.#moved = kinds
      .flatMap(([property, kind]) => (kind === "revision" ? `, ${property} = ${property} + 1` : ""))
      .join("");
  }

  insert(row: Row): Row {
    const names = this.#columns.map(([, column]) => column);
    const sql = `INSERT INTO ${this.name} (${names.join(", ")}) VALUES (${names.map((name) => `@${name}`).join(", ")})`;
    this.#db.prepare(sql).run(this.#encode(row));
    this.#onWrite();
    return row;
  }

  /** Undefined fields stay as they are. */
  update(id: string, changes: Partial<Row>): void {
    const encoded = this.#encode(changes);
    const names = Object.keys(encoded);
    if (names.length === 0) return;
    const sql = `UPDATE ${this.name} SET ${names.map((name) => `${name} = @${name}`).join(", ")}${this.#moved} WHERE id = @where_id`;
    this.#db.prepare(sql).run({ ...encoded, where_id: id });
    this.#onWrite();
  }

  delete(id: string): void {
    this.#db.prepare(`DELETE FROM ${this.name} WHERE id = ?`).run(id);
    this.#onWrite();
  }

  deleteWhere(where: Partial<Row>): void {
    this.#db.prepare(`DELETE FROM ${this.name} WHERE ${this.#equal(where)}`).run(this.#encode(where));
    this.#onWrite();
  }

  get(id: string): Read | undefined {
    const raw = this.#db.prepare<[string], Record<string, Stored>>(`${this.#source.select} WHERE id = ?`).get(id);
    return raw === undefined ? undefined : this.#decode(raw);
  }

  /** The first whose columns are these (null matches NULL); of those that differ in case, the one that does not. */
  find(where: Partial<Row>): Read | undefined {
    const caseless = Object.keys(where).filter((name) => this.#kinds.get(name) === "caseless");
    const order =
      caseless.length === 0
        ? ""
        : ` ORDER BY ${caseless.map((name) => `${this.#names.get(name)} = @${this.#names.get(name)} DESC`).join(", ")}`;
    const sql = `${this.#source.select} WHERE ${this.#equal(where)}${order} LIMIT 1`;
    const raw = this.#db.prepare<[Record<string, Stored>], Record<string, Stored>>(sql).get(this.#encode(where));
    return raw === undefined ? undefined : this.#decode(raw);
  }

  /** All whose columns are these, as they were made unless another order is named. */
  list(where: Partial<Row> = {}, order = "rowid"): Read[] {
    const sql = `${this.#source.select} WHERE ${this.#equal(where)} ORDER BY ${order}`;
    return this.#db
      .prepare<[Record<string, Stored>], Record<string, Stored>>(sql)
      .all(this.#encode(where))
      .map((raw) => this.#decode(raw));
  }

  /** Ordered by id. */
  getMany(ids: readonly string[]): Read[] {
    if (ids.length === 0) return [];
    return this.among("id", ids);
  }

  /** Those whose column has one of the values, ordered by id. */
  among(column: keyof Row & string, values: readonly string[]): Read[] {
    return this.select(`${this.#names.get(column)} IN (SELECT value FROM json_each(?))`, JSON.stringify(values));
  }

  /** How many have these columns. */
  countOf(where: Partial<Row>): number {
    const sql = `SELECT count(*) FROM ${this.name} WHERE ${this.#equal(where)}`;
    return this.#db.prepare<[Record<string, Stored>], number>(sql).pluck().get(this.#encode(where)) as number;
  }

  /** Rows that fit a condition, ordered by id (neutron's order without a sort key). */
  select(where: string, ...params: Param[]): Read[] {
    const sql = `${this.#source.select} WHERE ${where} ORDER BY id`;
    return this.#db
      .prepare<Param[], Record<string, Stored>>(sql)
      .all(...params)
      .map((raw) => this.#decode(raw));
  }

  /** Column → wanted values, of those that are columns of text; the others are left to the caller. */
  columnFilters(filters: ReadonlyMap<string, readonly string[]>): Condition[] {
    return [...filters].flatMap(([name, wanted]) => {
      const kind = this.#kinds.get(name);
      return kind === "text" || kind === "caseless" ? oneOf(`${name}${collation(kind)}`, wanted) : [];
    });
  }

  /** All of a selection, ordered by id unless said otherwise, or a range of it. */
  selected(selection: Selection, range?: Range | { order: readonly Order[] }): Read[] {
    return this.#rows.selected(selection, range ?? { order: BY_ID }).map((raw) => this.#decode(raw));
  }

  /** Of all that are selected. */
  allIds(selection: Selection, order: readonly Order[]): string[] {
    const { sql, params } = wholeSql({ ...this.#source, select: `SELECT id FROM ${this.name}` }, selection, order);
    return this.#db
      .prepare<Param[], string>(sql)
      .pluck()
      .all(...params) as string[];
  }

  counted(selection: Selection): number {
    const { sql, params } = countSql(this.#source, selection);
    return this.#db
      .prepare<Param[], number>(sql)
      .pluck()
      .get(...params) as number;
  }

  /** Where a row stands in an order; undefined when there is none. */
  place(id: string, order: readonly Order[]): Stored[] | undefined {
    const { sql, params } = placeSql(this.#source, order, id);
    return this.#db
      .prepare<Param[], Stored[]>(sql)
      .raw()
      .get(...params) as Stored[] | undefined;
  }

  count(where: string, ...params: Param[]): number {
    return this.#db
      .prepare<Param[], number>(`SELECT count(*) FROM ${this.name} WHERE ${where}`)
      .pluck()
      .get(...params) as number;
  }

  #equal(where: Partial<Row>): string {
    const names = Object.entries(where).flatMap(([name, value]) => (value === undefined ? [] : name));
    if (names.length === 0) return "1";
    return names
      .map((name) => `${this.#names.get(name)} IS @${this.#names.get(name)}${collation(this.#kinds.get(name))}`)
      .join(" AND ");
  }

  #encode(row: Partial<Row>): Record<string, Stored> {
    const encoded: Record<string, Stored> = {};
    for (const [property, value] of Object.entries(row)) {
      if (value === undefined) continue;
      const kind = this.#kinds.get(property);
      const name = this.#names.get(property);
      if (kind === undefined || name === undefined) throw new Error(`${this.name} has no column ${property}`);
      if (kind === "json") encoded[name] = value === null ? null : JSON.stringify(value);
      else if (kind === "boolean") encoded[name] = value === true ? 1 : 0;
      else encoded[name] = value as Stored;
    }
    return encoded;
  }

  #decode(raw: Record<string, Stored>): Read {
    const row: Record<string, unknown> = raw;
    for (const [name, kind] of this.#decoded) {
      const value = raw[name];
      if (kind === "boolean") row[name] = value === 1;
      else if (value === null) row[name] = null;
      else row[name] = value === "[]" ? [] : value === "{}" ? {} : JSON.parse(value as string);
    }
    return row as Read;
  }
}

const BY_ID: readonly Order[] = [{ expression: "id", descending: false }];

const columnOf = (property: string): string => property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const collation = (kind: Column | undefined): string => (kind === "caseless" ? " COLLATE NOCASE" : "");
