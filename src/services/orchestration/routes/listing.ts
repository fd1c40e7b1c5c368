import type { ApiRequest } from "../../../kernel/http/route.ts";
import type { StackFilters } from "../store/stacks.ts";
import { booleanOf, flag, tagsOf } from "./paths.ts";

/** Parameter of a list of stacks → column. What is not here is ignored, as heat does. */
const COLUMNS: Readonly<Record<string, string>> = {
  id: "id",
  status: "status",
  name: "name",
  action: "action",
  tenant: "project_id",
  username: "username",
  owner_id: "owner_id",
  stack_name: "name",
  stack_action: "action",
  stack_status: "status",
  stack_status_reason: "status_reason",
  stack_owner: "username",
  parent: "owner_id",
  stack_user_project_id: "user_project_id",
};

/** Errors: 400. */
export function filtersOf(
  request: Pick<ApiRequest, "query">,
  projectId: string | null,
  hiddenTags: readonly string[],
): StackFilters {
  const { query } = request;
  const equal = new Map<string, string[]>();
  for (const [name, column] of Object.entries(COLUMNS)) {
    const values = query.getAll(name).filter((value) => value !== "");
    if (values.length > 0) equal.set(column, [...(equal.get(column) ?? []), ...values]);
  }
  splitStatus(equal);
  const tags = (name: string) => (query.get(name) ? tagsOf(query.get(name) ?? "") : []);
  const isGlobal = query.get("global_tenant") ? booleanOf("global_tenant", query.get("global_tenant")) : false;
  return {
    projectId: isGlobal ? null : projectId,
    showDeleted: flag(request, "show_deleted"),
    showNested: flag(request, "show_nested"),
    showHidden: flag(request, "show_hidden"),
    hiddenTags,
    tags: tags("tags"),
    tagsAny: tags("tags_any"),
    notTags: tags("not_tags"),
    notTagsAny: tags("not_tags_any"),
    equal,
  };
}

/** "CREATE_FAILED" is an action and a status; what is neither fits nothing. */
function splitStatus(equal: Map<string, string[]>): void {
  const given = equal.get("status");
  if (given === undefined) return;
  const parts = given.map((value) => /^(?:(\w+)_)?(COMPLETE|FAILED|IN_PROGRESS)$/.exec(value));
  equal.set("status", [...new Set(parts.flatMap((part) => part?.[2] ?? []))]);
  const actions = parts.flatMap((part) => part?.[1] ?? []);
  if (actions.length > 0) equal.set("action", [...(equal.get("action") ?? []), ...actions]);
}

/** Newest first unless told. */
export const sortOf = (query: URLSearchParams): { keys: readonly string[]; descending: boolean } => ({
  keys: query.getAll("sort_keys").flatMap((keys) => keys.split(",")),
  descending: query.get("sort_dir") !== "asc",
});
