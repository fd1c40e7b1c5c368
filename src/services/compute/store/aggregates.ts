import type { Database } from "../../../kernel/db/database.ts";

export interface Aggregate {
  readonly number: number;
  readonly uuid: string;
  readonly name: string;
  readonly hosts: readonly string[];
  /** Its availability zone is the item "availability_zone". */
  readonly metadata: Readonly<Record<string, string>>;
  readonly createdAt: number;
  readonly updatedAt: number | null;
}

interface AggregateRow {
  number: number;
  uuid: string;
  name: string;
  hosts: string;
  metadata: string;
  created_at: number;
  updated_at: number | null;
}

const fromRow = (row: AggregateRow): Aggregate => ({
  number: row.number,
  uuid: row.uuid,
  name: row.name,
  hosts: JSON.parse(row.hosts),
  metadata: JSON.parse(row.metadata),
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

/** All the SQL about host aggregates. */
export class AggregateStore {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  insert(aggregate: {
    uuid: string;
    name: string;
    metadata: Readonly<Record<string, string>>;
    createdAt: number;
  }): Aggregate {
    const { lastInsertRowid } = this.#db
      .prepare("INSERT INTO compute_aggregates (uuid, name, hosts, metadata, created_at) VALUES (?, ?, '[]', ?, ?)")
      .run(aggregate.uuid, aggregate.name, JSON.stringify(aggregate.metadata), aggregate.createdAt);
    const made = this.get(Number(lastInsertRowid));
    if (made === undefined) throw new Error("an aggregate vanished as it was made");
    return made;
  }

  get(number: number): Aggregate | undefined {
    const row = this.#db
      .prepare<[number], AggregateRow>("SELECT * FROM compute_aggregates WHERE number = ?")
      .get(number);
    return row === undefined ? undefined : fromRow(row);
  }

  list(): Aggregate[] {
    return this.#db.prepare<[], AggregateRow>("SELECT * FROM compute_aggregates ORDER BY number").all().map(fromRow);
  }

  update(aggregate: Aggregate): void {
    this.#db
      .prepare("UPDATE compute_aggregates SET name = ?, hosts = ?, metadata = ?, updated_at = ? WHERE number = ?")
      .run(
        aggregate.name,
        JSON.stringify(aggregate.hosts),
        JSON.stringify(aggregate.metadata),
        aggregate.updatedAt,
        aggregate.number,
      );
  }

  delete(number: number): void {
    this.#db.prepare("DELETE FROM compute_aggregates WHERE number = ?").run(number);
  }
}
