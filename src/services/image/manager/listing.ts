import type { RequestContext } from "../../../kernel/auth/context.ts";
import { type Condition, condition, oneOf } from "../../../kernel/db/list.ts";
import { badRequest } from "../../../kernel/errors.ts";
import { pythonRepr } from "../../../kernel/http/validation.ts";
import { isoMoment } from "../../../kernel/time/moment.ts";
import { imageNotFound } from "../errors.ts";
import { CONTAINER_FORMATS, DISK_FORMATS } from "../states.ts";
import type { ImageRow, ImageStore, ListQuery, SortKey } from "../store/images.ts";
import type { Access } from "./access.ts";
import type { Core } from "./core.ts";

export interface ListRequest {
  /** The filters and sort keys as the query string has them. */
  query: URLSearchParams;
  /** Null: all. */
  limit: number | null;
}

const SORT_KEYS: readonly SortKey[] = [
  "name",
  "status",
  "container_format",
  "disk_format",
  "size",
  "id",
  "created_at",
  "updated_at",
];
const NOT_FILTERS: ReadonlySet<string> = new Set(["limit", "marker", "sort", "sort_key", "sort_dir"]);
const IN_LISTS: ReadonlySet<string> = new Set(["name", "id", "status", "container_format", "disk_format"]);
const NUMBERS: ReadonlySet<string> = new Set(["min_disk", "min_ram", "size", "virtual_size"]);
const OPERATORS: Readonly<Record<string, string>> = { gt: ">", gte: ">=", lt: "<", lte: "<=", eq: "=", neq: "<>" };

/** `GET /v2/images`: filters, order and pages (glance/api/v2/images.py and its database API). */
export class ImageListing {
  readonly #images: ImageStore;
  readonly #access: Access;

  constructor({ images, access }: Core) {
    this.#images = images;
    this.#access = access;
  }

  /** Errors: 400 for what the query has wrong. */
  list(context: RequestContext, request: ListRequest): ImageRow[] {
    const { query } = request;
    const { ways, conditions } = scopeOf(context, query);
    const marker = query.get("marker");
    return this.#images.list({
      ways,
      conditions: [...conditions, ...filterConditions(query)],
      sort: sortOrder(query),
      marker: marker === null ? null : this.#marker(context, marker).id,
      limit: request.limit ?? Number.MAX_SAFE_INTEGER,
    });
  }

  #marker(context: RequestContext, id: string): ImageRow {
    try {
      return this.#access.visible(context, id);
    } catch {
      throw badRequest(`Invalid marker: ${imageNotFound(id).message}`);
    }
  }
}

/** The ways in which this context sees images at all, and which visibilities are asked for. */
function scopeOf(context: RequestContext, query: URLSearchParams): { ways: Condition[]; conditions: Condition[] } {
  const conditions: Condition[] = [];
  const ways: Condition[] = [];
  const visibility = query.get("visibility");
  const memberStatus = query.get("member_status") ?? "accepted";
  if (!["pending", "accepted", "rejected", "all"].includes(memberStatus)) {
    throw badRequest(`Invalid status: ${memberStatus}`);
  }
  if (visibility !== null && !["public", "private", "shared", "community", "all"].includes(visibility)) {
    throw badRequest(`Invalid visibility value: ${visibility}`);
  }
  const own = context.projectId;
  if (!context.isAdmin) {
    const shared =
      "visibility = 'shared' AND id IN (SELECT image_id FROM image_members WHERE member_id = ? AND (? = 'all' OR status = ?))";
    ways.push(
      condition("visibility = 'public'"),
      condition("visibility = 'community'"),
      condition("owner = ?", own),
      condition(shared, own, memberStatus, memberStatus),
    );
  }
  if (visibility === null) conditions.push(condition("visibility <> 'community' OR owner = ?", own));
  else if (visibility !== "all") conditions.push(condition("visibility = ?", visibility));
  // With member_status glance means images shared with the asker.
  if (query.has("member_status") && visibility === "shared") {
    conditions.push(
      condition(
        "id IN (SELECT image_id FROM image_members WHERE member_id = ? AND (? = 'all' OR status = ?)) OR ? = 1",
        own,
        memberStatus,
        memberStatus,
        context.isAdmin ? 1 : 0,
      ),
    );
  }
  return { ways, conditions };
}

function filterConditions(query: URLSearchParams): Condition[] {
  const conditions: Condition[] = [];
  if (!query.has("os_hidden")) conditions.push(condition("os_hidden = 0"));
  for (const [name, value] of query) {
    if (NOT_FILTERS.has(name) || name === "visibility" || name === "member_status") continue;
    conditions.push(filter(name, value));
  }
  return conditions;
}

function filter(name: string, value: string): Condition {
  if (name === "tag") return condition("EXISTS (SELECT 1 FROM json_each(tags) WHERE value = ?)", value);
  if (name === "os_hidden" || name === "protected") return condition(`${name} = ?`, bool(name, value) ? 1 : 0);
  if (name === "size_min") return condition("size >= ?", natural(name, value));
  if (name === "size_max") return condition("size <= ?", natural(name, value));
  if (name === "min_disk" || name === "min_ram") return condition(`${name} >= ?`, natural(name, value));
  if (NUMBERS.has(name)) return condition(`${name} = ?`, natural(name, value));
  if (name === "created_at" || name === "updated_at") return timeFilter(name, value);
  if (name === "owner" || name === "checksum" || name === "os_hash_value" || name === "os_hash_algo") {
    return condition(`${name} = ?`, value);
  }
  if (IN_LISTS.has(name)) return listFilter(name, value);
  if (name === "changes-since") throw badRequest('The "changes-since" filter is no longer available on v2.');
  return condition("EXISTS (SELECT 1 FROM json_each(properties) WHERE key = ? AND value = ?)", name, value);
}

