import type { Paging } from "../../../kernel/db/paging.ts";
import { badRequest } from "../../../kernel/errors.ts";

/** Page sizes. */
export interface Pages {
  pageSizeDefault: number;
  pageSizeMax: number;
}

/** glance/api/v2/images.py `index` and `_validate_limit`: the first of several is popped, and a second one is left as a filter. */
export const pagingOf = ({ pageSizeDefault, pageSizeMax }: Pages): Paging => ({
  repeated: "first",
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
