import { type Condition, inTurns, type Order } from "../../../kernel/db/list.ts";
import { type Paging, pageOf, WHOLE, wantedPage } from "../../../kernel/db/paging.ts";
import type { Table } from "../../../kernel/db/table.ts";
import { badRequest, notFound } from "../../../kernel/errors.ts";
import type { ApiRequest, ApiResponse } from "../../../kernel/http/route.ts";
import { inSlices, READ_SLICE } from "../../../kernel/turns/slices.ts";
import { AS_MADE, BY_ID, fitting, inDomain } from "../manager/lists.ts";

/** `{"users": [...], "links": {"self", "next": null, "previous": null}}`; for the lists that keystone does not page. */
export function collection(request: ApiRequest, key: string, items: readonly unknown[]): ApiResponse {
  const body = { [key]: items, links: { next: null, self: selfLink(request), previous: null } };
  return { body, isLong: items.length > READ_SLICE };
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
export async function listOf<Row extends { id: string }>(
  request: ApiRequest,
  list: Listing<Row>,
): Promise<ApiResponse> {
  const { key, table, filters, isPaged, views } = list;
  const selection = { conditions: [...(list.conditions ?? []), ...fitting(request.query, filters)] };
  const page = isPaged === true ? wantedPage(request.query, PAGING) : WHOLE;
  const { pause } = request;
  if (page.limit === null && page.marker === null) {
    // Sqlite may have to sort them, which should not be done for each slice.
    const ids = table.allIds(selection, list.order ?? AS_MADE);
    return collection(
      request,
      key,
      await inSlices(ids, pause, (slice) => views(inOrderOf(slice, table.getMany(slice)))),
    );
  }
  const { rows, last } = await pageOf(page, {
    place: (marker) => (table.get(marker) === undefined ? undefined : [marker]),
    lost: (marker) => notFound(`Marker ${marker} could not be found.`),
    read: (start, wanted) =>
      inTurns({
        wanted,
        after: start,
        read: (after, limit) => table.selected(selection, { order: BY_ID, after, limit }),
        place: ({ id }) => [id],
        pause,
      }),
  });
  const full = page.limit !== null && rows.length >= page.limit;
  const links = { next: last === null ? null : nextLink(request, last.id), self: selfLink(request), previous: null };
  const body = { [key]: await inSlices(rows, pause, views), links, ...(full ? { truncated: true } : {}) };
  return { body, isLong: rows.length > READ_SLICE };
}

function inOrderOf<Row extends { id: string }>(ids: readonly string[], rows: readonly Row[]): Row[] {
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.flatMap((id) => byId.get(id) ?? []);
}

const noNumber = (text: string) => badRequest(`Invalid input for field 'limit': '${text}' is not a number of items`);

/** What flask's `request.args.get` sees, and keystone makes of it. */
const PAGING: Paging = {
  repeated: "first",
  emptyIsAbsent: ["limit", "marker"],
  notWhole: noNumber,
  negative: noNumber,
  usual: null,
  most: Number.MAX_SAFE_INTEGER,
  zero: "nothing",
  next: "full",
};

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
