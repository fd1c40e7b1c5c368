import { type Pause, READ_SLICE } from "../turns/slices.ts";
import { joined } from "./conditions.ts";

/** A value as sqlite keeps it. */
export type Stored = string | number | null;

/** A part of WHERE with what fills its question marks. Its text comes from the code, never from a client. */
export interface Condition {
  readonly sql: string;
  readonly params: readonly Stored[];
}

export const condition = (sql: string, ...params: Stored[]): Condition => ({ sql, params });

/**
 * One of a list of values. Several are one parameter, so that the statement's text does not depend on how many there are; a single one is
 * compared as such, for sqlite to read an index in the order of what follows in it.
 */
export const oneOf = (expression: string, values: readonly Stored[]): Condition =>
  values.length === 1
    ? condition(`${expression} = ?`, values[0] ?? null)
    : condition(`${expression} IN (SELECT value FROM json_each(?))`, JSON.stringify(values));

/** All of them; none is no condition. */
export function allOf(conditions: readonly Condition[]): Condition {
  const sql = joined(
    "AND",
    conditions.map((one) => one.sql),
  );
  return { sql: sql === "" ? "1" : sql, params: conditions.flatMap(({ params }) => params) };
}

/** Any of them; none is never met. */
export function anyOf(conditions: readonly Condition[]): Condition {
  const sql = joined(
    "OR",
    conditions.map((one) => one.sql),
  );
  return { sql: sql === "" ? "0" : sql, params: conditions.flatMap(({ params }) => params) };
}

/** One key of an order. NULLs come before everything else going up, and after it going down. */
export interface Order {
  readonly expression: string;
  readonly descending: boolean;
  readonly nullable?: boolean;
}

/** Where a list's rows come from. */
export interface Source {
  /** "SELECT v.*, t.name AS type_name FROM volumes v JOIN types t ON t.id = v.type_id" */
  readonly select: string;
  /** What conditions and order are about: "volumes v". */
  readonly from: string;
  /** "v.id" */
  readonly id: string;
}

/** A part of a list. */
export interface Range {
  /** Most significant first; the last key is one of a kind. */
  readonly order: readonly Order[];
  /** The place behind which it begins: a value for each key of the order. Null: at the start. */
  readonly after: readonly Stored[] | null;
  readonly limit: number;
  readonly offset?: number;
}

/**
 * Which rows. `ways` are the ways in which one may be wanted (mine, shared with me): each is followed along an index of its own and only
 * as far as the range goes. None: all rows.
 */
export interface Selection {
  readonly conditions?: readonly Condition[];
  readonly ways?: readonly Condition[];
}

const orderBy = (order: readonly Order[]): string =>
  order.map(({ expression, descending }) => `${expression}${descending ? " DESC" : ""}`).join(", ");

const whereOf = ({ sql }: Condition): string => (sql === "1" ? "" : ` WHERE ${sql}`);

/** All rows of a selection in an order. */
export function wholeSql(source: Source, selection: Selection, order: readonly Order[]): Condition {
  const met = chosen(selection);
  return { sql: `${source.select}${whereOf(met)} ORDER BY ${orderBy(order)}`, params: met.params };
}

/** The rows of a range: a page by its keys, whose cost does not depend on how far behind the start it is, given an index in its order. */
export function rangeSql(source: Source, selection: Selection, range: Range): Condition {
  const { order, after, limit, offset = 0 } = range;
  const behind = after === null ? [] : [behindPlace(order, after)];
  const ways = selection.ways ?? [];
  const sorted = ` ORDER BY ${orderBy(order)} LIMIT ?`;
  const skip = offset === 0 ? condition("") : condition(" OFFSET ?", offset);
  if (ways.length < 2) {
    const met = allOf([...ways, ...(selection.conditions ?? []), ...behind]);
    const params = [...met.params, limit, ...skip.params];
    return { sql: `${source.select}${whereOf(met)}${sorted}${skip.sql}`, params };
  }
  const parts = ways.map((way) => {
    const met = allOf([way, ...(selection.conditions ?? []), ...behind]);
    return condition(
      `SELECT * FROM (SELECT ${source.id} FROM ${source.from}${whereOf(met)}${sorted})`,
      ...met.params,
      limit + offset,
    );
  });
  const found = parts.map(({ sql }) => sql).join(" UNION ");
  return {
    sql: `${source.select} WHERE ${source.id} IN (${found})${sorted}${skip.sql}`,
    params: [...parts.flatMap(({ params }) => params), limit, ...skip.params],
  };
}

