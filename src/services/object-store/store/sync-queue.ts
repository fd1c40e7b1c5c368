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

  /** Everything that is in the container: by and by, as `walk` is asked. */
  addAll(container: number): void {
    this.#db.prepare("INSERT OR REPLACE INTO object_sync_walks (container, after) VALUES (?, '')").run(container);
  }

  /** Adds the next names of a container that is to be added as a whole. True: there may be more, of this one or another. In a transaction. */
  walk(limit: number): boolean {
    const walk = this.#db
      .prepare<[], { container: number; after: string }>("SELECT * FROM object_sync_walks LIMIT 1")
      .get();
    if (walk === undefined) return false;
    const { container, after } = walk;
    // What is behind a marker has to be read before anything is written: names that come meanwhile are queued by themselves.
    const names = this.#db
      .prepare<[number, string, number], string>(
        "SELECT name FROM objects WHERE container = ? AND name > ? ORDER BY name LIMIT ?",
      )
      .pluck()
      .all(container, after, limit);
    for (const name of names) this.add(container, name);
    const last = names.at(-1);
    if (last === undefined || names.length < limit) {
      this.#db.prepare("DELETE FROM object_sync_walks WHERE container = ?").run(container);
    } else this.#db.prepare("UPDATE object_sync_walks SET after = ? WHERE container = ?").run(last, container);
    return true;
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
    this.#db.prepare("DELETE FROM object_sync_walks WHERE container = ?").run(container);
    this.#db.prepare("DELETE FROM object_sync_queue WHERE container = ?").run(container);
  }
}
