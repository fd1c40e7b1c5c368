import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from "node:crypto";
import type { Database } from "../../kernel/db/database.ts";
import type { Migration } from "../../kernel/db/migrations.ts";
import type { Clock } from "../../kernel/time/clock.ts";

export const dashboardMigrations: readonly Migration[] = [
  {
    id: "dashboard/0001-sessions",
    up: `CREATE TABLE dashboard_sessions (id TEXT PRIMARY KEY, sealed BLOB NOT NULL, expires_at INTEGER NOT NULL) STRICT;
      CREATE INDEX dashboard_sessions_expiry ON dashboard_sessions (expires_at);`,
  },
];

/** What a session holds, all of it on this side. */
export interface Tokens {
  /** That of the log-in, which others are made from; the same as `token` where it cannot be rescoped. */
  readonly base: string;
  /** That requests are made with. */
  readonly token: string;
}

export interface Session extends Tokens {
  /** Says nothing about the cookie. */
  readonly id: string;
  readonly expiresAt: number;
}

/**
 * Sessions outlive the process, so that a restart logs nobody out. The table has a hash of the cookie, and the tokens under a key made of the
 * cookie: who reads the database cannot use them.
 */
export class Sessions {
  readonly #db: Database;
  readonly #clock: Clock;

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  /** Answers the cookie of a new session. */
  begin(tokens: Tokens, expiresAt: number): string {
    const cookie = randomBytes(32).toString("base64url");
    this.#db.transaction(() => {
      this.#db.prepare("DELETE FROM dashboard_sessions WHERE expires_at <= ?").run(this.#clock.now());
      this.#db
        .prepare("INSERT INTO dashboard_sessions (id, sealed, expires_at) VALUES (?, ?, ?)")
        .run(idOf(cookie), seal(cookie, tokens), expiresAt);
    });
    return cookie;
  }

  /** Null for a cookie that is none, or no more. */
  find(cookie: string): Session | null {
    if (!COOKIE.test(cookie)) return null;
    const id = idOf(cookie);
    const row = this.#db
      .prepare<[string], { sealed: Buffer; expires_at: number }>(
        "SELECT sealed, expires_at FROM dashboard_sessions WHERE id = ?",
      )
      .get(id);
    if (row === undefined || row.expires_at <= this.#clock.now()) return null;
    const tokens = unseal(cookie, row.sealed);
    return tokens === null ? null : { ...tokens, id, expiresAt: row.expires_at };
  }

  /** The same session with other tokens. */
  change(cookie: string, tokens: Tokens, expiresAt: number): void {
    this.#db
      .prepare("UPDATE dashboard_sessions SET sealed = ?, expires_at = ? WHERE id = ?")
      .run(seal(cookie, tokens), expiresAt, idOf(cookie));
  }

  end(id: string): void {
    this.#db.prepare("DELETE FROM dashboard_sessions WHERE id = ?").run(id);
  }
}

const COOKIE = /^[A-Za-z0-9_-]{43}$/;
const NONCE = 12;
const TAG = 16;

const idOf = (cookie: string): string => createHash("sha256").update(`id ${cookie}`).digest("base64url");

const keyOf = (cookie: string): Buffer =>
  Buffer.from(hkdfSync("sha256", Buffer.from(cookie, "base64url"), "", "tenrec dashboard session", 32));

function seal(cookie: string, tokens: Tokens): Buffer {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv("aes-256-gcm", keyOf(cookie), nonce);
  const text = cipher.update(JSON.stringify({ base: tokens.base, token: tokens.token }));
  return Buffer.concat([nonce, text, cipher.final(), cipher.getAuthTag()]);
}

function unseal(cookie: string, sealed: Buffer): Tokens | null {
  try {
    const decipher = createDecipheriv("aes-256-gcm", keyOf(cookie), sealed.subarray(0, NONCE));
    decipher.setAuthTag(sealed.subarray(-TAG));
    const text = Buffer.concat([decipher.update(sealed.subarray(NONCE, -TAG)), decipher.final()]);
    return JSON.parse(text.toString()) as Tokens;
  } catch {
    return null;
  }
}
