import type { Context, Hono } from "hono";
import { ANONYMOUS, type Identity, type RequestContext } from "../auth/context.ts";
import { OpenBytes } from "../bytes/open-bytes.ts";
import { isUnwritable } from "../db/unwritable.ts";
import { ApiError, messageOf, notFound, unauthorized, unavailable } from "../errors.ts";
import { isRequestId, requestId } from "../ids/ids.ts";
import type { Front, Kernel } from "../module.ts";
import { anyone } from "../policy/policy.ts";
import { byteSource } from "./byte-source.ts";
import { baseUrlOf, type Exchange, type RequestOrigin, type Stages } from "./exchange.ts";
import { type RouteFinder, routeFinder } from "./find.ts";
import { type Microversion, requestedMicroversion } from "./microversion.ts";
import { type Asked, type Endpoint, isRead, type Records } from "./perform.ts";
import type { AnyRoute } from "./route.ts";
import { byBodyKey } from "./stages/action.ts";
import { envelope, jsonAnswer, jsonBody, Unrouted } from "./stages/json.ts";
import { keystoneToken, serviceRoles } from "./stages/keystone-token.ts";
import { oneSlashFirst, pathnameOf, searchOf, sentPath } from "./url.ts";

type Handle = (request: Request, path: string, origin: RequestOrigin) => Promise<Response>;

/** How OpenStack's services speak. */
const openstackStages: Stages = {
  authenticate: [keystoneToken],
  parse: jsonBody,
  choose: byBodyKey,
  render: jsonAnswer,
  fail: envelope,
};

const UNWRITABLE = "The service is unavailable: the disk under its database takes no more. Try again later.";

/**
 * The pipeline of one front, readable top to bottom in `answer`:
 * request id → its turn → route → microversion → who asks → body → record (perform.ts) → durable → answer.
 */
export function frontPipeline(front: Front, records: Records, kernel: Kernel): Handle {
  const { api } = front;
  const stages: Stages = { ...openstackStages, ...api.stages };
  const log = kernel.log.named(front.name);
  // Made for the first request: many fronts have none for a long time, and it is most of what mounting them costs.
  let find: RouteFinder | null = null;
  const scheme = api.microversions;

  async function handle(request: Request, asSent: string, origin: RequestOrigin): Promise<Response> {
    const path = api.mergesSlashes ? asSent.replace(/\/{2,}/g, "/") : asSent;
    const sent = request.headers.get("x-openstack-request-id");
    const id = sent !== null && isRequestId(sent) ? sent : (api.requestId ?? requestId)();
    const search = searchOf(request.url);
    const query = new URLSearchParams(search);
    const microversion = scheme?.fallback ?? 0;
    const shownPath = path;
    const exchange: Exchange = { id, kernel, front, request, path, shownPath, search, query, origin, microversion };
    return kernel.tracer.run(id, async () => {
      try {
        return await answer(exchange);
      } catch (thrown) {
        return stages.fail(exchange, thrown instanceof ApiError ? thrown : unexpected(exchange, thrown));
      }
    });
  }

  async function answer(exchange: Exchange): Promise<Response> {
    const { request, path } = exchange;
    await myTurn(exchange);
    find ??= routeFinder(api, records.endpoints);
    const found = find(request, path);
    if (found !== null) exchange.shownPath = withoutTokens(path, found.params);
    if (scheme !== null) exchange.microversion = requestedMicroversion(scheme, request.headers);
    const writes = !isRead(request.method);
    // Who asks comes before what exists: an unknown path answers 401 without a token, as keystonemiddleware does.
    const isPublic = found?.endpoints.every((endpoint) => endpoint.rule === anyone) ?? false;
    const identity = isPublic ? ANONYMOUS : await authenticate(exchange);
    if (found === null) throw new Unrouted();

    const inRange = found.endpoints.filter(({ route }) => covers(route, exchange.microversion));
    if (inRange.length === 0) throw notFound("The resource could not be found.");
    const body = writes ? await bodyOf(exchange, inRange) : null;
    const endpoint = stages.choose({ inRange, ofAllVersions: found.endpoints }, body, exchange);

    const context: RequestContext = { ...identity, requestId: exchange.id, serviceRoles: serviceRoles(exchange) };
    const response = await records.perform(endpoint, asked(exchange, endpoint.route, found.params, body, context));
    if (writes) await kernel.db.durable();
    // Nobody is going to read it.
    if (request.method === "HEAD" && response.raw instanceof OpenBytes) await response.raw.close();
    return stages.render(exchange, endpoint.route, response);
  }

  async function bodyOf(exchange: Exchange, inRange: readonly Endpoint[]): Promise<unknown> {
    if (inRange.some(({ route }) => route.body === "stream")) return null;
    const limit = Math.max(...inRange.map(({ route }) => route.maxBody ?? kernel.settings.api.maxRequestBodySize));
    const body = await stages.parse(exchange, limit);
    // Others had theirs while it came.
    if (body !== null) await myTurn(exchange);
    return body;
  }

  const myTurn = ({ origin }: Exchange): Promise<void> => kernel.turns.mine(origin.connection);

  async function authenticate(exchange: Exchange): Promise<Identity> {
    for (const stage of stages.authenticate) {
      const identity = await stage(exchange);
      if (identity !== null) return identity;
    }
    throw unauthorized("The request you have made requires authentication.");
  }

  function asked(
    exchange: Exchange,
    route: AnyRoute,
    params: Readonly<Record<string, string>>,
    body: unknown,
    context: RequestContext,
  ): Asked {
    const { request, origin } = exchange;
    return {
      id: exchange.id,
      method: request.method,
      path: exchange.path,
      shownPath: exchange.shownPath,
      params,
      query: exchange.query,
      headers: request.headers,
      body,
      bytes: route.body === "stream" ? byteSource(request, origin.incoming) : null,
      microversion: exchange.microversion,
      context,
      baseUrl: baseUrlOf(exchange),
      clientAddress: origin.clientAddress,
      pause: () => myTurn(exchange),
    };
  }

  /** The client learns the request id and nothing else; the log learns the cause. */
  function unexpected(exchange: Exchange, thrown: unknown): ApiError {
    log.error(`${exchange.request.method} ${exchange.shownPath} failed: ${messageOf(thrown)}`, thrown);
    if (isUnwritable(thrown)) return unavailable(UNWRITABLE, { type: "ServiceUnavailable", cause: thrown });
    const hint = `Please report it with the request id ${exchange.id} (tenrec explain ${exchange.id}).`;
    return new ApiError(500, `Unexpected error. ${hint}`, { cause: thrown });
  }

  return handle;
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

/** Mounts pipelines on a hono app, each under its prefix. */
export function mount(
  app: Hono,
  prefix: string,
  handle: Handle,
  origin: (context: Context) => Omit<RequestOrigin, "mount">,
  asSent = false,
): void {
  const serve = (context: Context) => {
    const { raw } = context.req;
    const pathname = asSent ? sentPath(raw, context.env) : pathnameOf(raw.url);
    const path = prefix === "" ? pathname : oneSlashFirst(pathname).slice(prefix.length);
    return handle(context.req.raw, path || "/", { mount: prefix, ...origin(context) });
  };
  app.all(prefix === "" ? "/" : prefix, serve);
  app.all(`${prefix}/*`, serve);
}
