import type { RequestContext } from "../../../kernel/auth/context.ts";
import { type Paging, pageOf, type Wanted, wantedPage } from "../../../kernel/db/paging.ts";
import { badRequest } from "../../../kernel/errors.ts";
import type { ApiRequest } from "../../../kernel/http/route.ts";
import { badResource } from "../errors.ts";
import type { Filters } from "../manager/core.ts";
import { type Attribute, type Attributes, type Body, isObject } from "../schemas/attribute.ts";

const CONTROL = new Set(["fields", "limit", "marker", "sort_key", "sort_dir", "page_reverse"]);
const TAG_FILTERS = new Set(["tags", "tags-any", "not-tags", "not-tags-any"]);

/**
 * Values as neutron compares them: what an attribute converts is converted, so `cidr=10.0.0.7/24` finds 10.0.0.0/24. Errors: 400 for an
 * attribute that is no filter (filter-validation), for a value that cannot be one.
 */
export function filtersOf(request: ApiRequest, attributes: Attributes): Filters {
  const filters = new Map<string, string[]>();
  const unknown = new Set<string>();
  for (const [sent, value] of request.query) {
    if (CONTROL.has(sent)) continue;
    const name = sent === "tenant_id" ? "project_id" : sent;
    const attribute = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
    if (attribute?.filter === false || (attribute === undefined && !TAG_FILTERS.has(name))) {
      unknown.add(sent);
      continue;
    }
    const values = filters.get(name);
    const converted = attribute?.filterAs === undefined ? value : String(attribute.filterAs(value));
    if (values === undefined) filters.set(name, [converted]);
    else values.push(converted);
  }
  if (unknown.size > 0) throw badRequest(`${named([...unknown])} is invalid attribute for filtering`);
  return filters;
}

const named = (names: readonly string[]): string => `[${names.map((name) => `'${name}'`).join(", ")}]`;

/** Whether a view fits all filters; `extra` filters are the manager's. */
export function matches(view: Body, filters: Filters): boolean {
  for (const [name, wanted] of filters) {
    if (TAG_FILTERS.has(name)) {
      if (!matchesTags(view.tags, name, wanted)) return false;
    } else if (Object.hasOwn(view, name) && !matchesValue(view[name], wanted)) return false;
  }
  return true;
}

function matchesValue(value: unknown, wanted: readonly string[]): boolean {
  if (Array.isArray(value)) return matchesList(value, wanted);
  if (isObject(value)) return wanted.some((text) => text === JSON.stringify(value));
  return wanted.includes(String(value));
}

/** Others say nothing, as in neutron. */
const ITEM_KEYS = new Set(["ip_address", "subnet_id", "ip_address_substr"]);

/** `security_groups=ID`, `fixed_ips=ip_address=A`, `fixed_ips=subnet_id=S`, `fixed_ips=ip_address_substr=T` */
function matchesList(items: readonly unknown[], wanted: readonly string[]): boolean {
  const byKey = new Map<string, string[]>();
  const plain: string[] = [];
  for (const text of wanted) {
    const match = /^([a-z_]+)=(.*)$/.exec(text);
    if (match?.[1] === undefined || match[2] === undefined) plain.push(text);
    else if (ITEM_KEYS.has(match[1])) byKey.set(match[1], [...(byKey.get(match[1]) ?? []), match[2]]);
  }
  if (plain.length > 0 && !items.some((item) => plain.includes(String(item)))) return false;
  if (byKey.size === 0) return true;
  return [...byKey].every(([key, values]) =>
    items.some((item) => {
      if (!isObject(item)) return false;
      if (key !== "ip_address_substr") return values.includes(String(item[key]));
      return values.some((part) => String(item.ip_address).includes(part));
    }),
  );
}

function matchesTags(value: unknown, kind: string, wanted: readonly string[]): boolean {
  const tags = new Set(Array.isArray(value) ? value.map(String) : []);
  const asked = wanted.flatMap((text) => text.split(","));
  const all = asked.every((tag) => tags.has(tag));
  const any = asked.some((tag) => tags.has(tag));
  if (kind === "tags") return all;
  if (kind === "tags-any") return any;
  return kind === "not-tags" ? !all : !any;
}

export interface Page {
  items: readonly Body[];
  /** Both are told, unless a page is not full: then there is nothing behind it in the direction of reading. */
  links: { rel: string; href: string }[];
}

export interface PageRules {
  attributes: Attributes;
  /** "/v2.0/networks" */
  path: string;
  /** Null: this list has no pages (neutron's allow_pagination=False); limit and marker are ignored. */
  marker: ((id: string) => Body | null) | null;
  /** What tells things apart, where it is not "id". */
  key?: string | undefined;
}

/** What a request asks of a list's order and pages. */
export interface Asked {
  sort: readonly { key: string; descending: boolean }[];
  page: Wanted;
  isReverse: boolean;
}

const badLimit = (text: string) => badResource("limit", `Limit must be an integer 0 or greater and not '${text}'`);

/** neutron/api/api_common.py `get_limit_and_marker`: webob has the last of several. */
const PAGING: Paging = {
  repeated: "last",
  emptyIsAbsent: ["marker"],
  notWhole: badLimit,
  negative: badLimit,
  usual: null,
  most: Number.MAX_SAFE_INTEGER,
  zero: "usual",
  next: "full",
};

