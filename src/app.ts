import { IncomingMessage } from "node:http";
import { type Context, Hono } from "hono";
import type { Dashboard } from "./dashboard/server/index.ts";
import type { RequestOrigin } from "./kernel/http/exchange.ts";
import { frontPipeline, mount } from "./kernel/http/pipeline.ts";
import { oneSlashFirst, pathnameOf, sentPath } from "./kernel/http/url.ts";
import type { Cloud } from "./kernel/kernel.ts";

/** The listener's knowledge of a connection, handed to hono as `env`. Absent in tests that call `app.request()`. */
export interface Connection {
  incoming?: { socket?: { remoteAddress?: string; encrypted?: boolean } };
}

export interface Apps {
  /** Every front under its prefix. */
  all: Hono;
  /** Classic port → the front that has it, without a prefix. */
  classic: ReadonlyMap<number, Hono>;
}

/** Builds the hono apps from the fronts of a cloud, with its dashboard beside them; listens nowhere. */
export function createApps(cloud: Cloud, dashboard?: Dashboard): Apps {
  // URLs are pasted together: "http://host/" and "/compute/v2.1" lead to compute all the same.
  const named = cloud.fronts
    .filter(({ front }) => front.api.locate !== undefined)
    .map(({ front }) => front.endpoint.prefix);
  const all = new Hono({
    getPath(request, options) {
      const sent = oneSlashFirst(sentPath(request, options?.env));
      return named.some((prefix) => sent.startsWith(`${prefix}/`)) ? sent : oneSlashFirst(pathnameOf(request.url));
    },
  });
  if (dashboard !== undefined) for (const prefix of named) all.use(`${prefix}/*`, dashboard.keepApart);
  const classic = new Map<number, Hono>();
  for (const { front, records } of cloud.fronts) {
    const handle = frontPipeline(front, records, cloud.kernel);
    const asSent = front.api.locate !== undefined;
    mount(all, front.endpoint.prefix, handle, origin, asSent);
    for (const name of front.endpoint.classicPorts) {
      const app = asSent ? new Hono({ getPath: (request, options) => sentPath(request, options?.env) }) : new Hono();
      mount(app, "", handle, origin, asSent);
      classic.set(cloud.kernel.settings.ports[name], app);
    }
  }
  dashboard?.mount(all);
  all.get("/", (context) => context.json(index(cloud, context)));
  return { all, classic };
}

function origin(context: Context): Omit<RequestOrigin, "mount"> {
  const incoming = (context.env as Connection | undefined)?.incoming;
  const socket = incoming?.socket;
  return {
    protocol: socket?.encrypted === true ? "https" : "http",
    clientAddress: socket?.remoteAddress ?? "",
    connection: socket ?? null,
    ...(incoming instanceof IncomingMessage ? { incoming } : {}),
  };
}

/** What a person who opens the bare address sees. */
function index(cloud: Cloud, context: Context) {
  const { protocol, host } = new URL(context.req.url);
  return {
    tenrec: "an OpenStack-compatible cloud",
    services: Object.fromEntries(
      cloud.services.map(({ definition: { name, endpoint } }) => [name, `${protocol}//${host}${endpoint.prefix}`]),
    ),
  };
}
