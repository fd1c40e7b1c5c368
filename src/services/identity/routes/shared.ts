import { badRequest } from "../../../kernel/errors.ts";
import type { ApiRequest, ApiResponse, JsonSchema } from "../../../kernel/http/route.ts";

export type Json = Record<string, unknown>;

/** `{"users": [...], "links": {"self", "next": null, "previous": null}}`; keystone does not page. */
export function collection(request: ApiRequest<unknown>, key: string, items: readonly unknown[]): ApiResponse {
  const query = request.query.toString();
  const path = request.path.length > 1 && request.path.endsWith("/") ? request.path.slice(0, -1) : request.path;
  const self = `${request.baseUrl}${path}${query === "" ? "" : `?${decodeQuery(request)}`}`;
  return { body: { [key]: items, links: { next: null, self, previous: null } } };
}

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

/** A body of one resource: `{"<key>": {…}}`. Attributes that are not listed are kept as extras unless `closed`. */
export function resourceSchema(
  key: string,
  properties: Json,
  options: { required?: readonly string[]; closed?: boolean; minProperties?: number } = {},
): JsonSchema {
  return {
    type: "object",
    properties: {
      [key]: {
        type: "object",
        properties,
        required: options.required ?? [],
        additionalProperties: options.closed !== true,
        minProperties: options.minProperties ?? 0,
      },
    },
    required: [key],
  };
}

export const nullableString = { type: ["string", "null"] };
export const idString = { type: "string", minLength: 1, maxLength: 64, pattern: "^[a-zA-Z0-9-]+$" };
export const nullableId = { type: ["string", "null"] };
/** [\S]+: at least one character that is no blank. */
export const nameOf = (maxLength: number) => ({ type: "string", minLength: 1, maxLength, pattern: "[\\S]+" });
export const booleanOption = { type: ["boolean", "null"] };
export const boolean = { type: "boolean" };

/** Attributes of a body that the resource does not know, kept as they are. */
export function extras(body: Json, known: readonly string[]): Json {
  return Object.fromEntries(Object.entries(body).filter(([name]) => !known.includes(name)));
}

/** `extra` after a PATCH: given attributes replace, null removes. */
export function mergeExtras(stored: string, changes: Json): string {
  const merged = { ...(JSON.parse(stored) as Json), ...changes };
  return JSON.stringify(Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null)));
}

/** A PATCH may repeat the id but not change it. Errors: 400. */
export function requireSameId(body: Json, id: string, what: string): void {
  if (body.id !== undefined && body.id !== id) throw badRequest(`Cannot change ${what} ID`);
}

export const text = (value: unknown): string => (typeof value === "string" ? value : "");
export const textOrNull = (value: unknown): string | null => (typeof value === "string" ? value : null);
