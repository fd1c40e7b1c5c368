import type { Database } from "../../../kernel/db/database.ts";
import { Table } from "../../../kernel/db/table.ts";
import type { ProjectRow } from "./rows.ts";

/** Projects and domains, with the tree that they are. */
export class ProjectStore extends Table<ProjectRow> {
  constructor(db: Database, onWrite: () => void) {
    // `OS_USER_DOMAIN_NAME=default` means the domain Default: names are found in any case.
    super(
      db,
      "identity_projects",
      {
        id: "text",
        name: "caseless",
        domain_id: "text",
        parent_id: "text",
        is_domain: "integer",
        description: "text",
        enabled: "integer",
        extra: "text",
        options: "text",
        created_at: "integer",
      },
      onWrite,
    );
  }

  /** Ids of all projects below some projects or domains, as they were made; without these themselves, unless one is below another. */
  below(ids: Iterable<string>): string[] {
    return this.db
      .prepare<[string], string>(
        `WITH RECURSIVE below (id) AS (
           SELECT id FROM identity_projects WHERE parent_id IN (SELECT value FROM json_each(?))
           UNION SELECT child.id FROM below JOIN identity_projects child ON child.parent_id = below.id)
         SELECT id FROM identity_projects WHERE id IN below ORDER BY rowid`,
      )
      .pluck()
      .all(JSON.stringify([...ids])) as string[];
  }
}
