import type { Database } from "../../../kernel/db/database.ts";

export interface AccountRow {
  /** "AUTH_<project>" */
  id: string;
  /** When it was made, in units of 10 µs. */
  stamp: number;
  /** Given back as they are: x-account-meta-*. */
  headers: Readonly<Record<string, string>>;
  system: Readonly<Record<string, unknown>>;
  container_count: number;
  object_count: number;
  bytes_used: number;
}

type Raw = Record<string, unknown>;

/** All the SQL about accounts. */
export class AccountTable {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  get(id: string): AccountRow | undefined {
    const raw = this.#db.prepare<[string], Raw>("SELECT * FROM object_accounts WHERE id = ?").get(id);
    if (raw === undefined) return undefined;
    const { headers, system } = raw;
    return {
      ...raw,
      headers: JSON.parse(String(headers)),
      system: JSON.parse(String(system)),
    } as unknown as AccountRow;
  }

  insert({ id, stamp }: Pick<AccountRow, "id" | "stamp">): void {
    this.#db
      .prepare("INSERT INTO object_accounts (id, stamp, headers, system) VALUES (?, ?, '{}', '{}')")
      .run(id, stamp);
  }

  update(id: string, { headers, system }: Pick<AccountRow, "headers" | "system">): void {
    this.#db
      .prepare("UPDATE object_accounts SET headers = ?, system = ? WHERE id = ?")
      .run(JSON.stringify(headers), JSON.stringify(system), id);
  }

  /** Counts what came (or, below zero, went). */
  add(id: string, containers: number, objects: number, bytes: number): void {
    this.#db
      .prepare(
        "UPDATE object_accounts SET container_count = container_count + ?, object_count = object_count + ?, bytes_used = bytes_used + ? WHERE id = ?",
      )
      .run(containers, objects, bytes, id);
  }

  delete(id: string): void {
    this.#db.prepare("DELETE FROM object_accounts WHERE id = ?").run(id);
  }
}