/** How many rows a selection has. */
export function countSql(source: Source, selection: Selection): Condition {
  const met = chosen(selection);
  return { sql: `SELECT count(*) FROM ${source.from}${whereOf(met)}`, params: met.params };
}

/** Where a row stands in an order, wherever it would be listed. */
export const placeSql = ({ from, id }: Source, order: readonly Order[], row: string): Condition =>
  condition(`SELECT ${order.map(({ expression }) => expression).join(", ")} FROM ${from} WHERE ${id} = ?`, row);

function chosen({ conditions = [], ways = [] }: Selection): Condition {
  return allOf(ways.length === 0 ? conditions : [...conditions, anyOf(ways)]);
}

/** Rows that come after a place. The first key's bound is said by itself: it is where an index is entered. */
function behindPlace(order: readonly Order[], place: readonly Stored[]): Condition {
  const alternatives = order.map((key, index) => {
    const equal = order.slice(0, index).map(({ expression }, at) => condition(`${expression} IS ?`, place[at] ?? null));
    return allOf([...equal, beyond(key, place[index] ?? null)]);
  });
  const [first] = order;
  const [value = null] = place;
  const bound =
    first === undefined || order.length === 1 || value === null || (first.descending && first.nullable === true)
      ? []
      : [condition(`${first.expression} ${first.descending ? "<=" : ">="} ?`, value)];
  return allOf([...bound, anyOf(alternatives)]);
}

function beyond({ expression, descending, nullable }: Order, value: Stored): Condition {
  if (!descending)
    return value === null ? condition(`${expression} IS NOT NULL`) : condition(`${expression} > ?`, value);
  if (value === null) return condition("0");
  if (nullable !== true) return condition(`${expression} < ?`, value);
  return anyOf([condition(`${expression} < ?`, value), condition(`${expression} IS NULL`)]);
}

/** The order read backwards. */
export const reversed = (order: readonly Order[]): Order[] =>
  order.map((key) => ({ ...key, descending: !key.descending }));

export interface Sifting<Row, Item> {
  wanted: number;
  after: readonly Stored[] | null;
  /** The next rows behind a place. */
  read(after: readonly Stored[] | null, limit: number): readonly Row[];
  /** Where a row stands. */
  place(row: Row): readonly Stored[];
  /** What of a batch counts, in its order. */
  keep(rows: readonly Row[]): readonly Item[];
  pause: Pause;
}

/**
 * As many as are wanted of what passes a test that sqlite cannot do: in batches, until there are enough, each in a turn of its own. The
 * first is just as long as what is wanted, as most tests are done by sqlite already. What is added or taken away meanwhile may be in it or
 * not; nothing is in it twice, where the order's keys do not change.
 */
export async function sifted<Row, Item>(sifting: Sifting<Row, Item>): Promise<Item[]> {
  const { wanted, after, read, place, keep, pause } = sifting;
  const found: Item[] = [];
  for (let from = after, size = Math.min(wanted, READ_SLICE); ; ) {
    const rows = read(from, size);
    const kept = keep(rows);
    for (const item of kept) found.push(item);
    const last = rows.at(-1);
    if (rows.length < size || last === undefined || found.length >= wanted) break;
    // Before others have their turn: what a row is found by may be changed then.
    from = place(last);
    size = kept.length < rows.length ? READ_SLICE : Math.min(READ_SLICE, wanted - found.length);
    await pause();
  }
  return found.length > wanted ? found.slice(0, wanted) : found;
}

/** As many rows as are wanted, so many a turn. */
export const inTurns = <Row>(reading: Omit<Sifting<Row, Row>, "keep">): Promise<Row[]> =>
  sifted({ ...reading, keep: (rows) => rows });
