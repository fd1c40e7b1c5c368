import type { Context, Hono } from "hono";
import { TrieRouter } from "hono/router/trie-router";
import type { Identity, RequestContext } from "../auth/context.ts";
import { isUnwritable } from "../db/unwritable.ts";
import { ApiError, badRequest, messageOf, notFound, unauthorized, unavailable } from "../errors.ts";
import { isRequestId, requestId } from "../ids/ids.ts";
import type { Kernel, Service } from "../module.ts";
import { anyone } from "../policy/policy.ts";
import { DEFAULT_MAX_BODY, parseJson, readBody } from "./body.ts";
import { identityEnvelope } from "./families.ts";
import { type Microversion, microversionHeaders, requestedMicroversion } from "./microversion.ts";
import type { Asked, Endpoint, Records } from "./perform.ts";
import type { AnyRoute, ApiResponse } from "./route.ts";

/** What the listener tells the pipeline about a request, beside the request itself. */
export interface RequestOrigin {
  /** Where the service is mounted for this listener: "/compute", or "" on its classic port. */
  mount: string;
  /** "http" or "https". */
  protocol: string;
  clientAddress: string;
}

type Handle = (request: Request, path: string, origin: RequestOrigin) => Promise<Response>;

/** One request on its way through the pipeline: what is known so far. */
interface Exchange {
  id: string;
  request: Request;
  path: string;
  /** The path as logs and traces may have it. */
  shownPath: string;
  url: URL;
  origin: RequestOrigin;
  microversion: Microversion;
}

const NO_IDENTITY: Identity = {
  userId: "",
  userName: "",
  userDomainId: "",
  projectId: null,
  domainId: null,
  system: false,
  projectName: null,
  projectDomainId: null,
  roles: new Set(),
  isAdmin: false,
  tokenId: "",
  expiresAt: 0,
};
const NO_ROLES: ReadonlySet<string> = new Set();
const UNWRITABLE = "The service is unavailable: the disk under its database takes no more. Try again later.";

/**
 * The pipeline of one service, readable top to bottom in `handle`:
 * request id → route → microversion → token → body → record (perform.ts) → durable → answer.
 */
