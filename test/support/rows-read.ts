import { AsyncLocalStorage } from "node:async_hooks";
import type { Database } from "../../src/kernel/db/database.ts";
import type { Turns } from "../../src/kernel/turns/turns.ts";

/** What was read of a database: how much of a table a request looks at, whatever the clock says. */
export interface RowsRead {
  statements: number;
  /** Rows that came out of sqlite. */
  rows: number;
  /** Texts of what was read, with the parameters. */
  read: { sql: string; params: unknown[] }[];
}

const READERS = new Set(["all", "get", "iterate"]);

/** What runs for the sake of `body`, and not what happens to run meanwhile. */
const counting = new AsyncLocalStorage<RowsRead>();

/** Counts what `body` reads of `db`. */
export async function rowsRead(db: Database, body: () => Promise<unknown>): Promise<RowsRead> {
  const counted: RowsRead = { statements: 0, rows: 0, read: [] };
  await watching(db, counted, body, (name, sql, params, rows) => {
    if (!READERS.has(name)) return;
    counted.statements += 1;
    counted.rows += rows;
    counted.read.push({ sql, params });
  });
  return counted;
}

/** How much of the database each turn of a request works with: statements that write and rows that are read, from one turn to the next. */
export async function workPerTurn(
  { db, turns }: { db: Database; turns: Turns },
  body: () => Promise<unknown>,
): Promise<number[]> {
  const marker: RowsRead = { statements: 0, rows: 0, read: [] };
  const work = [0];
  const { mine, background } = turns;
  turns.mine = (client) => mine.call(turns, client).then(() => void (counting.getStore() === marker && work.push(0)));
  turns.background = () => background.call(turns).then(() => void (counting.getStore() === marker && work.push(0)));
  try {
    await watching(db, marker, body, (_name, _sql, _params, rows) => {
      work[work.length - 1] = (work.at(-1) ?? 0) + Math.max(1, rows);
    });
  } finally {
    Object.assign(turns, { mine, background });
  }
  return work;
}

type Note = (name: string, sql: string, params: unknown[], rows: number) => void;

async function watching(db: Database, counted: RowsRead, body: () => Promise<unknown>, heard: Note): Promise<void> {
  const prepare = db.prepare;
  const note: Note = (name, sql, params, rows) => {
    if (counting.getStore() !== counted) return;
    // Traces are written when their time comes, whoever reads meanwhile.
    if (!sql.includes("trace_spans")) heard(name, sql, params, rows);
  };
  const watched = (statement: object, sql: string): object =>
    new Proxy(statement, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        return (...params: unknown[]) => {
          const result: unknown = value.apply(target, params);
          if (result === target) return watched(target, sql);
          if (READERS.has(String(name)))
            note(
              String(name),
              sql,
              params,
              Array.isArray(result) && name === "all" ? result.length : result === undefined ? 0 : 1,
            );
          if (name === "run") note("run", sql, params, 0);
          return result;
        };
      },
    });
  db.prepare = ((sql: string) => watched(prepare.call(db, sql), sql)) as unknown as Database["prepare"];
  try {
    await counting.run(counted, body);
  } finally {
    db.prepare = prepare;
  }
}

/** Lines of the query plans that read a whole table to find some of it, or sort more than a page. */
export function costlyPlans(db: Database, { read }: RowsRead): string[] {
  return read
    .filter(({ sql }) => sql.startsWith("SELECT") && !sql.includes("pragma"))
    .flatMap(({ sql, params }) => {
      const lines = db.raw.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).all(...params);
      return lines
        .map(({ detail }) => detail)
        .filter((detail) => /^SCAN (?!json_each|\(subquery|pair|CONSTANT)\S+$/.test(detail) || isSorting(detail, sql))
        .map((detail) => `${detail}: ${sql}`);
    });
}

/** A page that is found in several ways, or by its ids, is sorted: those are no more than it has. */
const isSorting = (detail: string, sql: string): boolean =>
  detail === "USE TEMP B-TREE FOR ORDER BY" && sql.includes("LIMIT") && !sql.includes("UNION");

/** The id of a copy: behind all others, so that what is on a first page does not depend on how many follow. */
export const COPY = "'zzzzzzzz-0000-4000-8000-' || printf('%012d', @n)";

/**
 * Copies of a row, numbered `from` to `to`, each with an id of its own; `changes` are SQL expressions for columns, in which `@n` is the
 * number. What no API makes in a moment.
 */
export function copyRows(
  db: Database,
  table: string,
  id: string,
  { from, to }: { from: number; to: number },
  changes: Readonly<Record<string, string>> = {},
): void {
  const columns = (db.raw.pragma(`table_info(${table})`) as { name: string }[]).map(({ name }) => name);
  const values: Readonly<Record<string, string>> = {
    id: COPY,
    ...changes,
  };
  const picked = columns.map((name) => (values[name] ?? `one.${name}`).replaceAll("@n", "numbers.n"));
  db.raw
    .prepare(
      `WITH RECURSIVE numbers (n) AS (SELECT CAST(? AS INTEGER) UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
       INSERT INTO ${table} (${columns.join(", ")}) SELECT ${picked.join(", ")} FROM ${table} one, numbers WHERE one.id = ?`,
    )
    .run(from, to, id);
}
