import type { Order, Range, Stored } from "../../../kernel/db/list.ts";
import { badRequest } from "../../../kernel/errors.ts";
import { mv } from "../../../kernel/http/microversion.ts";
import type { AnyRoute, ApiRequest } from "../../../kernel/http/route.ts";
import { isoMoment } from "../../../kernel/time/moment.ts";

const PROJECT = ":url_project_id{[0-9a-f]{32}|[0-9a-f-]{36}}";

/**
 * The same records under every form of URL nova answers: /v2.1/… and /v2/…, each also with the project's id in front
 * (what the catalog's nova_legacy entry and old clients use).
 */
export function everyVersion(routes: readonly AnyRoute[]): AnyRoute[] {
  return routes.flatMap((route) => [
    { ...route, path: `/v2.1${route.path}` },
    { ...ofOwnProject(route), name: `${route.name} (project in path)`, path: `/v2.1/${PROJECT}${route.path}` },
    { ...route, name: `${route.name} (v2)`, path: `/v2${route.path}` },
    { ...ofOwnProject(route), name: `${route.name} (v2, project in path)`, path: `/v2/${PROJECT}${route.path}` },
  ]);
}

/** The token says whose things are seen; a URL that names another project is a mistake. Errors: 400. */
function ofOwnProject(route: AnyRoute): AnyRoute {
  return {
    ...route,
    url({ param, context: { projectId } }) {
      const named = param("url_project_id");
      if (projectId === null || named === projectId) return;
      throw badRequest(
        `Malformed request URL: URL's project_id '${named}' doesn't match Context's project_id '${projectId}'`,
      );
    },
  };
}

/** Where links of this answer begin: "http://10.0.0.5/compute/v2.1". */
export function linkBase(request: ApiRequest): string {
  return request.baseUrl + (request.path.startsWith("/v2/") ? "/v2" : "/v2.1");
}

/** `self` and `bookmark`, as all of nova's resources have. */
export function links(request: { baseUrl: string }, base: string, path: string): { rel: string; href: string }[] {
  return [
    { rel: "self", href: `${base}/${path}` },
    { rel: "bookmark", href: `${request.baseUrl}/${path}` },
  ];
}

/** `next` link of a page, keeping the query but for the marker. */
export function nextLink(request: ApiRequest, path: string, marker: string): { rel: string; href: string } {
  const query = new URLSearchParams(request.query);
  query.set("marker", marker);
  return { rel: "next", href: `${linkBase(request)}${path}?${query}` };
}

/** The page size a request asks for, at most the configured one; 0 asks for nothing at all. */
export function pageLimit(request: ApiRequest, max: number): number {
  const text = request.query.get("limit");
  const asked = text === null || text === "" ? max : Number(text);
  if (!Number.isInteger(asked) || asked < 0) throw badRequest("limit param must be an integer");
  return Math.min(asked, max);
}

/** What nova says of a marker it does not find: some of its lists put it the one way, some the other. */
export const markerNotFound = (marker: string) => badRequest(`marker [${marker}] not found`);
export const markerCouldNotBeFound = (marker: string) => badRequest(`Marker ${marker} could not be found.`);

/**
 * One page of a list: from behind `marker` on, at most `limit`, with a link to the next page if there is one.
 * Errors: 400 for a marker that is not in the list, in the words of `missing`.
 */
export function pageOf<T>(
  request: ApiRequest,
  list: {
    path: string;
    order: readonly Order[];
    id(item: T): string;
    max: number;
    missing(marker: string): Error;
    /** Undefined when it is not in the list. */
    place(marker: string): readonly Stored[] | undefined;
    read(range: Range): T[];
  },
): { page: T[]; links: { rel: string; href: string }[] } {
  const marker = request.query.get("marker");
  const after = marker === null ? null : list.place(marker);
  if (after === undefined) throw list.missing(marker ?? "");
  const limit = pageLimit(request, list.max);
  const found = list.read({ order: list.order, after, limit: limit + 1 });
  const page = found.slice(0, limit);
  const last = page.at(-1);
  const more = found.length > limit && last !== undefined;
  return { page, links: more ? [nextLink(request, list.path, list.id(last))] : [] };
}

/**
 * One page of a list that is there as a whole: from the one after `marker` on, at most `limit`, with a link to the next page if there is one.
 * Errors: 400 for a marker that is not in the list, in the words of `missing`.
 */
export function paged<T>(
  request: ApiRequest,
  items: readonly T[],
  list: { path: string; id(item: T): string; max: number; missing(marker: string): Error },
): { page: T[]; links: { rel: string; href: string }[] } {
  const marker = request.query.get("marker");
  const start = marker === null ? 0 : items.findIndex((item) => list.id(item) === marker) + 1;
  if (marker !== null && start === 0) throw list.missing(marker);
  const limit = pageLimit(request, list.max);
  const page = items.slice(start, start + limit);
  const last = page.at(-1);
  const more = items.length > start + limit && last !== undefined;
  return { page, links: more ? [nextLink(request, list.path, list.id(last))] : [] };
}

/** A page in the older way: `offset`, and `limit`, of which 0 is all that one page may have. */
export const offsetPage = (request: ApiRequest, max: number): { offset: number; limit: number } => ({
  offset: Number(request.query.get("offset") ?? 0),
  limit: pageLimit(request, max) || max,
});

/** The same of a list that is there as a whole. */
export function pagedByOffset<T>(request: ApiRequest, items: readonly T[], max: number): T[] {
  const { offset, limit } = offsetPage(request, max);
  return items.slice(offset, offset + limit);
}

/** A moment of a query: without a zone it is UTC. null: not asked for. Errors: 400. */
export function momentOf(request: ApiRequest, name: string): number | null {
  const text = request.query.get(name);
  if (text === null) return null;
  const time = isoMoment(text);
  if (Number.isNaN(time)) {
    throw badRequest(`Invalid input for query parameters ${name}. Value: ${text}. '${text}' is not a 'date-time'`);
  }
  return time;
}

/** changes-since and (since 2.66) changes-before. Errors: 400 when they are the wrong way round. */
export function changesOf(request: ApiRequest): { since: number; before: number } {
  const since = momentOf(request, "changes-since") ?? Number.NEGATIVE_INFINITY;
  const before = request.microversion >= mv("2.66") ? momentOf(request, "changes-before") : null;
  if (before !== null && before < since) {
    throw badRequest("The value of changes-since must be less than or equal to changes-before.");
  }
  return { since, before: before ?? Number.POSITIVE_INFINITY };
}
