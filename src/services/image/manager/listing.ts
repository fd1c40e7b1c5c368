import type { RequestContext } from "../../../kernel/auth/context.ts";
import { type Condition, inTurns, type Selection } from "../../../kernel/db/list.ts";
import { type Page, pageOf, type Wanted, withoutFirst } from "../../../kernel/db/paging.ts";
import { badRequest, orNull } from "../../../kernel/errors.ts";
import { pythonRepr } from "../../../kernel/http/validation.ts";
import { isoMoment } from "../../../kernel/time/moment.ts";
import type { Pause } from "../../../kernel/turns/slices.ts";
import { imageNotFound } from "../errors.ts";
import { CONTAINER_FORMATS, DISK_FORMATS } from "../states.ts";
import {
  atTime,
  FEW,
  type Filter,
  hasProperty,
  hasTag,
  imageOrder,
  is,
  isAny,
  isAtLeast,
  isAtMost,
  isComparison,
  isNumber,
  isSet,
  notJustCommunity,
  SORT_KEYS,
  type SortKey,
  selectionBy,
  sharedWith,
  waysToSee,
} from "../store/image-list.ts";
import type { ImageRow, ImageStore } from "../store/images.ts";
import type { Access } from "./access.ts";
import type { Core } from "./core.ts";

/** No filters the first time, but properties of images the second. */
const ONCE = ["limit", "marker", "member_status", "sort"];
const NOT_FILTERS: ReadonlySet<string> = new Set(["visibility", "sort_key", "sort_dir"]);
const MEMBER_STATUSES = ["pending", "accepted", "rejected", "all"] as const;

/** `GET /v2/images`: filters, order and pages (glance/api/v2/images.py and its database API). */
export class ImageListing {
  readonly #images: ImageStore;
  readonly #access: Access;

  constructor({ images, access }: Core) {
    this.#images = images;
    this.#access = access;
  }

  /** All that fit, in one turn: for filters that few images fit. */
  found(context: RequestContext, query: URLSearchParams): ImageRow[] {
    return this.#images.selected(this.#selection(context, query), { order: imageOrder(sortOrder(query)) });
  }

  #selection(context: RequestContext, query: URLSearchParams): Selection {
    const { ways, conditions } = scopeOf(context, query);
    return selectionBy(ways, conditions, filtersOf(query), (found) => this.#images.isFewer(found, FEW));
  }

  /** `query` has the filters and sort keys. Errors: 400 for what is wrong in it. */
  page(context: RequestContext, query: URLSearchParams, wanted: Wanted, pause: Pause): Promise<Page<ImageRow>> {
    const selection = this.#selection(context, query);
    const order = imageOrder(sortOrder(query));
    return pageOf(wanted, {
      place: (marker) =>
        orNull(() => this.#access.visible(context, marker)) === null ? undefined : this.#images.place(marker, order),
      lost: (marker) => badRequest(`Invalid marker: ${imageNotFound(marker).message}`),
      read: (after, most) =>
        inTurns({
          wanted: most,
          after,
          read: (from, limit) => this.#images.selected(selection, { order, after: from, limit }),
          place: ({ id }) => this.#images.place(id, order) ?? [],
          pause,
        }),
    });
  }
}

/** The ways in which this context sees images at all, and which visibilities are asked for. */
function scopeOf(context: RequestContext, query: URLSearchParams): { ways: Condition[]; conditions: Condition[] } {
  const visibility = query.get("visibility");
  const asked = query.get("member_status") ?? "accepted";
  const memberStatus = MEMBER_STATUSES.find((status) => status === asked);
  if (memberStatus === undefined) throw badRequest(`Invalid status: ${asked}`);
  if (visibility !== null && !["public", "private", "shared", "community", "all"].includes(visibility)) {
    throw badRequest(`Invalid visibility value: ${visibility}`);
  }
  const own = context.projectId;
  const conditions: Condition[] = [];
  if (visibility === null) conditions.push(notJustCommunity(own));
  else if (visibility !== "all") conditions.push(is("visibility", visibility));
  // With member_status glance means images shared with the asker.
  if (query.has("member_status") && visibility === "shared" && !context.isAdmin) {
    conditions.push(sharedWith(own, memberStatus));
  }
  return { ways: context.isAdmin ? [] : waysToSee(own, memberStatus), conditions };
}

function filtersOf(query: URLSearchParams): Filter[] {
  const filters: Filter[] = [];
  if (!query.has("os_hidden")) filters.push(is("os_hidden", 0));
  for (const [name, value] of withoutFirst(query, ONCE)) {
    if (!NOT_FILTERS.has(name)) filters.push(filter(name, value));
  }
  return filters;
}

function filter(name: string, value: string): Filter {
  switch (name) {
    case "tag":
      return hasTag(value);
    case "os_hidden":
    case "protected":
      return isSet(name, bool(name, value));
    case "size_min":
      return isAtLeast("size", natural(name, value));
    case "size_max":
      return isAtMost("size", natural(name, value));
    case "min_disk":
    case "min_ram":
      return isAtLeast(name, natural(name, value));
    case "size":
    case "virtual_size":
      return isNumber(name, natural(name, value));
    case "created_at":
    case "updated_at":
      return timeFilter(name, value);
    case "owner":
    case "checksum":
    case "os_hash_value":
    case "os_hash_algo":
      return isAny(name, [value]);
    case "name":
    case "id":
    case "status":
    case "container_format":
    case "disk_format":
      return isAny(name, listed(name, value));
    case "changes-since":
      throw badRequest('The "changes-since" filter is no longer available on v2.');
    default:
      return hasProperty(name, value);
  }
}

/**
 * `name=in:one,"two, with a comma"`, `name=eq:one`. glance takes all before a colon for an operator; here "ubuntu:24.04" is a name.
 * Errors: 400 for the operators that moments are compared by.
 */
function listed(name: string, value: string): string[] {
  const [, operator = "", rest = ""] = /^(in|eq|neq|gte?|lte?):(.*)$/s.exec(value) ?? [];
  if (operator !== "" && operator !== "in" && operator !== "eq")
    throw badRequest(`Unable to filter by unknown operator '${operator}'.`);
  const values = operator === "in" ? splitQuoted(rest, name) : [operator === "eq" ? rest : value];
  if (name === "container_format") checkValues(name, values, CONTAINER_FORMATS);
  if (name === "disk_format") checkValues(name, values, DISK_FORMATS);
  return values;
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
function timeFilter(name: "created_at" | "updated_at", value: string): Filter {
  const match = /^(?:([a-z]+):)?(\d{4}-.*)$/.exec(value);
  const sent = match?.[1] ?? "eq";
  if (match === null || !isComparison(sent)) {
    throw badRequest(`Unable to filter using the specified operator: ${value}`);
  }
  const text = match[2] ?? "";
  const time = isoMoment(text);
  if (Number.isNaN(time)) throw badRequest(`Invalid ISO 8601 time for '${name}': ${text}`);
  return atTime(name, sent, time);
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
function sortOrder(query: URLSearchParams): { key: SortKey; descending: boolean }[] {
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
