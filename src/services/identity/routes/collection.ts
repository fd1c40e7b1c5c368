import type { Condition, Order } from "../../../kernel/db/list.ts";
import type { Table } from "../../../kernel/db/table.ts";
import { badRequest, notFound } from "../../../kernel/errors.ts";
import type { ApiRequest, ApiResponse } from "../../../kernel/http/route.ts";
import { AS_MADE, BY_ID, fitting, inDomain } from "../manager/lists.ts";

/** `{"users": [...], "links": {"self", "next": null, "previous": null}}`; for the lists that keystone does not page. */
export function collection(request: ApiRequest, key: string, items: readonly unknown[]): ApiResponse {
  return { body: { [key]: items, links: { next: null, self: selfLink(request), previous: null } } };
}

/** A list of the rows of one table. */
export interface Listing<Row extends { id: string }> {
  /** "users" */
  readonly key: string;
  readonly table: Table<Row>;
  /** Columns that a query may filter by, with keystone's suffixes (name__contains, …). */
  readonly filters: readonly string[];
  /** What else rows have to meet: whose they are, above all. */
  readonly conditions?: readonly Condition[];
  /**
   * It pages by `limit` and `marker`: by id, as keystone does since 2025.2 (resource/backends/sql.py `list_projects`). A full page says where
   * the next one begins, though that may be empty.
   */
  readonly isPaged?: true;
  /** Of all that there is; as they were made unless another one is named. */
  readonly order?: readonly Order[];
  views(rows: readonly Row[]): readonly object[];
}

/** All of a list, or a page of it. Errors: 404 for an unknown marker, 400 for a limit that is no number. */
export function listOf<Row extends { id: string }>(request: ApiRequest, list: Listing<Row>): ApiResponse {
  const { key, table, filters, isPaged, views } = list;
  const selection = { conditions: [...(list.conditions ?? []), ...fitting(request.query, filters)] };
  const limit = isPaged === true ? pageSize(request) : null;
  const marker = isPaged === true ? request.query.get("marker") || null : null;
  if (limit === null && marker === null) {
    return collection(request, key, views(table.selected(selection, { order: list.order ?? AS_MADE })));
  }
  if (marker !== null && table.get(marker) === undefined) throw notFound(`Marker ${marker} could not be found.`);
  const after = marker === null ? null : [marker];
  const rows = table.selected(selection, { order: BY_ID, after, limit: limit ?? Number.MAX_SAFE_INTEGER });
  const last = rows.at(-1);
  const full = limit !== null && rows.length >= limit;
  const links = {
    next: full && last !== undefined ? nextLink(request, last.id) : null,
    self: selfLink(request),
    previous: null,
  };
  return { body: { [key]: views(rows), links, ...(full ? { truncated: true } : {}) } };
}

function pageSize({ query }: ApiRequest): number | null {
  const given = query.get("limit");
  if (given === null || given === "") return null;
  if (!/^\d{1,9}$/.test(given))
    throw badRequest(`Invalid input for field 'limit': '${given}' is not a number of items`);
  return Number(given);
}

function selfLink(request: ApiRequest): string {
  const query = request.query.toString();
  return `${request.baseUrl}${pathOf(request)}${query === "" ? "" : `?${decodeQuery(request)}`}`;
}

function nextLink(request: ApiRequest, marker: string): string {
  const query = new URLSearchParams(request.query);
  query.set("marker", marker);
  return `${request.baseUrl}${pathOf(request)}?${query}`;
}

const pathOf = ({ path }: ApiRequest): string => (path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path);

/** The query as it was sent: URLSearchParams would write "effective" as "effective=". */
function decodeQuery(request: ApiRequest): string {
  return [...request.query]
    .map(([name, value]) => (value === "" ? name : `${name}=${encodeURIComponent(value)}`))
    .join("&");
}

/**
 * Which rows a list shows by their domain: a token of one domain lists what is in it, whatever its roles and the query say; any
 * other token lists all that its policy lets it (keystone/api/users.py, groups.py, projects.py, each list).
 */
export const inScope = ({ context }: ApiRequest): Condition[] =>
  context.domainId === null ? [] : [inDomain(context.domainId)];

/** keystone takes "0", "false", "no", "off", "n", "f" and nothing for false, anything else for true. */
export function queryFlag(request: ApiRequest, name: string): boolean {
  const value = request.query.get(name);
  return value !== null && !/^(0|false|no|off|n|f)$/i.test(value);
}
