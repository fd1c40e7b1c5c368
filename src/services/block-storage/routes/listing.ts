import { badRequest } from "../../../kernel/errors.ts";
import { mv } from "../../../kernel/http/microversion.ts";
import type { ApiRequest } from "../../../kernel/http/route.ts";
import { invalidInput } from "../errors.ts";
import { isTrueText } from "../schemas/common.ts";
import type { Condition, ListQuery } from "../store/query.ts";

type AnyRequest = ApiRequest<never> | ApiRequest<unknown>;

export interface Listing {
  /** Filter or sort key → SQL expression. */
  columns: Readonly<Record<string, string>>;
  /** Keys that may be filtered by, beside those of `special`. */
  filters: readonly string[];
  sortKeys: readonly string[];
  /** The column of the project. */
  project: string;
  /** Filters that are no plain comparison; null for a value that filters nothing. */
  special?: Readonly<Record<string, (value: string, request: AnyRequest) => Condition | null>>;
}

/** Not filters: how the list is cut and who may see what. */
const CONTROLS = new Set(["limit", "offset", "marker", "sort", "sort_key", "sort_dir", "all_tenants", "with_count"]);

/** The query of a list request. Parameters that are no filter are ignored, as cinder does. Errors: 400. */
export function listQuery(request: AnyRequest, listing: Listing): ListQuery {
  const { context, query } = request;
  const conditions: Condition[] = [];
  const everywhere = context.isAdmin && isTrueText(query.get("all_tenants"));
  const wantedProject = context.isAdmin ? query.get("project_id") : null;
  if (!everywhere) conditions.push(equals(listing.project, context.projectId ?? ""));
  else if (wantedProject !== null) conditions.push(equals(listing.project, wantedProject));

  for (const [key, value] of query) {
    if (CONTROLS.has(key) || key === "project_id") continue;
    // Own keys only: "constructor" is a parameter anybody may send.
    const special = Object.hasOwn(listing.special ?? {}, key) ? listing.special?.[key] : undefined;
    if (special !== undefined) {
      const condition = special(value, request);
      if (condition !== null) conditions.push(condition);
      continue;
    }
    const plainKey = key.endsWith("~") && request.microversion >= mv("3.34") ? key.slice(0, -1) : key;
    const column = listing.filters.includes(plainKey) ? listing.columns[plainKey] : undefined;
    if (column === undefined) continue;
    conditions.push(plainKey === key ? equals(column, value) : contains(column, value));
  }
  return { conditions, sort: sortOf(query, listing) };
}

const equals = (column: string, value: unknown): Condition => ({ sql: `${column} = ?`, params: [value] });
const contains = (column: string, value: string): Condition => ({ sql: `instr(${column}, ?) > 0`, params: [value] });

/** `sort=name:asc,size` or the older sort_key and sort_dir; newest first by default. Errors: 400. */
function sortOf(query: URLSearchParams, listing: Listing): ListQuery["sort"] {
  const text = query.get("sort");
  if (text !== null && (query.has("sort_key") || query.has("sort_dir"))) {
    throw badRequest(
      "The 'sort_key' and 'sort_dir' parameters are deprecated and cannot be used with the 'sort' parameter.",
    );
  }
  const parts =
    text === null
      ? [`${query.get("sort_key") ?? "created_at"}:${query.get("sort_dir") ?? "desc"}`]
      : text.split(",").filter((part) => part.trim() !== "");
  return parts.map((part) => {
    const [key = "", direction = "desc"] = part.trim().split(":");
    const expression = listing.sortKeys.includes(key) ? listing.columns[key] : undefined;
    if (expression === undefined) throw invalidInput("Invalid sort key");
    if (direction !== "asc" && direction !== "desc") {
      throw invalidInput(`Unknown sort direction, must be one of: asc, desc.`);
    }
    return { expression, descending: direction === "desc" };
  });
}

/** `{'key': 'value'}` as Python prints it, or JSON: a filter by metadata. Errors: 400. */
export function metadataFilter(column: string, value: string): Condition {
  let wanted: unknown;
  try {
    wanted = JSON.parse(value);
  } catch {
    try {
      wanted = JSON.parse(value.replaceAll(/u?'((?:[^'\\]|\\.)*)'/g, (_all, inner: string) => JSON.stringify(inner)));
    } catch {
      throw badRequest(`Could not evaluate value ${value}`);
    }
  }
  if (typeof wanted !== "object" || wanted === null) throw badRequest(`Could not evaluate value ${value}`);
  const pairs = Object.entries(wanted).map(([key, item]) => [key, String(item)] as const);
  const one = `EXISTS (SELECT 1 FROM json_each(${column}) WHERE key = ? AND value = ?)`;
  return { sql: pairs.map(() => one).join(" AND ") || "1", params: pairs.flat() };
}

export interface Page<Row> {
  rows: Row[];
  /** The marker of the next page, or null at the end. */
  next: string | null;
  total: number;
}

/** Cuts one page out of a sorted list. Errors: 400 for nonsense, `missing(marker)` for a marker that is not in it. */
export function page<Row extends { id: string }>(
  request: AnyRequest,
  rows: readonly Row[],
  options: { maxLimit: number; missing: (id: string) => Error },
): Page<Row> {
  const { query } = request;
  const limit = Math.min(wholeNumber(query, "limit") ?? options.maxLimit, options.maxLimit);
  const offset = wholeNumber(query, "offset") ?? 0;
  const marker = query.get("marker");
  let start = 0;
  if (marker !== null && marker !== "") {
    const index = rows.findIndex(({ id }) => id === marker);
    if (index < 0) throw options.missing(marker);
    start = index + 1;
  }
  const cut = rows.slice(start + offset, start + offset + limit);
  // Cinder offers a next page whenever this one is full.
  const full = query.has("limit") && limit > 0 && cut.length === limit;
  const more = start + offset + cut.length < rows.length && cut.length === options.maxLimit;
  return { rows: cut, next: full || more ? (cut.at(-1)?.id ?? null) : null, total: rows.length };
}

/** Errors: 400 in cinder's words. */
function wholeNumber(query: URLSearchParams, name: "limit" | "offset"): number | null {
  const text = query.get(name);
  if (text === null) return null;
  if (!/^-?\d+$/.test(text)) throw badRequest(`${name} param must be an integer`);
  const value = Number(text);
  if (value < 0) throw badRequest(`${name} param must be positive`);
  if (value > 0x7fffffff) throw badRequest(`${name} param is too large`);
  return value;
}

/** `volumes_links` of a page that has a next one; nothing otherwise. */
export function nextLinks(request: AnyRequest, collection: string, path: string, next: string | null) {
  if (next === null) return {};
  const query = new URLSearchParams(request.query);
  query.set("marker", next);
  query.delete("offset");
  const project = request.context.projectId === null ? "" : `/${request.context.projectId}`;
  return {
    [`${collection}_links`]: [{ rel: "next", href: `${request.baseUrl}/v3${project}${path}?${query}` }],
  };
}
