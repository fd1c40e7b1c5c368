import { type Condition, condition } from "../../../kernel/db/list.ts";

/** Ways in which a project comes to see a row. */
type Way = (project: string) => Condition[];

/** The ways in which a caller sees rows: those of its project, and others; none where it sees all (`scope` null). */
export const visible = (scope: string | null, ...others: readonly Way[]): Condition[] =>
  scope === null ? [] : [condition("project_id = ?", scope), ...others.flatMap((way) => way(scope))];

/** What an RBAC policy shares with the project. */
export const sharedWith =
  (type: string, column = "id", action = "access_as_shared"): Way =>
  (project) => [
    condition(
      `${column} IN (SELECT object_id FROM network_rbac_policies WHERE object_type = '${type}' AND action = '${action}' AND target_project IN ('*', ?))`,
      project,
    ),
  ];

/** What others have in something of the project. Said as two ranges, as the project's own rows, which may be many, are not to be read for it. */
export const inOwn =
  (column: string, table: string): Way =>
  (project) =>
    ["<", ">"].map((side) =>
      condition(
        `${column} IN (SELECT id FROM ${table} WHERE project_id = ?) AND project_id ${side} ?`,
        project,
        project,
      ),
    );

/** What others have on networks of the project. */
export const lent: Way = (project) => [condition("lent_by = ?", project)];
