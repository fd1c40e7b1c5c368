import type { Database } from "../../../kernel/db/database.ts";
import { condition, type Order, type Stored } from "../../../kernel/db/list.ts";
import { Rows } from "../../../kernel/db/rows.ts";
import { changedWithin } from "./changed.ts";

export interface MigrationRow {
  id: number;
  uuid: string;
  server_id: string;
  /** "resize": this cloud has one host. */
  type: string;
  status: "migrating" | "finished" | "confirmed" | "reverted" | "error";
  /** Both ends of it. */
  host: string;
  /** Numbers of flavors, 0 for one that is gone. */
  old_flavor: number;
  new_flavor: number;
  user_id: string;
  project_id: string;
  created_at: number;
  updated_at: number | null;
}

/** Null is any. */
export interface WantedMigrations {
  host: string | null;
  server_id: string | null;
  status: string | null;
  type: string | null;
  user_id: string | null;
  project_id: string | null;
  changed: { since: number; before: number };
  nothing: boolean;
}

const NEWEST_FIRST: readonly Order[] = [{ expression: "id", descending: true }];

/** All the SQL about migrations. */
export class MigrationStore {
  readonly #db: Database;
  readonly #rows: Rows<MigrationRow>;
  constructor(db: Database) {
    this.#db = db;
    this.#rows = new Rows(db, { select: "SELECT * FROM compute_migrations", from: "compute_migrations", id: "id" });
  }

  begin(migration: Omit<MigrationRow, "id" | "type" | "status" | "updated_at">): void {
    this.#db
      .prepare(
        `INSERT INTO compute_migrations (uuid, server_id, type, status, host, old_flavor, new_flavor, user_id, project_id, created_at)
         VALUES (@uuid, @server_id, 'resize', 'migrating', @host, @old_flavor, @new_flavor, @user_id, @project_id, @created_at)`,
      )
      .run(migration);
  }

  /** What became of a server's newest migration. */
  setStatus(serverId: string, status: MigrationRow["status"], now: number): void {
    this.#db
      .prepare(
        `UPDATE compute_migrations SET status = ?, updated_at = ?
         WHERE id = (SELECT max(id) FROM compute_migrations WHERE server_id = ?)`,
      )
      .run(status, now, serverId);
  }

  /** What a page needs of those that are wanted, newest first; `all` are all of them. */
  pages({ changed, nothing, ...equal }: WantedMigrations) {
    const conditions = [
      ...Object.entries(equal).flatMap(([name, value]) => (value == null ? [] : condition(`${name} = ?`, value))),
      ...changedWithin("ifnull(updated_at, created_at)", changed),
      ...(nothing ? [condition("0")] : []),
    ];
    return {
      all: () => this.#rows.selected({ conditions }, { order: NEWEST_FIRST }),
      place: (uuid: string) =>
        this.#rows.place({ conditions: [...conditions, condition("uuid = ?", uuid)] }, NEWEST_FIRST),
      read: (after: readonly Stored[] | null, limit: number) =>
        this.#rows.selected({ conditions }, { order: NEWEST_FIRST, after, limit }),
    };
  }
}
