import {
  type Condition,
  inTurns,
  type Order,
  type Range,
  type Selection,
  type Stored,
} from "../../../kernel/db/list.ts";
import { type Paging, pageOf, type Wanted, wantedPage, wholeNumber, withoutFirst } from "../../../kernel/db/paging.ts";
import { type ApiError, badRequest } from "../../../kernel/errors.ts";
import { type Microversion, mv } from "../../../kernel/http/microversion.ts";
import type { ApiRequest } from "../../../kernel/http/route.ts";
import type { Pause } from "../../../kernel/turns/slices.ts";
import { invalidInput } from "../errors.ts";
import { contains, equals, expressionOf, type ListColumns, NOTHING, orderBy } from "../manager/lists.ts";
import { strictBoolean } from "../schemas/parameter-types.ts";
import { plain, type SpecialFilter } from "./filters.ts";
import { viewOf } from "./paths.ts";

/** What may be asked of one list, as cinder has it: administrators may filter by every column, users by what is configured. */
export interface Listing {
  /** Filter or sort key → SQL expression. */
  columns: ListColumns;
  /** etc/cinder/resource_filters.json: what users may filter by. */
  filters: readonly string[];
  /** What users might filter by before `strictSince`, where it was something else. */
  filtersBefore?: readonly string[];
  /** Filters that no request had before a version (and which it drops then); the others are as old as the list. */
  since?: Readonly<Record<string, Microversion>>;
  /** From when on a user's other filters are refused instead of dropped. */
  strictSince: Microversion;
  /** Sort keys that are there since a version only. */
  sortSince?: Readonly<Record<string, Microversion>>;
  /** The column of the project; null for what all see. */
  project: string | null;
  /** How `all_tenants` is read: a boolean or 400, what is no "true" as false, just being there; or administrators see all anyway. */
  allTenants: "boolean" | "text" | "present" | "admin";
  /** Answers `with_count` since 3.45. */
  counts: boolean;
  special?: Readonly<Record<string, SpecialFilter>>;
  /** Values are texts and no Python literals. */
  literal?: false;
}

/** A request for one page. */
export interface ListRequest {
  conditions: readonly Condition[];
  order: readonly Order[];
  page: Wanted;
  offset: number;
  counted: boolean;
  pause: Pause;
}

const CONTROL = ["limit", "marker", "offset", "sort", "sort_key", "sort_dir"];
const LIKE_SINCE = mv("3.34");
const COUNT_SINCE = mv("3.45");

/**
 * Reads the query of a list in cinder's order: control parameters first (each once: a second one is taken for a filter), then filters.
 * Errors: 400.
 */
export function listRequest(request: ApiRequest, listing: Listing, maxLimit: number): ListRequest {
  const { query } = request;
  const page = wantedPage(query, pagingOf(maxLimit));
  const offset = offsetOf(query.get("offset"));
  const order = sortOf(request, listing);
  const counts = listing.counts && request.microversion >= COUNT_SINCE;
  const counted = counts && booleanOf("with_count", query.get("with_count"));
  const rest = withoutFirst(query, [...CONTROL, ...(counts ? ["with_count"] : [])]);
  // The last of several values of one filter counts.
  const filters = allowedFilters(request, listing, new Map(rest));
  const conditions = [...scopeOf(request, listing, filters)];
  for (const [key, value] of filters) conditions.push(conditionOf(request, listing, key, value));
  return { conditions, order, page, offset, counted, pause: request.pause };
}

/** Refuses or drops what this caller may not filter by, or not yet. Errors: 400. */
function allowedFilters(request: ApiRequest, listing: Listing, filters: Map<string, string>): Map<string, string> {
  const { context, microversion } = request;
  for (const [key, since] of Object.entries(listing.since ?? {})) if (microversion < since) filters.delete(key);
  const strict = microversion >= listing.strictSince;
  if (strict && [...filters.keys()].some((key) => !/^[\x20-\x7e]*$/.test(key))) {
    throw badRequest("Filter keys can only contain ASCII characters.");
  }
  if (context.isAdmin) return filters;
  const allowed = strict ? listing.filters : (listing.filtersBefore ?? listing.filters);
  const wrong = [...filters.keys()].filter((key) => key !== "all_tenants" && !allowed.includes(key));
  for (const key of wrong) filters.delete(key);
  if (strict && wrong.length > 0) {
    throw badRequest(`Invalid filters ${wrong.join(",")} are found in query options.`);
  }
  // cinderclient sends it whoever asks.
  filters.delete("all_tenants");
  return filters;
}

/** Whose things are listed; takes `all_tenants` (and a project that does not count) out of the filters. Errors: 400. */
function scopeOf({ context }: ApiRequest, listing: Listing, filters: Map<string, string>): Condition[] {
  if (listing.project === null) return [];
  const asked = filters.get("all_tenants");
  if (listing.allTenants === "admin" && context.isAdmin) return [];
  filters.delete("all_tenants");
  const everywhere =
    asked !== undefined &&
    (listing.allTenants === "present" ||
      (listing.allTenants === "boolean" ? booleanOf("all_tenants", asked) : strictBoolean(asked) === true));
  if (context.isAdmin && everywhere) return [];
  filters.delete("project_id");
  return [equals(listing.project, context.projectId ?? "")];
}

function conditionOf(request: ApiRequest, listing: Listing, key: string, value: string): Condition {
  // Own keys only: "constructor" is a parameter anybody may send.
  const special = Object.hasOwn(listing.special ?? {}, key) ? listing.special?.[key] : undefined;
  if (special !== undefined) return special(value, request);
  const like = key.endsWith("~") && request.microversion >= LIKE_SINCE;
  const found = columnOf(listing, like ? key.slice(0, -1) : key);
  // By what is no attribute nothing is found, as in cinder.
  if (found === undefined) return NOTHING;
  const column = expressionOf(found);
  if (like) return contains(column, value);
  return listing.literal === false || key === "name" || key === "display_name"
    ? equals(column, value)
    : plain(column, value);
}