/** Errors: 400 for sort keys, directions and limits that are none. */
export function askedOf({ query }: ApiRequest, attributes: Attributes): Asked {
  const sort = sortOf(query.getAll("sort_key"), query.getAll("sort_dir"), attributes);
  const isReverse = query.get("page_reverse")?.toLowerCase() === "true";
  return { sort, page: wantedPage(query, PAGING), isReverse };
}

/**
 * Sorts and cuts what is at hand, as neutron/api/api_common.py and its queries do: a page goes on after where the marker would be in the
 * order, whether it fits the filters or not; a marker without a limit says nothing. Errors: 400 for sort keys, directions and limits that
 * are none; what `marker` throws.
 */
export async function paged(request: ApiRequest, rules: PageRules, views: Body[]): Promise<Page> {
  const { sort, page, isReverse } = askedOf(request, rules.attributes);
  const order = comparison(sort, rules.key ?? "id");
  const sorted = request.query.has("sort_key") ? [...views].sort(order) : views;
  const { marker } = rules;
  if (marker === null || page.limit === null) return { items: sorted, links: [] };
  const { rows } = await pageOf(page, {
    place: (id) => marker(id) ?? undefined,
    lost: () => null,
    read(after: Body | null, limit) {
      const side = after === null ? sorted : sorted.filter((one) => order(one, after) * (isReverse ? -1 : 1) > 0);
      return isReverse ? side.slice(-limit) : side.slice(0, limit);
    },
  });
  return { items: rows, links: linksOf(request, rules, rows, page.limit, isReverse) };
}

/** Where the pages before and behind a page are. */
export function linksOf(
  { query, baseUrl }: ApiRequest,
  { path, key = "id" }: Pick<PageRules, "path" | "key">,
  items: readonly Body[],
  limit: number,
  isReverse: boolean,
): Page["links"] {
  const link = (rel: string, to: Body | undefined, back: boolean) => {
    const params = new URLSearchParams(query);
    params.delete("marker");
    params.delete("page_reverse");
    if (to !== undefined) params.set("marker", String(to[key]));
    if (back) params.set("page_reverse", "True");
    return { rel, href: `${baseUrl}${path}?${params}` };
  };
  const isFull = items.length === limit;
  const links = [];
  if (isFull || isReverse) links.push(link("next", items.at(-1), false));
  if (isFull || !isReverse) links.push(link("previous", items[0], true));
  return links;
}

function sortOf(sentKeys: readonly string[], sentDirections: readonly string[], attributes: Attributes): Asked["sort"] {
  const keys = sentKeys.filter((key) => key !== "");
  const directions = sentDirections.filter((direction) => direction !== "");
  if (directions.length !== keys.length) throw badRequest("The number of sort_keys and sort_dirs must be same");
  const unknown = keys.filter((key) => !Object.hasOwn(attributes, key) || attributes[key]?.sort === false);
  if (unknown.length > 0) throw badRequest(`${named(unknown)} is invalid attribute for sort_keys`);
  const wrong = directions.filter((direction) => direction !== "asc" && direction !== "desc");
  if (wrong.length > 0)
    throw badRequest(`${named(wrong)} is invalid value for sort_dirs, valid value is 'asc' and 'desc'`);
  return keys.map((key, index) => ({ key, descending: directions[index] === "desc" }));
}

/** By the keys, then by what identifies a thing. */
function comparison(sort: Asked["sort"], identity: string): (one: Body, other: Body) => number {
  return (one, other) => {
    for (const { key, descending } of sort) {
      const order = compare(one[key], other[key]);
      if (order !== 0) return descending ? -order : order;
    }
    return compare(one[identity], other[identity]);
  };
}

function compare(one: unknown, other: unknown): number {
  if (one === other) return 0;
  if (one === null || one === undefined) return -1;
  if (other === null || other === undefined) return 1;
  // As sqlite keeps and compares it: two empty lists are the same.
  if (isObject(one) || Array.isArray(one)) return compare(JSON.stringify(one), JSON.stringify(other));
  return (one as string) < (other as string) ? -1 : 1;
}

/** A view (made for this answer alone) as this caller sees it: without what only admins see or nobody, and only the asked fields. */
export function shownTo(context: RequestContext, attributes: Attributes, view: Body, fields: readonly string[]): Body {
  // Undefined values are left out of JSON; that costs less than a copy.
  for (const [name, { seenBy, hidden }] of unseen(attributes))
    if (hidden === true || (seenBy === "admin" && !context.isAdmin)) view[name] = undefined;
  const wanted = fields.filter((field) => field !== "");
  if (wanted.length === 0) return view;
  return Object.fromEntries(wanted.filter((name) => Object.hasOwn(view, name)).map((name) => [name, view[name]]));
}

/** Found once for each table: this is asked for every item of every list. */
const guarded = new WeakMap<Attributes, [string, Attribute][]>();

function unseen(attributes: Attributes): [string, Attribute][] {
  let found = guarded.get(attributes);
  if (found === undefined) {
    found = Object.entries(attributes).filter(([, { seenBy, hidden }]) => seenBy === "admin" || hidden === true);
    guarded.set(attributes, found);
  }
  return found;
}
