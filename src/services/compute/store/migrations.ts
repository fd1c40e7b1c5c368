import type { Database } from "../../../kernel/db/database.ts";

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

/** All the SQL about migrations. */
export class MigrationStore {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
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

  /** Newest first. */
  list(): MigrationRow[] {
    return this.#db.prepare<[], MigrationRow>("SELECT * FROM compute_migrations ORDER BY id DESC").all();
  }
}
