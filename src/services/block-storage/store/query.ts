import { joined } from "../../../kernel/db/conditions.ts";

/** One condition of a list: `expression operator value`, or ready SQL with its parameters. */
export interface Condition {
  sql: string;
  params: readonly unknown[];
}

export interface ListQuery {
  conditions: readonly Condition[];
  /** SQL expressions, most significant first; the id breaks ties. */
  sort: readonly { expression: string; descending: boolean }[];
  /** One that is in the result whatever the conditions say: a marker. */
  orId?: string;
}

/** `SELECT … WHERE … ORDER BY …`. Expressions come from tables in the stores, never from a client. */
export function select(base: string, query: ListQuery, id: string): { sql: string; params: unknown[] } {
  const met = joined(
    "AND",
    query.conditions.map(({ sql }) => sql),
  );
  const where = query.orId === undefined || met === "" ? met : `(${met}) OR ${id} = ?`;
  const descending = query.sort[0]?.descending ?? true;
  const order = [...query.sort, { expression: id, descending }]
    .map(({ expression, descending }) => `${expression} ${descending ? "DESC" : "ASC"}`)
    .join(", ");
  return {
    sql: `${base}${where === "" ? "" : ` WHERE ${where}`} ORDER BY ${order}`,
    params: [...query.conditions.flatMap(({ params }) => params), ...(where === met ? [] : [query.orId])],
  };
}

/** `a = @a, b = @b` for an UPDATE. Keys are the stores' own column names. */
export function assignments(changes: object): string {
  return Object.keys(changes)
    .map((name) => `${name} = @${name}`)
    .join(", ");
}
