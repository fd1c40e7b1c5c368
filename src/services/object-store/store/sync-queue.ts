import type { Database } from "../../../kernel/db/database.ts";

/** All the SQL about what waits to be brought to another container. */
export class SyncQueueTable {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  add(container: number, name: string): void {
    this.#db.prepare("INSERT OR IGNORE INTO object_sync_queue (container, name) VALUES (?, ?)").run(container, name);
  }

  /** Everything that is in the container. */
  addAll(container: number): void {
    this.#db
      .prepare(
        "INSERT OR IGNORE INTO object_sync_queue (container, name) SELECT container, name FROM objects WHERE container = ?",
      )
      .run(container);
  }

  containers(): number[] {
    return this.#db.prepare<[], number>("SELECT DISTINCT container FROM object_sync_queue").pluck().all();
  }

  next(container: number, limit: number): string[] {
    return this.#db
      .prepare<[number, number], string>("SELECT name FROM object_sync_queue WHERE container = ? ORDER BY name LIMIT ?")
      .pluck()
      .all(container, limit);
  }

  remove(container: number, name: string): void {
    this.#db.prepare("DELETE FROM object_sync_queue WHERE container = ? AND name = ?").run(container, name);
  }

  clear(container: number): void {
    this.#db.prepare("DELETE FROM object_sync_queue WHERE container = ?").run(container);
  }
}
