import type { Database } from "../../../kernel/db/database.ts";
import { Relation } from "../../../kernel/db/relation.ts";

/** Relations that have no id of their own. */
export class MembershipStore {
  readonly members: Relation<{ group_id: string; user_id: string }>;
  /** By name. */
  readonly tags: Relation<{ project_id: string; name: string }>;
  /** Roles that others bring with them. */
  readonly implied: Relation<{ prior_id: string; implied_id: string }>;

  constructor(db: Database, onWrite: () => void) {
    this.members = new Relation(db, "identity_group_members", ["group_id", "user_id"], { onWrite });
    this.tags = new Relation(db, "identity_project_tags", ["project_id", "name"], { order: "name" });
    this.implied = new Relation(db, "identity_implied_roles", ["prior_id", "implied_id"], { onWrite });
  }

  /** Group id → its users' ids. */
  membersOf(groupIds: readonly string[]): Map<string, string[]> {
    const members = new Map(groupIds.map((id): [string, string[]] => [id, []]));
    for (const { group_id, user_id } of this.members.among("group_id", groupIds)) members.get(group_id)?.push(user_id);
    return members;
  }

  tagsOf(projectId: string): string[] {
    return this.tags.column("name", { project_id: projectId });
  }

  /** Project id → tags, of those that have any. */
  tagsOfMany(projects: readonly { id: string }[]): Map<string, string[]> {
    const rows = this.tags.among(
      "project_id",
      projects.map(({ id }) => id),
    );
    const byProject = Map.groupBy(rows, ({ project_id }) => project_id);
    return new Map([...byProject].map(([id, tags]) => [id, tags.map(({ name }) => name)]));
  }

  setTags(projectId: string, tags: readonly string[]): void {
    this.tags.deleteWhere({ project_id: projectId });
    for (const name of tags) this.tags.add({ project_id: projectId, name });
  }
}
