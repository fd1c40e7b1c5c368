import type { RequestContext } from "../auth/context.ts";
import { ApiError, forbidden } from "../errors.ts";
import type { Front, Kernel } from "../module.ts";
import type { Rule, Target } from "../policy/policy.ts";
import { bytesAtHand } from "./byte-source.ts";
import type { Microversion } from "./microversion.ts";
import { type AnyRoute, type ApiRequest, type ApiResponse, caller, type Lookup } from "./route.ts";
import { Validator, validationLoading } from "./validation.ts";

/** A record and the rule of its policy. */
export interface Endpoint {
  readonly route: AnyRoute;
  readonly rule: Rule;
}

/** What reaches a record, whoever asks. */
export type Asked = Omit<ApiRequest, "param" | "thing" | "authorize" | "allowed"> & {
  readonly params: Readonly<Record<string, string>>;
  /** The path as logs and traces may have it. */
  readonly shownPath: string;
};

/** What `call` hands to a record instead of a request. */
export interface CallInput {
  /** Of the record's path: { server_id: "6f0c…" }. */
  params?: Readonly<Record<string, string>>;
  query?: Readonly<Record<string, string>> | URLSearchParams;
  /** As a client would send it; the record's schema is asked. */
  body?: unknown;
  /** Of a record that takes bytes as they come. */
  bytes?: Uint8Array;
  /** Those that say how the body is meant: a patch's content-type, if-match. */
  headers?: Readonly<Record<string, string>>;
  /** The newest the service has when absent. */
  microversion?: Microversion;
}

/** One record of one front by their names, on behalf of `context`. Errors: the front's own ApiErrors, and its 403. */
export type Call = (front: string, record: string, context: RequestContext, input?: CallInput) => Promise<ApiResponse>;

/**
 * The records of one front and how one is performed: policy → schema → whose thing it is → handler (the thing comes
 * first where `of` says so). The same for requests that came over HTTP (pipeline.ts) and for calls from inside the cloud.
 */
export class Records {
  readonly endpoints: readonly Endpoint[];
  readonly #front: Front;
  readonly #kernel: Kernel;
  readonly #validator = new Validator();
  readonly #byName: ReadonlyMap<string, Endpoint>;

  /** Errors: two records of one name, a policy that nobody defined, one that asks for an owner where the record names none. */
  constructor(front: Front, routes: readonly AnyRoute[], kernel: Kernel) {
    this.#front = front;
    this.#kernel = kernel;
    this.endpoints = routes.map((route) => ({ route, rule: kernel.policies.rule(route.policy) }));
    const byName = new Map<string, Endpoint>();
    for (const endpoint of this.endpoints) {
      const { name, path, policy, of } = endpoint.route;
      if (endpoint.rule.asksOwner && of === undefined) {
        const rule = endpoint.rule.text;
        throw new Error(
          `${front.name} ${name}: ${policy} asks whose it is (${rule}), but the record does not say (of)`,
        );
      }
      if (of === caller && parametersOf(path).some((parameter) => !parameter.startsWith("url_")))
        throw new Error(`${front.name} ${name}: a path that names something (${path}) is not only about the caller`);
      if (byName.has(name)) throw new Error(`${front.name} has two routes named ${name}`);
      byName.set(name, endpoint);
    }
    this.#byName = byName;
  }

  /** Errors: 403, 400, 404 of the front, and whatever its handler throws. */
  async perform(endpoint: Endpoint, asked: Asked): Promise<ApiResponse> {
    const { route, rule } = endpoint;
    const { context, params } = asked;
    const loading = route.request === undefined && route.query === undefined ? null : validationLoading();
    if (loading !== null) await loading;
    const param = (name: string) => params[name] ?? "";
    const { method, path, microversion, query, headers, clientAddress, baseUrl } = asked;
    const lookup: Lookup = { param, context, method, path, microversion, query, headers, clientAddress, baseUrl };
    route.url?.(lookup);
    route.accepts?.(asked);
    const first = route.of?.first === true;
    let thing = first ? this.touch(endpoint, lookup) : undefined;
    if (thing instanceof Promise) thing = await thing;
    if (!rule.allows(context, null)) throw forbidden(this.#front.api.forbidden(route.policy));
    this.#validate(route, asked);
    if (!first) thing = this.touch(endpoint, lookup);
    // Waited for only where there is something to wait for.
    if (thing instanceof Promise) thing = await thing;

    const request: ApiRequest = {
      ...asked,
      param,
      thing,
      authorize: (target, policy = route.policy) => this.#authorize(policy, context, target),
      allowed: (policy, target) => this.#kernel.policies.allows(policy, context, target),
    };
    const run = async () => (await route.handler(request as ApiRequest<never, never>)) ?? {};
    if (isRead(asked.method)) return run();
    return this.#kernel.tracer.span(
      "request",
      `${this.#front.name} ${route.name}`,
      { method: asked.method, path: asked.shownPath, user: context.userId, project: context.projectId },
      run,
    );
  }

