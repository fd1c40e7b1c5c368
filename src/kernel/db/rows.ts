import type { Database } from "./database.ts";
import { type Order, type Range, rangeSql, type Selection, type Source, type Stored, wholeSql } from "./list.ts";

/** A list as sqlite reads it: all of a selection, parts of it, and where in it something stands. */
export class Rows<Raw> {
  readonly #db: Database;
  readonly #source: Source;

  constructor(db: Database, source: Source) {
    this.#db = db;
    this.#source = source;
  }

  /** All in an order, or a range. */
  selected(selection: Selection, range: Range | { order: readonly Order[] }): Raw[] {
    const { sql, params } =
      "limit" in range ? rangeSql(this.#source, selection, range) : wholeSql(this.#source, selection, range.order);
    return this.#db.prepare<Stored[], Raw>(sql).all(...params);
  }

  /** Where the first of a selection stands; undefined when it is empty. */
  place(selection: Selection, order: readonly Order[]): Stored[] | undefined {
    const select = `SELECT ${order.map(({ expression }) => expression).join(", ")} FROM ${this.#source.from}`;
    const { sql, params } = rangeSql({ ...this.#source, select }, selection, { order, after: null, limit: 1 });
    return this.#db
      .prepare<Stored[], Stored[]>(sql)
      .raw()
      .get(...params) as Stored[] | undefined;
  }
}