const columnOf = (listing: Listing, key: string) =>
  Object.hasOwn(listing.columns, key) ? listing.columns[key] : undefined;

/** `sort=name:asc,size` or the older sort_key and sort_dir; newest first by default. Errors: 400. */
function sortOf({ query, microversion }: ApiRequest, listing: Listing): Order[] {
  const [sent, sentKey, sentDirection] = [query.get("sort"), query.get("sort_key"), query.get("sort_dir")];
  if (sent !== null && (sentKey !== null || sentDirection !== null)) {
    throw badRequest(
      "The 'sort_key' and 'sort_dir' parameters are deprecated and cannot be used with the 'sort' parameter.",
    );
  }
  const parts = sent === null ? [`${sentKey ?? "created_at"}:${sentDirection ?? "desc"}`] : sent.trim().split(",");
  const sort = parts.map((part) => {
    const [key = "", direction = ""] = part.split(/:(.*)/s).map((text) => text.trim());
    const descending = (direction || "desc") === "desc";
    if (!descending && direction !== "asc") {
      throw invalidInput("Unknown sort direction, must be 'desc' or 'asc'.");
    }
    const tooEarly = microversion < (listing.sortSince?.[key] ?? 0);
    const column = tooEarly ? undefined : columnOf(listing, key);
    if (column === undefined) throw invalidInput("Invalid sort key");
    return { key, column, descending };
  });
  // What is equal so far goes by age and then by id, in the first key's direction.
  const [first] = sort;
  const created = listing.columns.created_at;
  if (created !== undefined && !sort.some(({ key }) => key === "created_at")) {
    sort.push({ key: "created_at", column: created, descending: first?.descending ?? true });
  }
  sort.push({ key: "id", column: "id", descending: first?.descending ?? true });
  // Only the first mention of a key decides anything.
  const once = sort.filter(({ key }, index) => sort.findIndex((other) => other.key === key) === index);
  return once.map(({ column, descending }) => orderBy(column, descending));
}

/** Errors: 400. */
export function booleanOf(name: string, text: string | null): boolean {
  if (text === null) return false;
  const value = strictBoolean(text);
  if (value === null) throw badRequest(`Value '${text}' for '${name}' is not a boolean.`);
  return value;
}

/** cinder/api/common.py `_get_limit_param` and `_get_marker_param`, which take the first of several out of the query. */
const pagingOf = (max: number): Paging => ({
  repeated: "first",
  emptyIsAbsent: [],
  notWhole: () => badRequest("limit param must be an integer"),
  negative: () => badRequest("limit param must be positive"),
  usual: max,
  most: max,
  zero: "nothing",
  next: "full",
});

/** Errors: 400 in cinder's words. */
function offsetOf(text: string | null): number {
  if (text === null) return 0;
  const value = wholeNumber(text);
  if (value === null) throw badRequest("offset must be an integer");
  if (value < 0) throw badRequest("offset must be >= 0");
  if (value > 0x7fffffff) throw badRequest("offset must be <= 2147483647");
  return value;
}

/** A page of a list. */
interface Found<Row> {
  rows: readonly Row[];
  /** The marker of the next page, or null where cinder offers none. */
  next: string | null;
  /** Counted only where that is asked for. */
  total: number;
}

/** Where the rows of a list come from. */
export interface Source<Row> {
  table: {
    selected(selection: Selection, range: Range): Row[];
    counted(selection: Selection): number;
    place(id: string, order: readonly Order[]): Stored[] | undefined;
  };
  /** Whether a marker is there and the caller may see it: it need not be in the list (any more). */
  has(id: string): boolean;
  missing(id: string): ApiError;
}

/**
 * Reads one page of a list. It goes on after the marker's place, whether that is in the list (its filtered properties may have changed
 * since). Errors: `missing(marker)` for a marker that is nowhere.
 */
export async function page<Row extends { id: string }>(
  { conditions, order, page: wanted, offset, counted, pause }: ListRequest,
  { table, has, missing }: Source<Row>,
): Promise<Found<Row>> {
  const { rows, last } = await pageOf(wanted, {
    place: (marker) => (has(marker) ? table.place(marker, order) : undefined),
    lost: missing,
    read: (start, most) =>
      inTurns({
        wanted: most,
        after: start,
        read: (after, limit) =>
          table.selected({ conditions }, { order, after, limit, offset: after === start ? offset : 0 }),
        place: ({ id }) => table.place(id, order) ?? [],
        pause,
      }),
  });
  if (!counted) return { rows, next: last?.id ?? null, total: rows.length };
  // With a count cinder offers a next page whenever the whole list would fill this one.
  const total = table.counted({ conditions });
  return { rows, next: (wanted.limit ?? 0) <= total ? (rows.at(-1)?.id ?? null) : null, total };
}

/** `volumes_links` of a page that has a next one; nothing otherwise. */
export function nextLinks(request: ApiRequest, collection: string, path: string, next: string | null) {
  if (next === null) return {};
  const query = new URLSearchParams(request.query);
  query.set("marker", next);
  query.delete("offset");
  const { projectId } = viewOf(request);
  const project = projectId === null ? "" : `/${projectId}`;
  return {
    [`${collection}_links`]: [{ rel: "next", href: `${request.baseUrl}/v3${project}${path}?${query}` }],
  };
}
