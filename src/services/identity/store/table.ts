import type { Database } from "../../../kernel/db/database.ts";

type Value = string | number | null;
type Plain = { [column: string]: Value };

/**
 * The plain SQL of one table whose key is `id`. Column names come from the code, never from a request; a `where` matches
 * equal values (null matches NULL). `onWrite` runs after each change: tokens are looked at again then.
 */
export class Table<Row extends { id: string }> {
  readonly #db: Database;
  readonly #name: string;
  readonly #columns: readonly (keyof Row & string)[];
  readonly #onWrite: () => void;

  constructor(db: Database, name: string, columns: readonly (keyof Row & string)[], onWrite: () => void = () => {}) {
    this.#db = db;
    this.#name = name;
    this.#columns = columns;
    this.#onWrite = onWrite;
  }

  insert(row: Row): Row {
    const names = this.#columns;
    this.#db
      .prepare(`INSERT INTO ${this.#name} (${names.join(", ")}) VALUES (${names.map((name) => `@${name}`).join(", ")})`)
      .run(row);
    this.#onWrite();
    return row;
  }

  get(id: string): Row | undefined {
    return this.#db.prepare<[string], Row>(`SELECT * FROM ${this.#name} WHERE id = ?`).get(id);
  }

  find(where: Partial<Row>): Row | undefined {
    return this.#db.prepare<Plain, Row>(`SELECT * FROM ${this.#name}${clause(where)} LIMIT 1`).get(where as Plain);
  }

  list(where: Partial<Row> = {}, order = "rowid"): Row[] {
    return this.#db
      .prepare<Plain, Row>(`SELECT * FROM ${this.#name}${clause(where)} ORDER BY ${order}`)
      .all(where as Plain);
  }

  /** Rows of these ids, in no particular order. */
  many(ids: readonly string[]): Row[] {
    return this.#db
      .prepare<[string], Row>(`SELECT * FROM ${this.#name} WHERE id IN (SELECT value FROM json_each(?))`)
      .all(JSON.stringify(ids));
  }

  update(id: string, changes: Partial<Omit<Row, "id">>): void {
    const names = Object.keys(changes);
    if (names.length === 0) return;
    this.#db
      .prepare(`UPDATE ${this.#name} SET ${names.map((name) => `${name} = @${name}`).join(", ")} WHERE id = @id`)
      .run({ ...changes, id });
    this.#onWrite();
  }

  delete(id: string): void {
    this.deleteWhere({ id } as Partial<Row>);
  }

  deleteWhere(where: Partial<Row>): void {
    this.#db.prepare<Plain>(`DELETE FROM ${this.#name}${clause(where)}`).run(where as Plain);
    this.#onWrite();
  }
}

function clause(where: object): string {
  const names = Object.keys(where);
  return names.length === 0 ? "" : ` WHERE ${names.map((name) => `${name} IS @${name}`).join(" AND ")}`;
}