export function servicePipeline(service: Service, records: Records, kernel: Kernel): Handle {
  const { api } = service;
  const log = kernel.log.named(service.name);
  const find = routeFinder(service, records.endpoints);
  const scheme = api.microversions;
  const serviceTypes = service.endpoint.catalog.map(({ type }) => type);

  async function handle(request: Request, path: string, origin: RequestOrigin): Promise<Response> {
    const sent = request.headers.get("x-openstack-request-id");
    const id = sent !== null && isRequestId(sent) ? sent : requestId();
    const url = new URL(request.url);
    const exchange: Exchange = { id, request, path, shownPath: path, url, origin, microversion: scheme?.fallback ?? 0 };
    return kernel.tracer.run(id, async () => {
      try {
        return await answer(exchange);
      } catch (thrown) {
        return failure(exchange, thrown);
      }
    });
  }

  async function answer(exchange: Exchange): Promise<Response> {
    const { request, path } = exchange;
    const found = find(request.method, path);
    if (found !== null) exchange.shownPath = withoutTokens(path, found.params);
    if (scheme !== null) exchange.microversion = requestedMicroversion(scheme, request.headers);
    const writes = request.method !== "GET" && request.method !== "HEAD";
    // Who asks comes before what exists: an unknown path answers 401 without a token, as keystonemiddleware does.
    const isPublic = found?.endpoints.every((endpoint) => endpoint.rule === anyone) ?? false;
    const identity = isPublic ? NO_IDENTITY : authenticate(exchange);
    if (found === null) throw new Unrouted();

    const inRange = found.endpoints.filter(({ route }) => covers(route, exchange.microversion));
    if (inRange.length === 0) throw notFound("The resource could not be found.");
    const streams = inRange.some(({ route }) => route.body === "stream");
    const limit = Math.max(...inRange.map(({ route }) => route.maxBody ?? DEFAULT_MAX_BODY));
    const body = !writes || streams ? null : parseJson(await readBody(request, limit));
    const { route, rule } = select(inRange, found.endpoints, body);

    const context: RequestContext = { ...identity, requestId: exchange.id, serviceRoles: serviceRoles(request) };
    const response = await records.perform({ route, rule }, asked(exchange, route, found.params, body, context));
    if (writes) await kernel.db.durable();
    return render(exchange, route, response);
  }

  function authenticate(exchange: Exchange): Identity {
    const token = exchange.request.headers.get("x-auth-token");
    const identity = token === null || token === "" ? null : kernel.authenticator.authenticate(token);
    if (identity === null) throw unauthorized("The request you have made requires authentication.");
    if (!rulesCover(identity, exchange)) {
      // keystonemiddleware's answer to a token whose access rules do not cover the request.
      throw unauthorized("The request you have made requires authentication.");
    }
    return identity;
  }

  /** Rules may name paths with the service's prefix too, as the real middleware sees them. A service that speaks for the user is no user. */
  function rulesCover({ mayCall }: Identity, { request, path, origin }: Exchange): boolean {
    if (mayCall === undefined || serviceRoles(request).has("service")) return true;
    return [path, `${origin.mount}${path}`].some((called) => mayCall(serviceTypes, request.method, called));
  }

  function serviceRoles(request: Request): ReadonlySet<string> {
    const token = request.headers.get("x-service-token");
    return (token === null ? null : kernel.authenticator.authenticate(token))?.roles ?? NO_ROLES;
  }

  function asked(
    exchange: Exchange,
    route: AnyRoute,
    params: Readonly<Record<string, string>>,
    body: unknown,
    context: RequestContext,
  ): Asked {
    const { request, origin, url } = exchange;
    return {
      id: exchange.id,
      method: request.method,
      path: exchange.path,
      shownPath: exchange.shownPath,
      params,
      query: url.searchParams,
      headers: request.headers,
      body,
      stream: route.body === "stream" ? request.body : null,
      microversion: exchange.microversion,
      context,
      baseUrl: `${origin.protocol}://${hostOf(request, kernel)}${origin.mount}`,
      clientAddress: origin.clientAddress,
    };
  }

  function render(exchange: Exchange, route: AnyRoute, response: ApiResponse): Response {
    const headers: Record<string, string> = {
      ...(route.bare === true ? {} : commonHeaders(exchange)),
      ...response.headers,
    };
    const status = response.status ?? route.success;
    if (response.raw !== undefined)
      return new Response(response.raw as ConstructorParameters<typeof Response>[0], { status, headers });
    if (response.body === undefined) {
      if (api.emptyContentType !== null) headers["content-type"] ??= api.emptyContentType;
      return new Response(null, { status, headers });
    }
    headers["content-type"] ??= "application/json";
    return new Response(JSON.stringify(response.body), { status, headers });
  }

  function commonHeaders(exchange: Exchange): Record<string, string> {
    return {
      ...unversionedHeaders(exchange),
      ...(scheme === null ? {} : microversionHeaders(scheme, exchange.microversion)),
    };
  }

  function unversionedHeaders(exchange: Exchange): Record<string, string> {
    const headers: Record<string, string> = { ...api.headers };
    for (const name of api.requestIdHeaders) headers[name] = exchange.id;
    return headers;
  }

  function failure(exchange: Exchange, thrown: unknown): Response {
    const error = thrown instanceof ApiError ? thrown : unexpected(exchange, thrown);
    // What answers in the service's place (for a 401 too) knows nothing of its versions.
    const below = error instanceof Unrouted ? api.unrouted : null;
    const outside = below !== null || error.status === 401;
    const { renderError, renderErrorText } = below ?? api;
    const headers: Record<string, string> = {
      ...(outside ? unversionedHeaders(exchange) : commonHeaders(exchange)),
      "content-type": outside ? "application/json" : api.errorContentType,
      ...error.headers,
    };
    // 401 looks the same from every service: it is keystonemiddleware's there, keystone's own here.
    if (error.status === 401) headers["www-authenticate"] = `Keystone uri="${kernel.settings.identity.authUrl}/v3"`;
    const text = error.status === 401 ? null : (renderErrorText?.(error, exchange.request) ?? null);
    if (text !== null) {
      headers["content-type"] = text.contentType;
      return new Response(text.text, { status: error.status, headers });
    }
    const body = error.status === 401 ? identityEnvelope(error) : renderError(error, exchange);
    return new Response(JSON.stringify(body), { status: error.status, headers });
  }

  /** The client learns the request id and nothing else; the log learns the cause. */
  function unexpected(exchange: Exchange, thrown: unknown): ApiError {
    log.error(`${exchange.request.method} ${exchange.shownPath} failed: ${messageOf(thrown)}`, thrown);
    if (isUnwritable(thrown)) return unavailable(UNWRITABLE, { type: "ServiceUnavailable", cause: thrown });
    return new ApiError(
      500,
      `Unexpected error. Please report it with the request id ${exchange.id} (tenrec explain ${exchange.id}).`,
      {
        cause: thrown,
      },
    );
  }

  return handle;
}

