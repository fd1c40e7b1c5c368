import { type Condition, inTurns, type Order } from "../../../kernel/db/list.ts";
import { type Page, pageOf, type Wanted } from "../../../kernel/db/paging.ts";
import { badRequest } from "../../../kernel/errors.ts";
import { isUuidLike } from "../../../kernel/ids/ids.ts";
import type { Pause } from "../../../kernel/turns/slices.ts";
import { reads, type TaskRow, type TaskStore } from "../store/tasks.ts";

const STATUSES = ["pending", "processing", "success", "failure"];
const NOT_FILTERS: ReadonlySet<string> = new Set(["limit", "marker", "sort_key", "sort_dir"]);
const SORT_KEYS: readonly (keyof TaskRow)[] = [
  "id",
  "type",
  "status",
  "owner",
  "image_id",
  "request_id",
  "user_id",
  "expires_at",
  "created_at",
  "updated_at",
];

/**
 * `GET /v2/tasks`: newest first unless it is said otherwise, after the marker (glance/api/v2/tasks.py and db/sqlalchemy/api.py `task_get_all`). Errors: 400 for what the query has wrong.
 */
export function pageOfTasks(
  store: TaskStore,
  query: URLSearchParams,
  page: Wanted,
  pause: Pause,
): Promise<Page<TaskRow>> {
  const conditions = filters(query);
  const sort = order(query);
  return pageOf(page, {
    place: (marker) => (isUuidLike(marker) ? store.place(marker, sort) : undefined),
    lost: (marker) => badRequest(isUuidLike(marker) ? `No task found with ID ${marker}` : "Invalid marker format"),
    read: (after, wanted) =>
      inTurns({
        wanted,
        after,
        read: (from, limit) => store.selected({ conditions }, { order: sort, after: from, limit }),
        place: ({ id }) => store.place(id, sort) ?? [],
        pause,
      }),
  });
}

function filters(query: URLSearchParams): Condition[] {
  const status = query.get("status");
  if (status && !STATUSES.includes(status)) throw badRequest(`Invalid status value: ${status}`);
  const type = query.get("type");
  // The other kind is not to be asked for.
  if (type && type !== "import") throw badRequest(`Invalid type value: ${type}`);
  return [...query].flatMap(([name, wanted]) => {
    const column = NOT_FILTERS.has(name) ? undefined : SORT_KEYS.find((key) => key === name);
    return column === undefined ? [] : reads(column, wanted);
  });
}

function order(query: URLSearchParams): Order[] {
  const direction = query.get("sort_dir") ?? "desc";
  if (direction !== "asc" && direction !== "desc") throw badRequest(`Invalid sort direction: ${direction}`);
  const wanted = query.get("sort_key") ?? "created_at";
  const key = SORT_KEYS.find((name) => name === wanted);
  if (key === undefined) throw badRequest("Sort key supplied was not valid.");
  const keys: readonly (keyof TaskRow)[] = [...new Set([key, "created_at", "id"] as const)];
  return keys.map((expression) => ({ expression, descending: direction === "desc", nullable: true }));
}
