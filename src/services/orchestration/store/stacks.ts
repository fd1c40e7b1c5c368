import type { Database } from "../../../kernel/db/database.ts";
import { allOf, type Condition, condition, type Order, oneOf, type Range } from "../../../kernel/db/list.ts";
import { Table } from "../../../kernel/db/table.ts";
import type { Action, Status } from "../states.ts";

export interface StackRow {
  id: string;
  name: string;
  project_id: string;
  /** The stack it is nested in; null for one that a user made. */
  owner_id: string | null;
  /** The outermost one: its own id where it is that itself. */
  root_id: string;
  /** The resource of its owner that it stands for. */
  parent_resource: string | null;
  nested_depth: number;
  user_id: string;
  username: string;
  /** Those with which its owner works on, as far as they still have them. */
  roles: string[];
  /** Where users of its own are: for signals. */
  user_project_id: string | null;
  template_id: string;
  /** What a rollback goes back to; null: to nothing. */
  previous_template_id: string | null;
  action: Action;
  status: Status;
  status_reason: string;
  disable_rollback: boolean;
  timeout_mins: number | null;
  tags: string[];
  /** Which action it is about now: work on an older one ends. */
  traversal: string;
  /** When that action began: its time runs from there. */
  started_at: number;
  created_at: number;
  updated_at: number | null;
  deleted_at: number | null;
}

export type StackChanges = Partial<Omit<StackRow, "id" | "created_at">>;

export interface StackFilters {
  /** Null: of all projects. */
  projectId: string | null;
  showDeleted: boolean;
  showNested: boolean;
  showHidden: boolean;
  /** Tags whose stacks are hidden. */
  hiddenTags: readonly string[];
  tags: readonly string[];
  tagsAny: readonly string[];
  notTags: readonly string[];
  notTagsAny: readonly string[];
  /** Column → wanted values; none wanted: nothing fits. */
  equal: ReadonlyMap<string, readonly string[]>;
}

/** Sort key of the API → SQL expression. */
const SORTS: Readonly<Record<string, string>> = {
  stack_name: "name",
  stack_status: "status",
  creation_time: "created_at",
  updated_time: "ifnull(updated_at, 0)",
};

const COLUMNS = {
  id: "text",
  name: "caseless",
  project_id: "text",
  owner_id: "text",
  root_id: "text",
  parent_resource: "text",
  nested_depth: "integer",
  user_id: "text",
  username: "text",
  roles: "json",
  user_project_id: "text",
  template_id: "text",
  previous_template_id: "text",
  action: "text",
  status: "text",
  status_reason: "text",
  disable_rollback: "boolean",
  timeout_mins: "integer",
  tags: "json",
  traversal: "text",
  started_at: "integer",
  created_at: "integer",
  updated_at: "integer",
  deleted_at: "integer",
} as const;

const hasAll = (tags: readonly string[]): Condition =>
  condition(
    "NOT EXISTS (SELECT 1 FROM json_each(?) WHERE value NOT IN (SELECT value FROM json_each(tags)))",
    JSON.stringify(tags),
  );
const hasAny = (tags: readonly string[]): Condition =>
  condition(
    "EXISTS (SELECT 1 FROM json_each(tags) WHERE value IN (SELECT value FROM json_each(?)))",
    JSON.stringify(tags),
  );
const not = ({ sql, params }: Condition): Condition => ({ sql: `NOT (${sql})`, params });

export class StackTable extends Table<StackRow> {
  constructor(db: Database) {
    super(db, "orchestration_stacks", COLUMNS);
  }

  /** One that is not deleted, by its name in any case. */
  named(project_id: string, name: string): StackRow | undefined {
    return this.find({ project_id, name, deleted_at: null });
  }

  /** One whose resources' users are in this project, by its name. */
  ofUsers(user_project_id: string, name: string): StackRow | undefined {
    return this.find({ user_project_id, name, deleted_at: null });
  }

  /** Those nested directly in one, that are not deleted. */
  below(owner_id: string): StackRow[] {
    return this.list({ owner_id, deleted_at: null });
  }

  /** All that belong to an outermost one, itself among them. */
  tree(root_id: string): StackRow[] {
    return this.list({ root_id, deleted_at: null });
  }

  page(
    filters: StackFilters,
    sort: { keys: readonly string[]; descending: boolean },
    page: { marker: string | null; limit: number | null },
  ): StackRow[] {
    const order = orderOf(sort);
    const after = page.marker === null ? undefined : this.place(page.marker, order);
    const limit = page.limit ?? Number.MAX_SAFE_INTEGER;
    const range: Range = { order, after: after ?? null, limit };
    return this.selected({ conditions: conditionsOf(filters) }, range);
  }

  countFor(filters: StackFilters): number {
    return this.counted({ conditions: conditionsOf(filters) });
  }
}

function orderOf({ keys, descending }: { keys: readonly string[]; descending: boolean }): Order[] {
  const wanted = keys.flatMap((key) => SORTS[key] ?? []);
  const expressions = [...new Set([...wanted, "created_at", "id"])];
  return expressions.map((expression) => ({ expression, descending }));
}

function conditionsOf(filters: StackFilters): Condition[] {
  const { projectId, equal } = filters;
  const conditions: Condition[] = [];
  if (projectId !== null) conditions.push(condition("project_id = ?", projectId));
  if (!filters.showDeleted) conditions.push(condition("deleted_at IS NULL"));
  if (!filters.showNested && !equal.has("owner_id")) conditions.push(condition("owner_id IS NULL"));
  if (!filters.showHidden && filters.hiddenTags.length > 0) conditions.push(not(hasAny(filters.hiddenTags)));
  if (filters.tags.length > 0) conditions.push(hasAll(filters.tags));
  if (filters.tagsAny.length > 0) conditions.push(hasAny(filters.tagsAny));
  if (filters.notTags.length > 0) conditions.push(not(hasAll(filters.notTags)));
  if (filters.notTagsAny.length > 0) conditions.push(not(hasAny(filters.notTagsAny)));
  for (const [column, values] of equal) {
    if (Object.hasOwn(COLUMNS, column)) conditions.push(values.length === 0 ? condition("0") : oneOf(column, values));
  }
  return [allOf(conditions)];
}
