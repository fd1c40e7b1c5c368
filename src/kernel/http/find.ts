import { TrieRouter } from "hono/router/trie-router";
import { ApiError, badRequest } from "../errors.ts";
import type { Endpoint } from "./perform.ts";
import type { ApiFamily, Locate } from "./route.ts";

/** What a path leads to: the records that share it, and the parameters in it. */
export type Found = { endpoints: readonly Endpoint[]; params: Readonly<Record<string, string>> };

/** Null: there is nothing. Errors: 405. */
export type RouteFinder = (request: Request, path: string) => Found | null;

/**
 * Method and path → records. hono's router does the matching, but for paths without parameters, which need none; records that
 * share a method and path are one entry in it.
 * Errors: 405 for a path that exists under other methods.
 */
export function routeFinder(
  api: Pick<ApiFamily, "trailingSlash" | "formatSuffix" | "locate">,
  all: readonly Endpoint[],
): RouteFinder {
  const { locate } = api;
  return locate === undefined ? byPattern(api, all) : byOwnReading(locate, all);
}

function byOwnReading(locate: Locate, all: readonly Endpoint[]): RouteFinder {
  const byPath = Map.groupBy(all, ({ route }) => route.path);
  const byKey = Map.groupBy(all, ({ route }) => `${route.method} ${route.path}`);
  return (request, path) => {
    const located = locate(path, request);
    if (located === null) return null;
    const { method } = request;
    const endpoints =
      byKey.get(`${method} ${located.path}`) ?? (method === "HEAD" ? byKey.get(`GET ${located.path}`) : undefined);
    if (endpoints !== undefined) return { endpoints, params: located.params };
    const others = byPath.get(located.path);
    if (others === undefined) return null;
    throw notAllowed([...new Set(others.map(({ route }) => route.method))]);
  };
}

const notAllowed = (methods: readonly string[]) =>
  new ApiError(405, "The method specified is not allowed for this resource.", {
    headers: { allow: methods.join(", ") },
  });

function byPattern(api: Pick<ApiFamily, "trailingSlash" | "formatSuffix">, all: readonly Endpoint[]): RouteFinder {
  const byKey = new Map<string, Endpoint[]>();
  const router = new TrieRouter<Endpoint[]>();
  for (const endpoint of all) {
    const { route } = endpoint;
    const key = `${route.method} ${route.path}`;
    let endpoints = byKey.get(key);
    if (endpoints === undefined) {
      endpoints = [];
      byKey.set(key, endpoints);
      router.add(route.method, route.path, endpoints);
    }
    endpoints.push(endpoint);
  }
  const methods = [...new Set(all.map(({ route }) => route.method))];

  const withoutParameters = new Map<string, Found>();
  for (const [key, endpoints] of byKey) {
    if (!/[:*]/.test(key)) withoutParameters.set(key, { endpoints, params: {} });
  }

  const match = (method: string, path: string): Found | null => {
    const literal = withoutParameters.get(`${method} ${path}`);
    if (literal !== undefined) return literal;
    // A literal segment beats a parameter ("/servers/detail" before "/servers/:id"): fewest parameters first.
    let best: Found | null = null;
    let fewest = Number.POSITIVE_INFINITY;
    const [handlers] = router.match(method, path) as [[Endpoint[], Record<string, string>][]];
    for (const [endpoints, params] of handlers) {
      const count = Object.keys(params).length;
      if (count < fewest) {
        fewest = count;
        best = { endpoints, params: decodeParams(params) };
      }
    }
    return best;
  };

  return ({ method }, asSent) => {
    const path = api.formatSuffix ? asSent.replace(/\.json$/, "") : asSent;
    const slash = path.length > 1 && path.endsWith("/");
    const root = path.indexOf("/", 1) === path.length - 1;
    // What follows the slash is an empty id, not nothing.
    if (slash && !root && !api.trailingSlash) return null;
    const trimmed = slash ? path.slice(0, -1) : path;
    const attempt = (name: string) => match(name, path) ?? (trimmed === path ? null : match(name, trimmed));
    const found = attempt(method) ?? (method === "HEAD" ? attempt("GET") : null);
    if (found !== null) return found;
    const allowed = methods.filter((other) => other !== method && attempt(other) !== null);
    if (allowed.length > 0) throw notAllowed(allowed);
    return null;
  };
}

function decodeParams(params: Record<string, string>): Record<string, string> {
  const decoded: Record<string, string> = {};
  for (const [name, value] of Object.entries(params)) {
    try {
      decoded[name] = value.includes("%") ? decodeURIComponent(value) : value;
    } catch {
      throw badRequest("The request path is not valid UTF-8.");
    }
  }
  return decoded;
}