/** `name=in:one,"two, with a comma"` */
function listFilter(name: string, value: string): Condition {
  const values = value.startsWith("in:") ? splitQuoted(value.slice(3), name) : [value];
  if (name === "container_format") checkValues(name, values, CONTAINER_FORMATS);
  if (name === "disk_format") checkValues(name, values, DISK_FORMATS);
  return oneOf(name, values);
}

function checkValues(name: string, values: readonly string[], allowed: readonly string[]): void {
  for (const value of values) {
    if (!allowed.includes(value)) {
      throw badRequest(
        `Invalid value ${pythonRepr(value)} for parameter '${name}': it must be one of ${pythonRepr(allowed)}.`,
      );
    }
  }
}

function splitQuoted(text: string, name: string): string[] {
  const values: string[] = [];
  const pattern = /(?:"((?:[^"\\]|\\.)*)"|([^",]*))(,|$)/gy;
  while (pattern.lastIndex <= text.length) {
    const match = pattern.exec(text);
    if (match === null) {
      throw badRequest(`Invalid filter value ${text}. The quote is not closed or a comma is missing in ${name}.`);
    }
    values.push(match[1]?.replace(/\\(.)/g, "$1") ?? match[2] ?? "");
    if (match[3] === "") break;
  }
  return values;
}

/** `created_at=gte:2026-01-02T03:04:05Z`; without an operator it means "eq". */
function timeFilter(name: string, value: string): Condition {
  const match = /^(?:([a-z]+):)?(\d{4}-.*)$/.exec(value);
  const sent = match?.[1] ?? "eq";
  const operator = Object.hasOwn(OPERATORS, sent) ? OPERATORS[sent] : undefined;
  if (match === null || operator === undefined) {
    throw badRequest(`Unable to filter using the specified operator: ${value}`);
  }
  const text = match[2] ?? "";
  const time = isoMoment(text);
  if (Number.isNaN(time)) throw badRequest(`Invalid ISO 8601 time for '${name}': ${text}`);
  // The API shows whole seconds, so that is what is compared.
  return condition(`${name} / 1000 ${operator} ?`, Math.floor(time / 1000));
}

function natural(name: string, value: string): number {
  if (!/^\d{1,15}$/.test(value)) {
    throw badRequest(
      /^-\d+$/.test(value)
        ? `Invalid value for parameter '${name}': it must not be negative.`
        : `'${value}' is not an integer: '${name}'`,
    );
  }
  return Number(value);
}

function bool(name: string, value: string): boolean {
  if (/^(true|1|t|yes|on|y)$/i.test(value)) return true;
  if (/^(false|0|f|no|off|n)$/i.test(value)) return false;
  throw badRequest(`Invalid value '${value}' for '${name}' filter. Valid values are case sensitive 'true' or 'false'.`);
}

/** `sort=key:dir,key` or the classic `sort_key=…&sort_dir=…`, which may repeat; newest first without any. */
function sortOrder(query: URLSearchParams): ListQuery["sort"] {
  const sort = query.get("sort");
  const keys = query.getAll("sort_key");
  const directions = query.getAll("sort_dir");
  if (sort !== null && (keys.length > 0 || directions.length > 0)) {
    throw badRequest("Old and new sorting syntax cannot be combined");
  }
  const wanted: [string, string][] =
    sort !== null
      ? sort.split(",").map((part) => {
          const [key = "", direction = "desc"] = part.trim().split(":");
          return [key.trim(), direction.trim()];
        })
      : classicOrder(keys, directions);
  const order = wanted.map(([key, direction]) => ({ key: sortKey(key), descending: sortDirection(direction) }));
  // The database API adds these, so that the order is total.
  const last = order.at(-1)?.descending ?? true;
  for (const key of ["created_at", "id"] as const) {
    if (!order.some((entry) => entry.key === key)) order.push({ key, descending: last });
  }
  // Only the first mention of a key decides anything.
  return order.filter(({ key }, index) => order.findIndex((entry) => entry.key === key) === index);
}

function classicOrder(keys: string[], directions: string[]): [string, string][] {
  if (directions.length > 1 && directions.length !== keys.length) {
    throw badRequest("Number of sort dirs does not match the number of sort keys");
  }
  const [only = "desc"] = directions;
  if (keys.length === 0) return [["created_at", only]];
  return keys.map((key, index) => [key, directions.length > 1 ? (directions[index] ?? only) : only]);
}

function sortKey(key: string): SortKey {
  const found = SORT_KEYS.find((name) => name === key);
  if (found === undefined) {
    throw badRequest(`Invalid sort key: ${key}. It must be one of the following: ${SORT_KEYS.join(", ")}.`);
  }
  return found;
}

function sortDirection(direction: string): boolean {
  if (direction !== "asc" && direction !== "desc") throw badRequest(`Invalid sort direction: ${direction}`);
  return direction === "desc";
}
