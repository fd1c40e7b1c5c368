import type { Database } from "../../../kernel/db/database.ts";
import { condition, type Order } from "../../../kernel/db/list.ts";
import { Table } from "../../../kernel/db/table.ts";

export interface ServerGroupRow {
  id: string;
  project_id: string;
  user_id: string;
  name: string;
  policy: string;
  /** JSON */
  rules: string;
  created_at: number;
}

/** All the SQL about server groups; their members are servers with that group_id. */
export class ServerGroupStore extends Table<ServerGroupRow> {
  constructor(db: Database) {
    super(db, "compute_server_groups", ["id", "project_id", "user_id", "name", "policy", "rules", "created_at"]);
  }

  /** As they were made; `projectId` null: everybody's. */
  page(projectId: string | null, page: { offset: number; limit: number }): ServerGroupRow[] {
    const conditions = projectId === null ? [] : [condition("project_id = ?", projectId)];
    return this.selected({ conditions }, { order: AS_MADE, after: null, ...page });
  }

  /** Group → ids of its servers that are not deleted, in one query. */
  members(groupIds: readonly string[]): Map<string, string[]> {
    const rows = this.db
      .prepare<[string], { group_id: string; id: string }>(
        `SELECT group_id, id FROM compute_servers
         WHERE deleted_at IS NULL AND group_id IN (SELECT value FROM json_each(?)) ORDER BY number`,
      )
      .all(JSON.stringify(groupIds));
    const members = new Map<string, string[]>();
    for (const { group_id, id } of rows) {
      const list = members.get(group_id);
      if (list === undefined) members.set(group_id, [id]);
      else list.push(id);
    }
    return members;
  }
}

const AS_MADE: readonly Order[] = ["created_at", "id"].map((expression) => ({ expression, descending: false }));
