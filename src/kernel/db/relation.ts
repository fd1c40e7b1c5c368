import type { Database } from "./database.ts";
import type { Source, Stored } from "./list.ts";

/**
 * How a column is kept: sqlite has no booleans and no lists. "caseless" is text that is found in any case (of ASCII letters), as
 * the collations of DevStack's MySQL compare. A "revision" is 1 when a row is made, and grows with each change.
 */
export type Column = "text" | "caseless" | "integer" | "boolean" | "json" | "revision";

/** Columns by kind; a list of names where all are text or integer. */
export type Columns<Row> = readonly (keyof Row & string)[] | { readonly [Name in keyof Row & string]: Column };

export interface RelationOptions {
  /** Runs after each change (tokens are looked at again then). */
  onWrite?: () => void;
  /** How rows are listed where nothing else is said; as they were made, by default. A table WITHOUT ROWID has to name one. */
  order?: string;
  /** What is read beside the columns: "(SELECT name FROM types WHERE types.id = type_id) AS type_name". */
  also?: string | null;
  /** The table has other columns, which are not read. */
  isPart?: boolean;
}

/**
 * A table as typed objects, whose rows are told apart by one column or several; what is "createdAt" of one is in the column created_at. Column
 * names come from the code, never from a request. All statements are prepared once; lists of values go in as one JSON parameter
 * (`IN (SELECT value FROM json_each(?))`), so their text does not depend on how many there are. What is read may have more than what is written.
 */
export class Relation<Row extends object, Read extends Row = Row> {
  readonly name: string;
  protected readonly db: Database;
  protected readonly source: Source;
  readonly #onWrite: () => void;
  readonly #order: string;
  /** Property → its column and kind. */
  readonly #columns: ReadonlyMap<string, { readonly column: string; readonly kind: Column }>;
  readonly #decoded: readonly [string, Column][];
  /** What each change moves, as it is said in SET. */
  readonly #moved: string;

  constructor(db: Database, name: string, columns: Columns<NoInfer<Row>>, options: RelationOptions = {}) {
    const { onWrite = () => {}, order = "rowid", also = null, isPart = false } = options;
    this.db = db;
    this.name = name;
    this.#onWrite = onWrite;
    this.#order = order;
    const kinds: [string, Column][] = Array.isArray(columns)
      ? columns.map((column: string) => [column, "text"])
      : (Object.entries(columns) as [string, Column][]);
    const named = kinds.map(([property, kind]) => [property, columnOf(property), kind] as const);
    this.#columns = new Map(named.map(([property, column, kind]) => [property, { column, kind }]));
    const isPlain = named.every(([property, column]) => property === column);
    const listed = named.map(([property, column]) => (property === column ? column : `${column} AS ${property}`));
    const read = isPlain && !isPart ? "*" : listed.join(", ");
    this.source = { select: `SELECT ${read}${also === null ? "" : `, ${also}`} FROM ${name}`, from: name, id: "id" };
    this.#decoded = kinds.filter(([, kind]) => kind === "boolean" || kind === "json");
    this.#moved = named
      .flatMap(([, column, kind]) => (kind === "revision" ? `, ${column} = ${column} + 1` : ""))
      .join("");
  }

  /** What is left out is as the table has it where nothing is said. */
  insert(row: Partial<Row>): void {
    this.#insert("INSERT", row);
  }

  /** Leaves what is there with the same key. True where there was nothing. */
  add(row: Row): boolean {
    return this.#insert("INSERT OR IGNORE", row);
  }

  /** In the place of what is there with the same key. */
  put(row: Row): void {
    this.#insert("INSERT OR REPLACE", row);
  }

  /** Undefined fields stay as they are. True where there was one. */
  updateWhere(where: Partial<Row>, changes: Partial<Row>): boolean {
    const encoded = this.encode(changes);
    const names = Object.keys(encoded);
    if (names.length === 0) return false;
    const set = names.map((name) => `${name} = @${name}`).join(", ");
    const sought = Object.entries(this.encode(where)).map(([name, value]) => [`where_${name}`, value]);
    const sql = `UPDATE ${this.name} SET ${set}${this.#moved} WHERE ${this.equal(where, "where_")}`;
    return this.#written(this.db.prepare(sql).run({ ...encoded, ...Object.fromEntries(sought) }));
  }

  /** True where there was one. */
  deleteWhere(where: Partial<Row>): boolean {
    const sql = `DELETE FROM ${this.name} WHERE ${this.equal(where)}`;
    return this.#written(this.db.prepare(sql).run(this.encode(where)));
  }