  /**
   * The thing that a record touches, if the caller may; undefined for records that touch none, a promise of it where it is
   * found by asking elsewhere. Errors: 404, 403.
   */
  touch({ route, rule }: Endpoint, lookup: Lookup): unknown {
    const { of } = route;
    if (of === undefined) return undefined;
    const { context } = lookup;
    const refused = () => forbidden(this.#front.api.forbidden(route.policy));
    const hidden = (error: unknown): unknown =>
      of.secret === true && error instanceof ApiError && error.status === 404 && !rule.allows(context, {})
        ? refused()
        : error;
    const granted = (thing: unknown): unknown => {
      if (!rule.allows(context, of.owner(thing as never, context))) throw of.refused?.(thing as never) ?? refused();
      return thing;
    };
    let found: unknown;
    try {
      found = of.find(lookup);
    } catch (error) {
      throw hidden(error);
    }
    if (!(found instanceof Promise)) return granted(found);
    return found.then(granted, (error: unknown) => {
      throw hidden(error);
    });
  }

  /** See `Call`. What it wrote is durable when the request that it belongs to is answered. */
  call(name: string, context: RequestContext, input: CallInput = {}): Promise<ApiResponse> {
    const endpoint = this.#byName.get(name);
    if (endpoint === undefined) throw new Error(`${this.#front.name} has no record ${name}`);
    const { route } = endpoint;
    const { params = {}, body = null } = input;
    const { prefix } = this.#front.endpoint;
    const path = route.path.replace(PARAMETER, (_, parameter: string) => encodeURIComponent(params[parameter] ?? ""));
    return this.perform(endpoint, {
      id: context.requestId,
      method: route.method,
      path,
      shownPath: path,
      params,
      query: new URLSearchParams(input.query),
      headers: new Headers(input.headers),
      body,
      bytes: route.body === "stream" ? bytesAtHand(input.bytes ?? new Uint8Array()) : null,
      microversion: input.microversion ?? this.#front.api.microversions?.max ?? 0,
      context,
      baseUrl: this.#kernel.settings.api.baseUrl + prefix,
      clientAddress: "",
      pause: () => this.#kernel.turns.background(),
    });
  }

  #authorize(policy: string, context: RequestContext, target: Target): void {
    if (!this.#kernel.policies.allows(policy, context, target)) throw forbidden(this.#front.api.forbidden(policy));
  }

  #validate(route: AnyRoute, { body, query, microversion }: Asked): void {
    const { api } = this.#front;
    const schema = typeof route.request === "function" ? route.request(microversion) : (route.request ?? null);
    if (schema !== null) {
      const issue = this.#validator.check(schema, body);
      if (issue !== null) throw api.invalid(issue, "body", schema);
    }
    const querySchema = typeof route.query === "function" ? route.query(microversion) : (route.query ?? null);
    if (querySchema !== null) {
      const issue = this.#validator.check(querySchema, queryObject(query));
      if (issue !== null) throw api.invalid(issue, "query", querySchema);
    }
  }
}

/** A parameter of a record's path: ":server_id", ":rest{.+}". */
export const PARAMETER = /:(\w+)(?:\{(?:[^{}]|\{[^{}]*\})*\})?/g;

/** ["server_id"]; those of every form of URL, as url_project_id, have names that begin with url_. */
const parametersOf = (path: string): string[] => [...path.matchAll(PARAMETER)].map(([, name = ""]) => name);

export const isRead = (method: string): boolean => method === "GET" || method === "HEAD" || method === "OPTIONS";

function queryObject(query: URLSearchParams): Record<string, string[]> {
  const object: Record<string, string[]> = {};
  for (const [name, value] of query) {
    if (Object.hasOwn(object, name)) object[name]?.push(value);
    else Object.defineProperty(object, name, { value: [value], enumerable: true, writable: true, configurable: true });
  }
  return object;
}
