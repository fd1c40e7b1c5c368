import { createHash } from "node:crypto";
import type { Database } from "../../../kernel/db/database.ts";

export interface ConsoleTokenRow {
  token: string;
  server_id: string;
  /** "novnc", "serial", … */
  type: string;
  expires_at: number;
}

/** Kept as nova keeps them: who reads the database opens no console. */
const hash = (token: string): string => createHash("sha256").update(token).digest("hex");

/** All the SQL about tokens that open a console. */
export class ConsoleTokenStore {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  insert(row: ConsoleTokenRow, now: number): void {
    this.#db.prepare("DELETE FROM compute_console_tokens WHERE expires_at <= ?").run(now);
    this.#db
      .prepare(
        "INSERT INTO compute_console_tokens (token, server_id, type, expires_at) VALUES (@token, @server_id, @type, @expires_at)",
      )
      .run({ ...row, token: hash(row.token) });
  }

  /** Without the token itself, which is not kept. */
  get(token: string, now: number): Omit<ConsoleTokenRow, "token"> | undefined {
    return this.#db
      .prepare<[string, number], Omit<ConsoleTokenRow, "token">>(
        "SELECT server_id, type, expires_at FROM compute_console_tokens WHERE token = ? AND expires_at > ?",
      )
      .get(hash(token), now);
  }

  deleteOf(serverId: string): void {
    this.#db.prepare("DELETE FROM compute_console_tokens WHERE server_id = ?").run(serverId);
  }
}
