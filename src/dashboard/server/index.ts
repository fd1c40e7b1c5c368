import type { Context, Hono, MiddlewareHandler } from "hono";
import { Hono as App } from "hono";
import { ApiError, messageOf } from "../../kernel/errors.ts";
import { oneSlashFirst, pathnameOf, sentPath } from "../../kernel/http/url.ts";
import { isRequestId } from "../../kernel/ids/ids.ts";
import type { Kernel } from "../../kernel/module.ts";
import { Assets } from "./assets.ts";
import { explained } from "./explain.ts";
import { DATA_POLICY, pagePolicy, refusal, SECURITY_HEADERS, STORED_POLICY } from "./guard.ts";
import type { Env, Serve } from "./inside.ts";
import { isEncrypted } from "./inside.ts";
import { forward } from "./proxy.ts";
import { SessionDesk } from "./session-desk.ts";
import { EventStreams } from "./stream.ts";

export { dashboardMigrations } from "./sessions.ts";

const PREFIX = "/dashboard";

export interface Dashboard {
  /** Puts it beside the APIs, which it asks as any client does. */
  mount(all: Hono): void;
  /** For what users store and anybody may open at an address of this very origin. Before the service, that it sees the answer. */
  readonly keepApart: MiddlewareHandler;
  /** Ends the streams of events. */
  close(): void;
}

/** The cloud in a browser: pages, sessions, the way to the APIs, and one stream of events. It asks public APIs and nothing else. */
export function createDashboard(kernel: Kernel): Dashboard {
  const streams = new EventStreams({
    changes: kernel.changes,
    clock: kernel.clock,
    authenticate: (token) => kernel.authenticator.authenticate(token),
  });
  return {
    mount: (all) => mount(all, kernel, streams),
    keepApart,
    close: () => streams.close(),
  };
}

function mount(all: Hono, kernel: Kernel, streams: EventStreams): void {
  const serve: Serve = (request, env) => all.fetch(request, env);
  const desk = new SessionDesk({ kernel, serve, streams });
  const assets = new Assets();
  const log = kernel.log.named("dashboard");
  const services = new Map(
    kernel.endpoints
      .filter(({ endpoint }) => endpoint.catalog.length > 0)
      .map(({ service, endpoint }) => [service, endpoint.prefix] as const),
  );

  all.get("/", (context, next) => {
    const accept = context.req.header("accept") ?? "";
    return accept.includes("text/html") ? Promise.resolve(context.redirect(`${PREFIX}/`, 302)) : next();
  });
  all.get(PREFIX, (context) => context.redirect(`${PREFIX}/`, 301));

  const app = new App();
  app.onError((error, context) => {
    if (error instanceof ApiError)
      return context.json(problem(error.status, error.message), error.status as 400, NO_STORE);
    log.error(`${context.req.method} of the dashboard failed: ${messageOf(error)}`, error);
    return context.json(problem(500, "Unexpected error."), 500, NO_STORE);
  });
  app.use(async (context, next) => {
    // Pages and their files are for everybody; what is behind them is for our own pages.
    const isData = DATA.test(context.req.path);
    const why = isData ? refusal(context.req.raw, isEncrypted(context.env as Env | undefined)) : null;
    if (why === null) await next();
    else context.res = context.json(problem(403, why), 403);
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) context.res.headers.set(name, value);
    if (isData) context.res.headers.set("cache-control", "no-store");
  });

  app.post(`${PREFIX}/session`, (context) => desk.logIn(context));
  app.get(`${PREFIX}/session`, (context) => desk.describe(context));
  app.put(`${PREFIX}/session/scope`, (context) => desk.changeScope(context));
  app.delete(`${PREFIX}/session`, (context) => desk.logOut(context));

  app.get(`${PREFIX}/events`, (context) => {
    const found = desk.of(context);
    if (found === null) return desk.ended(context);
    const lastId = context.req.header("last-event-id") ?? null;
    return context.body(streams.open(found.session, found.identity, lastId), 200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    });
  });

  app.get(`${PREFIX}/explain/:id`, (context) => {
    const found = desk.of(context);
    if (found === null) return desk.ended(context);
    const id = context.req.param("id");
    if (!isRequestId(id)) return context.json(problem(400, "That is no request id."), 400, NO_STORE);
    const spans = explained(kernel.tracer.read(id), found.identity);
    if (spans === null) return context.json(problem(404, `Nothing is known of ${id} that you may see.`), 404, NO_STORE);
    return context.json({ spans }, 200, NO_STORE);
  });

  const proxy = async (context: Context): Promise<Response> => {
    const found = desk.of(context);
    if (found === null) return desk.ended(context);
    const target = targetOf(context, services);
    if (target === null) return context.json(problem(404, "There is no such service in this cloud."), 404, NO_STORE);
    const { session } = found;
    const env = context.env as Env | undefined;
    return forward(context.req.raw, { target, token: session.token, env, serve, policy: DATA_POLICY });
  };
  app.all(`${PREFIX}/api/*`, proxy);

  app.get(`${PREFIX}/*`, (context) => {
    const name = context.req.path.slice(PREFIX.length + 1);
    const encodings = context.req.header("accept-encoding") ?? "";
    const isFile = name.startsWith("assets/") || /^[a-z-]+\.(?:svg|webmanifest)$/.test(name);
    const asset = assets.find(isFile ? name : "index.html", encodings);
    if (asset === null) {
      if (isFile) return context.text("Not Found\n", 404);
      return context.text("The pages of the dashboard have not been built: make dashboard\n", 503, NO_STORE);
    }
    const headers: Record<string, string> = {
      "content-type": asset.type,
      etag: asset.etag,
      vary: "accept-encoding",
      "cache-control": name.startsWith("assets/") ? "public, max-age=31536000, immutable" : "no-cache",
      ...(asset.encoding === null ? {} : { "content-encoding": asset.encoding }),
    };
    if (!isFile)
      headers["content-security-policy"] = pagePolicy({
        host: context.req.header("host") ?? null,
        frames: framesOf(context, kernel),
      });
    if (context.req.header("if-none-match") === asset.etag) return context.body(null, 304, headers);
    return context.body(asset.bytes, 200, headers);
  });

  all.all(`${PREFIX}/*`, (context) => app.fetch(context.req.raw, context.env as object));
}