  /** The first whose columns are these (null matches NULL); of those that differ in case, the one that does not. */
  find(where: Partial<Row>): Read | undefined {
    const caseless = Object.keys(where).flatMap((name) => {
      const { column, kind } = this.#columnOf(name);
      return kind === "caseless" ? `${column} = @${column} DESC` : [];
    });
    const order = caseless.length === 0 ? "" : ` ORDER BY ${caseless.join(", ")}`;
    const sql = `${this.source.select} WHERE ${this.equal(where)}${order} LIMIT 1`;
    const raw = this.db.prepare<[Record<string, Stored>], Record<string, Stored>>(sql).get(this.encode(where));
    return raw === undefined ? undefined : this.decode(raw);
  }

  /** All whose columns are these. */
  list(where: Partial<Row> = {}, order = this.#order): Read[] {
    const sql = `${this.source.select} WHERE ${this.equal(where)} ORDER BY ${order}`;
    return this.db
      .prepare<[Record<string, Stored>], Record<string, Stored>>(sql)
      .all(this.encode(where))
      .map((raw) => this.decode(raw));
  }

  /** Those whose column has one of the values. */
  among(column: keyof Row & string, values: readonly string[], order = this.#order): Read[] {
    const sql = `${this.source.select} WHERE ${this.#columnOf(column).column} IN (SELECT value FROM json_each(?)) ORDER BY ${order}`;
    return this.db
      .prepare<[string], Record<string, Stored>>(sql)
      .all(JSON.stringify(values))
      .map((raw) => this.decode(raw));
  }

  /** One column of `list`. */
  column<Name extends keyof Row & string>(name: Name, where: Partial<Row> = {}, order = this.#order): Row[Name][] {
    const { column, kind } = this.#columnOf(name);
    const sql = `SELECT ${column} FROM ${this.name} WHERE ${this.equal(where)} ORDER BY ${order}`;
    const values = this.db.prepare<[Record<string, Stored>], Stored>(sql).pluck().all(this.encode(where)) as Stored[];
    return values.map((value) => decoded(kind, value)) as Row[Name][];
  }

  /** Whether there is one whose columns are these. */
  has(where: Partial<Row>): boolean {
    const sql = `SELECT 1 FROM ${this.name} WHERE ${this.equal(where)} LIMIT 1`;
    return this.db.prepare(sql).get(this.encode(where)) !== undefined;
  }

  /** How many have these columns. */
  countOf(where: Partial<Row>): number {
    const sql = `SELECT count(*) FROM ${this.name} WHERE ${this.equal(where)}`;
    return this.db.prepare<[Record<string, Stored>], number>(sql).pluck().get(this.encode(where)) as number;
  }

  #insert(verb: string, row: Partial<Row>): boolean {
    const encoded = this.encode(row);
    const names = Object.keys(encoded);
    const values = names.map((name) => `@${name}`).join(", ");
    return this.#written(
      this.db.prepare(`${verb} INTO ${this.name} (${names.join(", ")}) VALUES (${values})`).run(encoded),
    );
  }

  #written({ changes }: { changes: number }): boolean {
    this.#onWrite();
    return changes > 0;
  }

  protected kindOf(property: string): Column | undefined {
    return this.#columns.get(property)?.kind;
  }

  /** As a condition with named parameters. */
  protected equal(where: Partial<Row>, prefix = ""): string {
    const names = Object.entries(where).flatMap(([name, value]) => (value === undefined ? [] : name));
    if (names.length === 0) return "1";
    return names
      .map((name) => {
        const { column, kind } = this.#columnOf(name);
        return `${column} IS @${prefix}${column}${collation(kind)}`;
      })
      .join(" AND ");
  }

  protected encode(row: Partial<Row>): Record<string, Stored> {
    const encoded: Record<string, Stored> = {};
    for (const [property, value] of Object.entries(row)) {
      if (value === undefined) continue;
      const { column, kind } = this.#columnOf(property);
      if (kind === "json") encoded[column] = value === null ? null : JSON.stringify(value);
      else if (kind === "boolean") encoded[column] = value === true ? 1 : 0;
      else encoded[column] = value as Stored;
    }
    return encoded;
  }

  protected decode(raw: Record<string, Stored>): Read {
    const row: Record<string, unknown> = raw;
    for (const [name, kind] of this.#decoded) row[name] = decoded(kind, raw[name] ?? null);
    return row as Read;
  }

  #columnOf(property: string): { readonly column: string; readonly kind: Column } {
    const found = this.#columns.get(property);
    if (found === undefined) throw new Error(`${this.name} has no column ${property}`);
    return found;
  }
}

const columnOf = (property: string): string => property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function decoded(kind: Column, value: Stored): unknown {
  if (kind === "boolean") return value === 1;
  if (kind !== "json" || value === null) return value;
  return value === "[]" ? [] : value === "{}" ? {} : JSON.parse(value as string);
}

export const collation = (kind: Column | undefined): string => (kind === "caseless" ? " COLLATE NOCASE" : "");
