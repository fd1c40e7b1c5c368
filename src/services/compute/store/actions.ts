import type { Database } from "../../../kernel/db/database.ts";
import { condition, type Order, type Stored } from "../../../kernel/db/list.ts";
import { Rows } from "../../../kernel/db/rows.ts";
import { changedWithin } from "./changed.ts";

export interface ActionRow {
  number: number;
  server_id: string;
  action: string;
  request_id: string;
  user_id: string | null;
  project_id: string | null;
  message: string | null;
  started_at: number;
  updated_at: number;
  /** The one event of the action: "compute_reboot_instance". */
  event: string | null;
  finished_at: number | null;
  result: string | null;
  details: string | null;
}

const NEWEST_FIRST: readonly Order[] = [{ expression: "number", descending: true }];

/** All the SQL about instance actions: who did what to a server, and how it ended. */
export class ActionStore {
  readonly #db: Database;
  readonly #rows: Rows<ActionRow>;
  constructor(db: Database) {
    this.#db = db;
    this.#rows = new Rows(db, { select: "SELECT * FROM compute_actions", from: "compute_actions", id: "number" });
  }

  begin(
    action: Pick<ActionRow, "server_id" | "action" | "request_id" | "user_id" | "project_id" | "event">,
    now: number,
  ): void {
    this.#db
      .prepare(
        `INSERT INTO compute_actions (server_id, action, request_id, user_id, project_id, message, started_at, updated_at, event)
         VALUES (@server_id, @action, @request_id, @user_id, @project_id, NULL, @now, @now, @event)`,
      )
      .run({ ...action, now });
  }

  /** Ends the newest open action of a request on a server. */
  finish(serverId: string, requestId: string, outcome: { error: string | null }, now: number): void {
    this.#db
      .prepare(
        `UPDATE compute_actions SET finished_at = @now, updated_at = @now, result = @result, message = @message, details = @details
         WHERE number = (SELECT max(number) FROM compute_actions WHERE server_id = @serverId AND request_id = @requestId AND finished_at IS NULL)`,
      )
      .run({
        now,
        serverId,
        requestId,
        result: outcome.error === null ? "Success" : "Error",
        message: outcome.error === null ? null : "Error",
        details: outcome.error,
      });
  }

  /** Newest first. */
  list(serverId: string): ActionRow[] {
    return this.#rows.selected({ conditions: [condition("server_id = ?", serverId)] }, { order: NEWEST_FIRST });
  }

  /** What a page needs of those of a server that changed between two moments, newest first. */
  pages(serverId: string, changed: { since: number; before: number }) {
    const conditions = [condition("server_id = ?", serverId), ...changedWithin("updated_at", changed)];
    return {
      place: (requestId: string) =>
        this.#rows.place({ conditions: [...conditions, condition("request_id = ?", requestId)] }, NEWEST_FIRST),
      read: (after: readonly Stored[] | null, limit: number) =>
        this.#rows.selected({ conditions }, { order: NEWEST_FIRST, after, limit }),
    };
  }

  get(serverId: string, requestId: string): ActionRow | undefined {
    return this.#db
      .prepare<[string, string], ActionRow>(
        "SELECT * FROM compute_actions WHERE server_id = ? AND request_id = ? ORDER BY number LIMIT 1",
      )
      .get(serverId, requestId);
  }
}
