import { type Paged, type Paging, pageOf, wantedPage } from "../../../kernel/db/paging.ts";
import { badRequest } from "../../../kernel/errors.ts";
import type { ApiRequest } from "../../../kernel/http/route.ts";
import { linkBase } from "./paths.ts";

/**
 * nova/api/openstack/common.py `get_limit_and_marker`: webob has the last of several. Where a list has a schema for its query, that has refused
 * what is no number before.
 */
export const pagingOf = (max: number): Paging => ({
  repeated: "last",
  emptyIsAbsent: [],
  notWhole: () => badRequest("Invalid input received: limit must be an integer"),
  negative: () => badRequest("Invalid input received: limit must be >= 0"),
  usual: max,
  most: max,
  zero: "nothing",
  next: "more",
});

/** What nova says of a marker it does not find: some of its lists put it the one way, some the other. */
export const markerNotFound = (marker: string) => badRequest(`marker [${marker}] not found`);
export const markerCouldNotBeFound = (marker: string) => badRequest(`Marker ${marker} could not be found.`);

/** `next` link of a page, keeping the query but for the marker. */
export function nextLink(request: ApiRequest, path: string, marker: string): { rel: string; href: string } {
  const query = new URLSearchParams(request.query);
  query.set("marker", marker);
  return { rel: "next", href: `${linkBase(request)}${path}?${query}` };
}

/** What of a list is in its answer: a page and, by the name of `key`, the link to the next one, if there is one. Errors: 400. */
export async function linkedPage<Row, Place>(
  request: ApiRequest,
  list: Paged<Row, Place> & { path: string; key: string; id(row: Row): string; max: number },
): Promise<{ rows: readonly Row[]; links: Readonly<Record<string, readonly object[]>> }> {
  const { rows, last } = await pageOf(wantedPage(request.query, pagingOf(list.max)), list);
  return { rows, links: last === null ? {} : { [list.key]: [nextLink(request, list.path, list.id(last))] } };
}

/** A page in the older way: `offset`, and `limit`, of which 0 is all that one page may have. */
export function offsetPage({ query }: ApiRequest, max: number): { offset: number; limit: number } {
  const { limit } = wantedPage(query, { ...pagingOf(max), zero: "usual" });
  return { offset: Number(query.getAll("offset").at(-1) ?? 0), limit: limit ?? max };
}

/** The same of a list that is there as a whole. */
export function pagedByOffset<T>(request: ApiRequest, items: readonly T[], max: number): T[] {
  const { offset, limit } = offsetPage(request, max);
  return items.slice(offset, offset + limit);
}
