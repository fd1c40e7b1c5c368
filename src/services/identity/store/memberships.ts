import type { Database } from "../../../kernel/db/database.ts";

/** Relations that have no id of their own: members of groups, tags of projects, roles implied by roles. */
export class MembershipStore {
  readonly #db: Database;
  readonly #changed: () => void;

  constructor(db: Database, changed: () => void) {
    this.#db = db;
    this.#changed = changed;
  }

  addMember(groupId: string, userId: string): void {
    this.#db
      .prepare("INSERT OR IGNORE INTO identity_group_members (group_id, user_id) VALUES (?, ?)")
      .run(groupId, userId);
    this.#changed();
  }

  removeMember(groupId: string, userId: string): void {
    this.#db.prepare("DELETE FROM identity_group_members WHERE group_id = ? AND user_id = ?").run(groupId, userId);
    this.#changed();
  }

  isMember(groupId: string, userId: string): boolean {
    const sql = "SELECT 1 FROM identity_group_members WHERE group_id = ? AND user_id = ?";
    return this.#db.prepare(sql).get(groupId, userId) !== undefined;
  }

  /** Group id → its users' ids. */
  membersOf(groupIds: readonly string[]): Map<string, string[]> {
    const sql =
      "SELECT group_id, user_id FROM identity_group_members WHERE group_id IN (SELECT value FROM json_each(?)) ORDER BY rowid";
    const rows = this.#db.prepare<[string], { group_id: string; user_id: string }>(sql).all(JSON.stringify(groupIds));
    const members = new Map(groupIds.map((id): [string, string[]] => [id, []]));
    for (const { group_id, user_id } of rows) members.get(group_id)?.push(user_id);
    return members;
  }

  /** Ids. */
  groupsOf(userId: string): string[] {
    const sql = "SELECT group_id FROM identity_group_members WHERE user_id = ?";
    return this.#db.prepare<[string], string>(sql).pluck().all(userId) as string[];
  }

  tagsOf(projectId: string): string[] {
    return this.#db
      .prepare<[string], string>("SELECT name FROM identity_project_tags WHERE project_id = ? ORDER BY name")
      .pluck()
      .all(projectId) as unknown as string[];
  }

  /** Project id → tags, of those that have any. */
  tagsOfMany(projects: readonly { id: string }[]): Map<string, string[]> {
    const sql =
      "SELECT project_id, name FROM identity_project_tags WHERE project_id IN (SELECT value FROM json_each(?)) ORDER BY name";
    const rows = this.#db
      .prepare<[string], { project_id: string; name: string }>(sql)
      .all(JSON.stringify(projects.map(({ id }) => id)));
    const tags = new Map<string, string[]>();
    for (const { project_id, name } of rows) tags.set(project_id, [...(tags.get(project_id) ?? []), name]);
    return tags;
  }

  setTags(projectId: string, tags: readonly string[]): void {
    this.#db.prepare("DELETE FROM identity_project_tags WHERE project_id = ?").run(projectId);
    for (const tag of tags) this.addTag(projectId, tag);
  }

  addTag(projectId: string, tag: string): void {
    this.#db
      .prepare("INSERT OR IGNORE INTO identity_project_tags (project_id, name) VALUES (?, ?)")
      .run(projectId, tag);
  }

  removeTag(projectId: string, tag: string): void {
    this.#db.prepare("DELETE FROM identity_project_tags WHERE project_id = ? AND name = ?").run(projectId, tag);
  }

  implications(): { prior_id: string; implied_id: string }[] {
    return this.#db
      .prepare<[], { prior_id: string; implied_id: string }>(
        "SELECT prior_id, implied_id FROM identity_implied_roles ORDER BY rowid",
      )
      .all();
  }

  imply(priorId: string, impliedId: string): void {
    this.#db
      .prepare("INSERT OR IGNORE INTO identity_implied_roles (prior_id, implied_id) VALUES (?, ?)")
      .run(priorId, impliedId);
    this.#changed();
  }

  unimply(priorId: string, impliedId: string): void {
    this.#db
      .prepare("DELETE FROM identity_implied_roles WHERE prior_id = ? AND implied_id = ?")
      .run(priorId, impliedId);
    this.#changed();
  }
}