/** No record has this path. */
class Unrouted extends ApiError {
  constructor() {
    super(404, "The resource could not be found.");
  }
}

/** Some paths have a token as a parameter: that of v2.0's validation, a console's. */
function withoutTokens(path: string, params: Readonly<Record<string, string>>): string {
  let shown = path;
  for (const [name, value] of Object.entries(params)) {
    if (/token/.test(name) && value !== "") shown = shown.replaceAll(value, "***");
  }
  return shown;
}

function covers(route: AnyRoute, version: Microversion): boolean {
  const { min = 0, max = Number.POSITIVE_INFINITY } = route.microversions ?? {};
  return version >= min && version <= max;
}

/**
 * Picks by the body's one key where records are actions. Errors: 400 as nova words it; 404 for an action that only other microversions
 * have (nova and cinder, api/openstack/wsgi.py dispatch).
 */
function select(endpoints: readonly Endpoint[], ofAllVersions: readonly Endpoint[], body: unknown): Endpoint {
  const [first] = endpoints;
  if (first === undefined) throw notFound("The resource could not be found.");
  if (first.route.action === undefined) return first;
  const keys = typeof body === "object" && body !== null && !Array.isArray(body) ? Object.keys(body) : [];
  if (keys.length === 0) throw badRequest("Malformed request body");
  const named = ({ route }: Endpoint) => route.action !== undefined && keys.includes(route.action);
  const chosen = endpoints.find(named);
  if (chosen === undefined && ofAllVersions.some(named)) throw notFound("The resource could not be found.");
  if (chosen === undefined)
    throw badRequest(
      `There is no such action: ${keys[0]}. Verify the spelling of the action and the API microversion.`,
    );
  return chosen;
}

/** The Host header comes from the client: only a plain name or address with an optional port goes into links. */
function hostOf(request: Request, kernel: Kernel): string {
  const host = request.headers.get("host") ?? "";
  return /^(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/.test(host) ? host : kernel.settings.serviceHost;
}

type Found = { endpoints: readonly Endpoint[]; params: Readonly<Record<string, string>> };

/**
 * Method and path → records. hono's router does the matching, but for paths without parameters, which need none; records that
 * share a method and path are one entry in it.
 * Errors: 405 for a path that exists under other methods.
 */
function routeFinder(service: Service, all: readonly Endpoint[]): (method: string, path: string) => Found | null {
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

  return (method, path) => {
    const slash = path.length > 1 && path.endsWith("/");
    const root = path.indexOf("/", 1) === path.length - 1;
    // What follows the slash is an empty id, not nothing.
    if (slash && !root && !service.api.trailingSlash) return null;
    const trimmed = slash ? path.slice(0, -1) : path;
    const attempt = (name: string) => match(name, path) ?? (trimmed === path ? null : match(name, trimmed));
    const found = attempt(method) ?? (method === "HEAD" ? attempt("GET") : null);
    if (found !== null) return found;
    const allowed = methods.filter((other) => other !== method && attempt(other) !== null);
    if (allowed.length > 0) {
      throw new ApiError(405, "The method specified is not allowed for this resource.", {
        headers: { allow: allowed.join(", ") },
      });
    }
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

/** Mounts pipelines on a hono app, each under its prefix. */
export function mount(
  app: Hono,
  prefix: string,
  handle: Handle,
  origin: (context: Context) => Omit<RequestOrigin, "mount">,
): void {
  const serve = (context: Context) => {
    const { pathname } = new URL(context.req.raw.url);
    return handle(context.req.raw, pathname.slice(prefix.length) || "/", { mount: prefix, ...origin(context) });
  };
  app.all(prefix === "" ? "/" : prefix, serve);
  app.all(`${prefix}/*`, serve);
}
