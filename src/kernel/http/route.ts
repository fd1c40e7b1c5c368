import type { RequestContext } from "../auth/context.ts";
import type { OpenBytes } from "../bytes/open-bytes.ts";
import type { ApiError } from "../errors.ts";
import type { Target } from "../policy/policy.ts";
import type { Pause } from "../turns/slices.ts";
import type { ByteSource } from "./byte-source.ts";
import type { Stages } from "./exchange.ts";
import type { Microversion, MicroversionScheme } from "./microversion.ts";

export type JsonSchema = { readonly [key: string]: unknown } | boolean;
export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" | "COPY" | "OPTIONS";

/** A request as handlers see it; nothing of the web framework shows through. */
export interface ApiRequest<Body = unknown, Thing = unknown> {
  readonly id: string;
  readonly method: string;
  /** Without the service's prefix: "/v2.1/servers/6f0c…". */
  readonly path: string;
  /** A parameter of the record's path (":server_id"), decoded. */
  param(name: string): string;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  /** Parsed and checked against the record's schema; null when the request had none. */
  readonly body: Body;
  /** What the record's `of` found, and its policy allowed; undefined without one. */
  readonly thing: Thing;
  /** The bytes of a record with `body: "stream"`; null otherwise. */
  readonly bytes: ByteSource | null;
  readonly microversion: Microversion;
  readonly context: RequestContext;
  /** Where the client reached this service, for links: "http://10.0.0.5/compute" or "http://10.0.0.5:8774". */
  readonly baseUrl: string;
  readonly clientAddress: string;
  /** Lets others have their turn: for who works on thousands of things. Not inside a transaction. */
  readonly pause: Pause;
  /** Checks another policy than the record's, or another target than what its `of` found; throws the API's 403. */
  authorize(target: Target, policy?: string): void;
  /** The same as a question. */
  allowed(policy: string, target: Target): boolean;
}

export interface ApiResponse {
  /** The record's `success` when absent. */
  status?: number;
  headers?: Record<string, string>;
  /** Serialised as JSON. */
  body?: unknown;
  /** The body may hold thousands of things: its text is made in slices. */
  isLong?: boolean;
  /** Sent as it is instead of `body`. */
  raw?: string | Uint8Array | OpenBytes;
}

/** What loaders see of a request: enough to find a thing, nothing to act on. */
export type Lookup = Pick<
  ApiRequest,
  "param" | "context" | "microversion" | "query" | "method" | "path" | "headers" | "clientAddress" | "baseUrl"
>;

/**
 * How a record finds what it touches, and whose that is. One constant per kind of thing, beside the records of its kind; the
 * pipeline loads, asks the record's policy about the owner, and hands the thing to the handler.
 */
export interface Touched<Thing> {
  /** The kind of thing: "server". Tests take their examples by it. */
  readonly kind: string;
  /** At once, or by asking another service's record. Errors: the API's 404 for what is not there, or is not the caller's to see. */
  find(request: Lookup): Thing | Promise<Thing>;
  /** Looked for before roles and bodies are, so that what is not there is 404 for everybody. Keystone and glance do so. */
  readonly first?: boolean;
  /** Who may not touch just anything of the kind gets 403 for what is not there, too. */
  readonly secret?: boolean;
  /** Whose it is, as the rules of policies ask. */
  owner(thing: Thing, context: RequestContext): Target;
  /** The 403, where the API has words of its own for it. */
  refused?(thing: Thing): ApiError;
}

/** For records that only touch what is the caller's own, because they make it or list nothing else: creates, lists, limits. */
export const caller: Touched<Target> = {
  kind: "caller",
  find: ({ context: { projectId, domainId, userId } }) => ({ projectId, domainId, userId }),
  owner: (self) => self,
};

/** A thing that is its project's. */
export const ofProject = <Thing extends { readonly project_id: string }>(
  kind: string,
  find: (request: Lookup) => Thing,
): Touched<Thing> => ({ kind, find, owner: ({ project_id }) => ({ projectId: project_id }) });

/** A project that a path names by this parameter, whose limits or usage is asked for; whether there is one does not matter yet. */
export const projectNamed = (parameter: string): Touched<string> => ({
  kind: "project",
  find: ({ param }) => param(parameter),
  owner: (projectId) => ({ projectId }),
});

/**
 * One operation of an API. Docs, policy, audit, tracing and validation all derive from this record.
 * Several records may share a method and path when their microversion ranges or actions differ.
 */
