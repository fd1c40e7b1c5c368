import type { Database } from "../../../kernel/db/database.ts";
import type { PortRow } from "./rows.ts";

/** Pages are read again and again; a walk through more than this reads them from sqlite. */
const KEPT = 1_000;

/**
 * Ports as they were read last, until they are written to: their own row, addresses or groups. The rows are shared between callers: never
 * change one. Whoever writes to what a port shows says so by `forget`, before or after it does.
 */
export class KeptPorts {
  readonly #db: Database;
  readonly #rows = new Map<string, PortRow>();
  readonly #most: number;
  #version: unknown = null;

  constructor(db: Database, most = KEPT) {
    this.#db = db;
    this.#most = most;
    db.atRest(() => this.#rows.clear());
  }

  /** Null: all of them. */
  forget(id: string | null): void {
    if (id === null) this.#rows.clear();
    else this.#rows.delete(id);
  }

  /** Whether this row is what would be read now. */
  has(row: PortRow): boolean {
    return this.#rows.get(row.id) === row;
  }

  /** The rows of these ids in their order, of which `read` reads those that are not kept. */
  rows(ids: readonly string[], read: (ids: readonly string[]) => PortRow[]): PortRow[] {
    // What a transaction has written may yet be rolled back.
    const isLasting = !this.#db.inTransaction;
    if (isLasting) this.#forgetOthers();
    const found = new Map<string, PortRow>();
    const missing: string[] = [];
    for (const id of ids) {
      const row = isLasting ? this.#rows.get(id) : undefined;
      if (row === undefined) missing.push(id);
      else found.set(id, row);
    }
    for (const row of missing.length === 0 ? [] : read(missing)) {
      found.set(row.id, row);
      if (isLasting) this.#keep(row);
    }
    return ids.flatMap((id) => found.get(id) ?? []);
  }

  #keep(row: PortRow): void {
    if (this.#rows.size >= this.#most) this.#rows.delete(this.#rows.keys().next().value ?? "");
    this.#rows.set(row.id, row);
  }

  /** Another program wrote to the database. */
  #forgetOthers(): void {
    const version = this.#db.prepare<[], number>("PRAGMA data_version").pluck().get();
    if (version !== this.#version) this.#rows.clear();
    this.#version = version;
  }
}
