import BetterSqlite3 from "better-sqlite3";
import { ObservedDatabase } from "./observed.ts";

/**
 * A database whose disk is full once: the write number `failAt` fails as sqlite's does, whole transaction or single statement, and the
 * next ones succeed.
 */
export class FaultyDatabase extends ObservedDatabase {
  /** Writes so far; -1 while nothing is counted. */
  writes = -1;
  failAt = -1;

  protected override beforeCommit(): void {
    this.#write();
  }

  protected override beforeStatement(): void {
    this.#write();
  }

  #write(): void {
    if (this.writes < 0) return;
    this.writes += 1;
    if (this.writes - 1 === this.failAt) throw new BetterSqlite3.SqliteError("database or disk is full", "SQLITE_FULL");
  }
}
