import type { IncomingMessage } from "node:http";
import type { Identity } from "../auth/context.ts";
import type { ApiError } from "../errors.ts";
import type { Front, Kernel } from "../module.ts";
import type { Microversion } from "./microversion.ts";
import type { Endpoint } from "./perform.ts";
import type { AnyRoute, ApiResponse } from "./route.ts";

/** What the listener tells the pipeline about a request, beside the request itself. */
export interface RequestOrigin {
  /** Where the service is mounted for this listener: "/compute", or "" on its classic port. */
  mount: string;
  /** "http" or "https". */
  protocol: string;
  clientAddress: string;
  /** Whose turn it is goes by this (turns.ts); null where requests come over no connection. */
  connection: object | null;
  /** Absent where the request came over no socket. */
  incoming?: IncomingMessage;
}

/** One request on its way through the pipeline: what is known so far. */
export interface Exchange {
  readonly id: string;
  readonly kernel: Kernel;
  readonly front: Front;
  readonly request: Request;
  /** Without the front's prefix. */
  readonly path: string;
  /** The path as logs and traces may have it. */
  shownPath: string;
  /** "?limit=1", or "". */
  readonly search: string;
  readonly query: URLSearchParams;
  readonly origin: RequestOrigin;
  microversion: Microversion;
}

/**
 * The stages of a front in the order they run. Each has a default that speaks as OpenStack's services do (stages/); a dialect replaces
 * those in which it differs.
 */
export interface Stages {
  /** Who asks. Tried in order; the first that knows decides, and nobody knowing is a 401. Errors: the dialect's own refusal. */
  authenticate: readonly Authenticate[];
  /** What a record gets as its body. Not asked for reads, nor for records that stream. Errors: 400, 413. */
  parse(exchange: Exchange, limit: number): Promise<unknown>;
  /** Which of the records that share method and path is meant. Errors: 400, 404. */
  choose(candidates: Candidates, body: unknown, exchange: Exchange): Endpoint;
  render(exchange: Exchange, route: AnyRoute, response: ApiResponse): Response | Promise<Response>;
  fail(exchange: Exchange, error: ApiError): Response;
}

/** Null: not a credential of this kind. */
export type Authenticate = (exchange: Exchange) => Identity | null | Promise<Identity | null>;

/** The records of one method and path. */
export interface Candidates {
  /** That the request's microversion has; at least one. */
  inRange: readonly Endpoint[];
  ofAllVersions: readonly Endpoint[];
}

/** The Host header comes from the client: only a plain name or address with an optional port goes into links. */
export function baseUrlOf({ request, origin, kernel }: Exchange): string {
  const sent = request.headers.get("host") ?? "";
  const isPlain = /^(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/.test(sent);
  return `${origin.protocol}://${isPlain ? sent : kernel.settings.serviceHost}${origin.mount}`;
}
