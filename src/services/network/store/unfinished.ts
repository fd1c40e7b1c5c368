import type { Database } from "../../../kernel/db/database.ts";
import { type Condition, condition } from "../../../kernel/db/list.ts";

/** Something that a request has made, and others of the same request are yet to come. */
export interface UnfinishedRow {
  /** Whose manager it is (`BulkCreates`). */
  kind: string;
  id: string;
}

/** What requests for many things have made so far: nobody sees it until all of it is there. */
export class UnfinishedStore {
  readonly #db: Database;
  #requests = 0;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Such a request begins; what it returns is called when it has ended. */
  begin(): () => void {
    this.#requests += 1;
    return () => {
      this.#requests -= 1;
    };
  }

  add(kind: string, id: string): void {
    this.#db.prepare("INSERT INTO network_unfinished (id, kind) VALUES (?, ?)").run(id, kind);
  }

  remove(ids: readonly string[]): void {
    this.#db
      .prepare("DELETE FROM network_unfinished WHERE id IN (SELECT value FROM json_each(?))")
      .run(JSON.stringify(ids));
  }

  /** The last comes first. */
  all(): UnfinishedRow[] {
    return this.#db.prepare<[], UnfinishedRow>("SELECT id, kind FROM network_unfinished ORDER BY rowid DESC").all();
  }

  /** What lists leave out; nothing costs nothing. */
  hidden(): Condition[] {
    return this.#requests === 0 ? [] : [condition("id NOT IN (SELECT id FROM network_unfinished)")];
  }
}