/** A browser that is led somewhere sends no token: only such answers become documents. */
const keepApart: MiddlewareHandler = async (context, next) => {
  await next();
  if (context.req.header("x-auth-token") !== undefined) return;
  context.res.headers.set("content-security-policy", STORED_POLICY);
  context.res.headers.set("x-content-type-options", "nosniff");
};

const DATA = /^\/dashboard\/(?:api|session|events|explain)(?:\/|$)/;
const NO_STORE = { "cache-control": "no-store" } as const;

const problem = (code: number, message: string) => ({ error: { code, message } });

/** The path at the service that a request means, with its query; null where there is no such service or it would lead out of it. */
function targetOf(context: Context, services: ReadonlyMap<string, string>): string | null {
  const sent = oneSlashFirst(sentPath(context.req.raw, context.env));
  const [, service = "", rest = ""] = /^\/dashboard\/api\/([a-z-]+)(\/.*)$/s.exec(sent) ?? [];
  const prefix = services.get(service);
  if (prefix === undefined) return null;
  const path = prefix + rest;
  if (!pathnameOf(new URL(path, "http://localhost").href).startsWith(`${prefix}/`)) return null;
  const query = context.req.raw.url.indexOf("?");
  return path + (query === -1 ? "" : context.req.raw.url.slice(query));
}

/** Where consoles are: other ports of the host that the browser asked. */
function framesOf(context: Context, { settings }: Kernel): string[] {
  const protocol = isEncrypted(context.env as Env | undefined) ? "https" : "http";
  const { hostname } = new URL(context.req.url);
  const hosts = [...new Set([hostname, settings.serviceHost, settings.hostIp])].filter((name) =>
    /^[A-Za-z0-9.-]+$/.test(name),
  );
  const consoles = settings.listening.filter(({ name }) => name === "noVnc" || name === "serial");
  return hosts.flatMap((host) => consoles.map(({ port }) => `${protocol}://${host}:${port}`));
}
