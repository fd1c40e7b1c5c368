import type { Paging } from "../../../kernel/db/paging.ts";
import { badRequest } from "../../../kernel/errors.ts";

/** Page sizes. */
export interface Pages {
  pageSizeDefault: number;
  pageSizeMax: number;
}

/** glance/api/v2/images.py `_get_filters` and `_validate_limit`: webob's dict of the query keeps the last of several. */
export const pagingOf = ({ pageSizeDefault, pageSizeMax }: Pages): Paging => ({
  repeated: "last",
  emptyIsAbsent: [],
  notWhole: () => badRequest("limit param must be an integer"),
  negative: () => badRequest("limit param must be positive"),
  usual: pageSizeDefault,
  most: pageSizeMax,
  zero: "nothing",
  next: "full",
});

/** `first` and `next` of a list repeat its query; `next` begins behind `last`, and is not there when that is null. */
export function linksOf(
  path: string,
  query: URLSearchParams,
  last: { id: string } | null,
): { first: string; next?: string } {
  const parameters = new URLSearchParams(query);
  parameters.delete("marker");
  const first = parameters.size === 0 ? path : `${path}?${parameters}`;
  if (last === null) return { first };
  parameters.set("marker", last.id);
  return { first, next: `${path}?${parameters}` };
}
