import type { Database } from "../../../kernel/db/database.ts";
import type { GroupRow, UserRow } from "./rows.ts";

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

  membersOf(groupId: string): UserRow[] {
    return this.#db
      .prepare<[string], UserRow>(
        "SELECT u.* FROM identity_users u JOIN identity_group_members m ON m.user_id = u.id WHERE m.group_id = ? ORDER BY u.rowid",
      )
      .all(groupId);
  }

  groupsOf(userId: string): GroupRow[] {
    return this.#db
      .prepare<[string], GroupRow>(
        "SELECT g.* FROM identity_groups g JOIN identity_group_members m ON m.group_id = g.id WHERE m.user_id = ? ORDER BY g.rowid",
      )
      .all(userId);
  }

  /** Every membership, for answers that expand all groups at once. */
  allMembers(): { group_id: string; user_id: string }[] {
    return this.#db
      .prepare<[], { group_id: string; user_id: string }>("SELECT group_id, user_id FROM identity_group_members")
      .all();
  }

  tagsOf(projectId: string): string[] {
    return this.#db
      .prepare<[string], string>("SELECT name FROM identity_project_tags WHERE project_id = ? ORDER BY name")
      .pluck()
      .all(projectId) as unknown as string[];
  }

  /** Project id → tags, of all projects. */
  allTags(): Map<string, string[]> {
    const tags = new Map<string, string[]>();
    const sql = "SELECT project_id, name FROM identity_project_tags ORDER BY name";
    for (const row of this.#db.prepare<[], { project_id: string; name: string }>(sql).all()) {
      const list = tags.get(row.project_id);
      if (list === undefined) tags.set(row.project_id, [row.name]);
      else list.push(row.name);
    }
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
