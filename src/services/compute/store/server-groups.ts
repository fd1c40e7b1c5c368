import type { Database } from "../../../kernel/db/database.ts";

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
export class ServerGroupStore {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  insert(group: ServerGroupRow): void {
    this.#db
      .prepare(
        `INSERT INTO compute_server_groups (id, project_id, user_id, name, policy, rules, created_at)
         VALUES (@id, @project_id, @user_id, @name, @policy, @rules, @created_at)`,
      )
      .run(group);
  }

  get(id: string): ServerGroupRow | undefined {
    return this.#db.prepare<[string], ServerGroupRow>("SELECT * FROM compute_server_groups WHERE id = ?").get(id);
  }

  list(projectId: string | null): ServerGroupRow[] {
    return this.#db
      .prepare<[string | null], ServerGroupRow>(
        "SELECT * FROM compute_server_groups WHERE project_id = ifnull(?, project_id) ORDER BY created_at, id",
      )
      .all(projectId);
  }

  count(projectId: string): number {
    return this.#db
      .prepare<[string], number>("SELECT count(*) FROM compute_server_groups WHERE project_id = ?")
      .pluck()
      .get(projectId) as number;
  }

  countOf(projectId: string, userId: string): number {
    return this.#db
      .prepare<[string, string], number>(
        "SELECT count(*) FROM compute_server_groups WHERE project_id = ? AND user_id = ?",
      )
      .pluck()
      .get(projectId, userId) as number;
  }

  delete(id: string): void {
    this.#db.prepare("DELETE FROM compute_server_groups WHERE id = ?").run(id);
  }

  /** Group → ids of its servers that are not deleted, in one query. */
  members(groupIds: readonly string[]): Map<string, string[]> {
    const rows = this.#db
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
