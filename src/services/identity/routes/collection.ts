import { badRequest, notFound } from "../../../kernel/errors.ts";
import type { ApiRequest, ApiResponse } from "../../../kernel/http/route.ts";
import type { Json } from "./attributes.ts";

/** `{"users": [...], "links": {"self", "next": null, "previous": null}}`; for the lists that keystone does not page. */
export function collection(request: ApiRequest<unknown>, key: string, items: readonly unknown[]): ApiResponse {
  return { body: { [key]: items, links: { next: null, self: selfLink(request), previous: null } } };
}

/**
 * A list that pages by `limit` and `marker`: by id, as keystone does since 2025.2 (resource/backends/sql.py `list_projects`). A full
 * page says where the next one begins, though that may be empty. `exists` tells of markers that the filters leave out.
 * Errors: 404 for an unknown marker, 400 for a limit that is no number.
 */
export function pagedCollection<View extends { id: string }>(
  request: ApiRequest<unknown>,
  key: string,
  views: readonly View[],
  exists: (id: string) => boolean,
): ApiResponse {
  const limit = pageSize(request);
  const marker = request.query.get("marker") || null;
  if (limit === null && marker === null) return collection(request, key, views);
  if (marker !== null && !exists(marker)) throw notFound(`Marker ${marker} could not be found.`);
  const after = views.filter(({ id }) => marker === null || id > marker).sort((a, b) => (a.id < b.id ? -1 : 1));
  const page = limit === null ? after : after.slice(0, limit);
  const last = page.at(-1);
  const full = limit !== null && page.length >= limit;
  const links = {
    next: full && last !== undefined ? nextLink(request, last.id) : null,
    self: selfLink(request),
    previous: null,
  };
  return { body: { [key]: page, links, ...(full ? { truncated: true } : {}) } };
}

function pageSize({ query }: ApiRequest<unknown>): number | null {
  const given = query.get("limit");
  if (given === null || given === "") return null;
  if (!/^\d{1,9}$/.test(given))
    throw badRequest(`Invalid input for field 'limit': '${given}' is not a number of items`);
  return Number(given);
}

function selfLink(request: ApiRequest<unknown>): string {
  const query = request.query.toString();
  return `${request.baseUrl}${pathOf(request)}${query === "" ? "" : `?${decodeQuery(request)}`}`;
}

function nextLink(request: ApiRequest<unknown>, marker: string): string {
  const query = new URLSearchParams(request.query);
  query.set("marker", marker);
  return `${request.baseUrl}${pathOf(request)}?${query}`;
}

const pathOf = ({ path }: ApiRequest<unknown>): string =>
  path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;

/** The query as it was sent: URLSearchParams would write "effective" as "effective=". */
function decodeQuery(request: ApiRequest<unknown>): string {
  return [...request.query]
    .map(([name, value]) => (value === "" ? name : `${name}=${encodeURIComponent(value)}`))
    .join("&");
}

/**
 * Which rows a list shows by their domain: a token of one domain lists what is in it, whatever its roles and the query say; any
 * other token lists all that its policy lets it (keystone/api/users.py, groups.py, projects.py, each list).
 */
export function inScope({ context }: ApiRequest<unknown>): (row: { domain_id: string | null }) => boolean {
  return (row) => context.domainId === null || row.domain_id === context.domainId;
}

/** keystone takes "0", "false", "no", "off", "n", "f" and nothing for false, anything else for true. */
export function queryFlag(request: ApiRequest<unknown>, name: string): boolean {
  const value = request.query.get(name);
  return value !== null && !/^(0|false|no|off|n|f)$/i.test(value);
}

/** Names are compared without case, as DevStack's database does. */
export const sameName = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

const COMPARATORS: Readonly<Record<string, (value: string, wanted: string) => boolean>> = {
  contains: (value, wanted) => value.includes(wanted),
  startswith: (value, wanted) => value.startsWith(wanted),
  endswith: (value, wanted) => value.endsWith(wanted),
};

/** Keeps the views that fit the query's filters among `names`, with keystone's suffixes (name__contains, name__icontains, …). */
export function filtered<View extends object>(
  request: ApiRequest<unknown>,
  views: readonly View[],
  names: readonly string[],
): View[] {
  const tests: ((view: Json) => boolean)[] = [];
  for (const [key, wanted] of request.query) {
    const [name = "", comparator] = key.split("__");
    if (!names.includes(name)) continue;
    tests.push(testFor(name, comparator, wanted));
  }
  return views.filter((view) => tests.every((fits) => fits(view as Json)));
}

function testFor(name: string, comparator: string | undefined, wanted: string): (view: Json) => boolean {
  if (comparator === undefined) {
    return (view) => {
      const value = view[name];
      if (typeof value === "boolean") return value !== /^(0|false|no|off|n|f)$/i.test(wanted);
      if (value === null || value === undefined) return wanted === "" || wanted === "null";
      return name === "name" ? sameName(String(value), wanted) : String(value) === wanted;
    };
  }
  const ignoreCase = comparator.startsWith("i");
  const compare = COMPARATORS[ignoreCase ? comparator.slice(1) : comparator];
  if (compare === undefined) return () => true;
  return (view) => {
    const value = String(view[name] ?? "");
    return ignoreCase ? compare(value.toLowerCase(), wanted.toLowerCase()) : compare(value, wanted);
  };
}
