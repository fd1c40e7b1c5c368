import type { RequestContext } from "../../../kernel/auth/context.ts";
import { badRequest } from "../../../kernel/errors.ts";
import type { ApiRequest } from "../../../kernel/http/route.ts";
import { badResource } from "../errors.ts";
import { type Attributes, type Body, isObject } from "../schemas/attribute.ts";

/** Attribute → accepted values, of a list's query. */
export type Filters = ReadonlyMap<string, readonly string[]>;

const CONTROL = new Set(["fields", "limit", "marker", "sort_key", "sort_dir", "page_reverse"]);
const TAG_FILTERS = new Set(["tags", "tags-any", "not-tags", "not-tags-any"]);

/** Errors: 400 for a filter that is no attribute (neutron's filter-validation). */
export function filtersOf(request: ApiRequest, attributes: Attributes, extra: readonly string[] = []): Filters {
  const filters = new Map<string, string[]>();
  const unknown: string[] = [];
  for (const [sent, value] of request.query) {
    if (CONTROL.has(sent)) continue;
    const name = sent === "tenant_id" ? "project_id" : sent;
    if (!Object.hasOwn(attributes, name) && !TAG_FILTERS.has(name) && !extra.includes(name)) unknown.push(sent);
    const values = filters.get(name);
    if (values === undefined) filters.set(name, [value]);
    else values.push(value);
  }
  if (unknown.length > 0) {
    throw badRequest(`[${unknown.map((name) => `'${name}'`).join(", ")}] is invalid attribute for filtering`);
  }
  return filters;
}

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
  if (typeof value === "boolean") return wanted.some((text) => /^(true|1)$/i.test(text) === value);
  if (value === null || value === undefined)
    return wanted.some((text) => text === "" || text === "None" || text === "null");
  if (Array.isArray(value)) return matchesList(value, wanted);
  if (isObject(value)) return wanted.some((text) => text === JSON.stringify(value));
  return wanted.includes(String(value));
}

/** `security_groups=ID`, `fixed_ips=ip_address=A`, `fixed_ips=subnet_id=S`, `fixed_ips=ip_address_substr=T` */
function matchesList(items: readonly unknown[], wanted: readonly string[]): boolean {
  const byKey = new Map<string, string[]>();
  const plain: string[] = [];
  for (const text of wanted) {
    const match = /^(ip_address|subnet_id|ip_address_substr)=(.*)$/.exec(text);
    if (match?.[1] === undefined || match[2] === undefined) plain.push(text);
    else byKey.set(match[1], [...(byKey.get(match[1]) ?? []), match[2]]);
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
  items: Body[];
  links: { rel: string; href: string }[] | null;
}

/** Sorts and cuts. Errors: 400 for unknown sort keys, a bad limit. */
export function paged(request: ApiRequest, attributes: Attributes, views: Body[], path: string): Page {
  const { query } = request;
  const sorted = sort(query.getAll("sort_key"), query.getAll("sort_dir"), attributes, views);
  const limit = limitOf(query.get("limit"));
  const marker = query.get("marker");
  const reverse = /^(true|1)$/i.test(query.get("page_reverse") ?? "");
  if (limit === null && marker === null) return { items: sorted, links: null };
  const at = marker === null ? -1 : sorted.findIndex(({ id }) => id === marker);
  const end = reverse && at >= 0 ? at : sorted.length;
  const size = limit ?? sorted.length;
  const start = reverse ? Math.max(0, end - size) : at + 1;
  const items = sorted.slice(start, Math.min(end, start + size));
  const link = (rel: string, to: unknown, back: boolean) => {
    const params = new URLSearchParams(query);
    params.set("marker", String(to));
    params.delete("page_reverse");
    if (back) params.set("page_reverse", "True");
    return { rel, href: `${request.baseUrl}${path}?${params}` };
  };
  const links = [];
  if (limit !== null && items.length === size && items.length > 0) links.push(link("next", items.at(-1)?.id, false));
  if (marker !== null && items.length > 0) links.push(link("previous", items[0]?.id, true));
  return { items, links };
}

function limitOf(text: string | null): number | null {
  if (text === null) return null;
  if (!/^\d+$/.test(text)) throw badResource("limit", `Limit must be an integer 0 or greater and not '${text}'`);
  return Number(text) === 0 ? null : Number(text);
}

function sort(keys: string[], directions: string[], attributes: Attributes, views: Body[]): Body[] {
  if (keys.length === 0) return views;
  if (directions.length > 0 && directions.length !== keys.length) {
    throw badRequest("The number of sort_keys and sort_dirs must be same");
  }
  const unknown = keys.filter((key) => !Object.hasOwn(attributes, key));
  if (unknown.length > 0) {
    throw badRequest(`[${unknown.map((key) => `'${key}'`).join(", ")}] is invalid attribute for sort_keys`);
  }
  const wrong = directions.filter((direction) => direction !== "asc" && direction !== "desc");
  if (wrong.length > 0) {
    throw badRequest(
      `[${wrong.map((word) => `'${word}'`).join(", ")}] is invalid value for sort_dirs, valid value is 'asc' and 'desc'`,
    );
  }
  return [...views].sort((one, other) => {
    for (const [index, key] of keys.entries()) {
      const order = compare(one[key], other[key]);
      if (order !== 0) return directions[index] === "desc" ? -order : order;
    }
    return compare(one.id, other.id);
  });
}

function compare(one: unknown, other: unknown): number {
  if (one === other) return 0;
  if (one === null || one === undefined) return -1;
  if (other === null || other === undefined) return 1;
  return (one as string) < (other as string) ? -1 : 1;
}

/** A view (made for this answer alone) as this caller sees it: without what only admins see, and only the asked fields. */
export function shownTo(context: RequestContext, attributes: Attributes, view: Body, fields: readonly string[]): Body {
  // Undefined values are left out of JSON; that costs less than a copy.
  if (!context.isAdmin) for (const name of adminOnly(attributes)) view[name] = undefined;
  const wanted = fields.filter((field) => field !== "");
  if (wanted.length === 0) return view;
  return Object.fromEntries(wanted.filter((name) => Object.hasOwn(view, name)).map((name) => [name, view[name]]));
}

const adminOnly = (attributes: Attributes): string[] =>
  Object.keys(attributes).filter((name) => attributes[name]?.seenBy === "admin");