export interface Route<Body = never, Thing = never> {
  /** "<resource>:<verb>", unique within the service: "servers:create". */
  name: string;
  method: Method;
  /** hono syntax, without the service's prefix: "/v2.1/servers/:server_id". */
  path: string;
  /** A name in the service's policy table. There is no way to leave it out: use a policy whose rule is `anyone` for public ones. */
  policy: string;
  /**
   * Whose thing it touches. A record whose policy asks for the owner and that has none does not mount. It is looked for after
   * the body has passed its schema (before it where it comes `first`), and before the handler runs.
   */
  of?: Touched<Thing>;
  /**
   * What its URL has to be beyond the pattern, or name, and whose tokens it takes at all; asked first of all, before the policy.
   * Errors: 400, 403; 404 where the real service finds what is acted on before it asks who may.
   */
  url?(request: Lookup): void;
  /**
   * What it has to be sent, beyond a schema; asked before what it touches is looked for, as services do whose parsing comes before
   * their logic. Errors: 400, 415.
   */
  accepts?(sent: Pick<ApiRequest, "body" | "headers">): void;
  /** First and last version that has it, both inclusive. */
  microversions?: { min?: Microversion; max?: Microversion };
  /** For `POST …/action`: the one key of the body that selects this record ("os-start"). */
  action?: string;
  /** Schema of the body: one, or by version. Without it a body is parsed but not checked. */
  request?: JsonSchema | ((version: Microversion) => JsonSchema | null);
  /** Schema of the query: an object schema whose properties are arrays of strings (each parameter may repeat), as in nova. */
  query?: JsonSchema | ((version: Microversion) => JsonSchema | null);
  /** "json" (default), or "stream": not read, handed over as `bytes`. */
  body?: "json" | "stream";
  /** Largest JSON body in bytes; oslo's 114,688 by default. */
  maxBody?: number;
  /** Answers without the service's usual headers: the list of versions at the root, which other code serves in most services. */
  bare?: boolean;
  /** The status of a success. */
  success: number;
  handler(request: ApiRequest<Body, Thing>): Promise<ApiResponse | undefined> | ApiResponse | undefined;
}

/** Records of different body types in one list. */
export type AnyRoute = Route<never, never>;

/** Keeps the handler's types while the list forgets them. */
export function route<Body = unknown, Thing = unknown>(record: Route<Body, Thing>): AnyRoute {
  // Safe: the body has passed the record's own schema and the thing comes from its own `of` before the handler is called.
  return record as unknown as AnyRoute;
}

/** One thing a JSON schema found wrong with a body or query. */
export interface SchemaIssue {
  /** Where: ["server", "name"]. */
  path: (string | number)[];
  /** The offending value. */
  value: unknown;
  /** What is wrong, in the words of Python's jsonschema ("'' is too short"). */
  message: string;
  /** The schema keyword: "required", "minLength", … */
  keyword: string;
}

/** The `path` of the records that a path leads to ("/v1/:account"), and the parameters in it, decoded. */
export type Locate = (path: string, request: Request) => { path: string; params: Record<string, string> } | null;

/** How one front speaks: its envelope for errors, its headers, its versions, its stages. One constant per front. */
export interface ApiFamily {
  /**
   * Reads paths in which names of the users' choosing stand as they are ("a//b", "../c"): they reach this front as they were sent, and
   * no pattern is matched. Null: no such path. Errors: the dialect's own, for what is no name.
   */
  locate?: Locate;
  /** Makes request ids, where they are not "req-<uuid>". */
  requestId?: () => string;
  /** Stages that differ from those of OpenStack's services (pipeline.ts). */
  stages?: Partial<Stages>;
  /** Microversions, or null where the API has none. */
  microversions: MicroversionScheme | null;
  /** The body of an error answer. */
  renderError(error: ApiError, request: { id: string; microversion: Microversion }): unknown;
  /** An error answer that is not JSON (glance answers browsers in HTML): null to render as JSON after all. */
  renderErrorText?(error: ApiError, request: { headers: Headers }): { contentType: string; text: string } | null;
  /** The error for a body or query that its schema refuses. */
  invalid(issue: SchemaIssue, where: "body" | "query", schema: JsonSchema): ApiError;
  /** The message of a 403 for a policy. */
  forbidden(policy: string): string;
  /** Error answers to a path that no record has, where those come from the framework below the service; null: like the others. */
  unrouted: Pick<ApiFamily, "renderError" | "renderErrorText"> | null;
  /** Headers of every answer. */
  headers: Readonly<Record<string, string>>;
  /** The content-type of an error in JSON. */
  errorContentType: string;
  /** The content-type of an answer without a body; null: it has none. */
  emptyContentType: string | null;
  /** Header names that carry the request id: ["x-openstack-request-id", "x-compute-request-id"]. */
  requestIdHeaders: readonly string[];
  /** Whether "/networks/" is "/networks": keystone and neutron think so; nova, cinder and glance answer 404. Roots ("/v3/") always are. */
  trailingSlash: boolean;
  /** Whether "//" inside a path is "/" (paste/urlmap.py, and Apache in front of the others): not where paths hold names of their users'. */
  mergesSlashes: boolean;
  /** Whether ".json" at a path's end only says what is wanted: cinder (routes' "{.format}") and neutron (pecan) think so. */
  formatSuffix: boolean;
}
