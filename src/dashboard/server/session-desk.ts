import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import type { Identity } from "../../kernel/auth/context.ts";
import { ApiError } from "../../kernel/errors.ts";
import { parseJson, readBody } from "../../kernel/http/body.ts";
import type { Logger } from "../../kernel/log/logger.ts";
import type { Kernel } from "../../kernel/module.ts";
import { type Answer, addressOf, type Env, isEncrypted, type Serve } from "./inside.ts";
import { type Credentials, IdentityClient, Refused, type Scope } from "./login.ts";
import { type Session, Sessions } from "./sessions.ts";
import type { EventStreams } from "./stream.ts";
import { Throttle } from "./throttle.ts";

const MAX_BODY = 16_384;
const NO_STORE = { "cache-control": "no-store" } as const;
/** Tells the pages that they are to ask for a log-in, which a service's own 401 does not. */
const ENDED = { ...NO_STORE, "x-dashboard-session": "ended" } as const;

/** A person mistypes now and then; of an address that a whole class shares more is borne. */
const PER_USER = { free: 5, longest: 60_000 };
const PER_ADDRESS = { free: 30, longest: 300_000 };

/** Where sessions begin, change and end. */
export class SessionDesk {
  readonly #kernel: Kernel;
  readonly #sessions: Sessions;
  readonly #identity: IdentityClient;
  readonly #streams: EventStreams;
  readonly #users: Throttle;
  readonly #addresses: Throttle;
  readonly #log: Logger;

  constructor({ kernel, serve, streams }: { kernel: Kernel; serve: Serve; streams: EventStreams }) {
    this.#kernel = kernel;
    this.#sessions = new Sessions(kernel.db, kernel.clock);
    this.#identity = new IdentityClient(serve);
    this.#streams = streams;
    this.#users = new Throttle(kernel.clock, PER_USER);
    this.#addresses = new Throttle(kernel.clock, PER_ADDRESS);
    this.#log = kernel.log.named("dashboard");
  }

  /** Whose request it is; null without a session, or when its token is none any more: then the session has ended, too. */
  of(context: Context): { session: Session; identity: Identity } | null {
    const cookie = getCookie(context, cookieName(context));
    const session = cookie === undefined ? null : this.#sessions.find(cookie);
    if (session === null) return null;
    const identity = this.#kernel.authenticator.authenticate(session.token);
    if (identity !== null) return { session, identity };
    this.#forget(session.id);
    return null;
  }

  ended(context: Context): Response {
    return context.json(failure(401, "There is no session, or it has ended: log in."), 401, ENDED);
  }

  async logIn(context: Context): Promise<Response> {
    const env = context.env as Env | undefined;
    const body = await bodyOf(context);
    const credentials = credentialsOf(body);
    if (credentials === null)
      return context.json(
        failure(400, "A user, a password and a domain are needed, or an application credential."),
        400,
        NO_STORE,
      );
    const user = keyOf(credentials);
    const address = addressOf(env);
    const wait = Math.max(this.#users.wait(user), this.#addresses.wait(address));
    if (wait > 0) {
      const seconds = Math.ceil(wait / 1000);
      const headers = { ...NO_STORE, "retry-after": String(seconds) };
      return context.json(failure(429, `Too many failed log-ins. Try again in ${seconds} s.`), 429, headers);
    }
    this.#users.attempt(user);
    this.#addresses.attempt(address);
    try {
      const wanted = typeof body.project === "string" ? body.project : null;
      const { tokens, expiresAt } = await this.#identity.logIn(credentials, wanted, env);
      this.#users.succeeded(user, true);
      this.#addresses.succeeded(address, false);
      const old = this.of(context);
      if (old !== null) await this.#end(old.session, env);
      const cookie = this.#sessions.begin(tokens, expiresAt);
      await this.#kernel.db.durable();
      setSessionCookie(context, cookie, expiresAt);
      return context.json(await this.#description(tokens, env), 201, NO_STORE);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const { status } = error.answer;
      // Who was let in and asked too much of the service did not guess.
      if (status !== 401 && status !== 403) {
        this.#users.succeeded(user, false);
        this.#addresses.succeeded(address, false);
      } else this.#log.warning("a log-in failed", { address, status });
      return passedOn(context, error.answer);
    }
  }

  async describe(context: Context): Promise<Response> {
    const found = this.of(context);
    // No failure: pages ask whether there is one.
    if (found === null) return context.body(null, 204, NO_STORE);
    return this.#answering(context, () => this.#description(found.session, context.env as Env | undefined));
  }

  /** The same session for another project, domain or the system. */
  async changeScope(context: Context): Promise<Response> {
    const found = this.of(context);
    const cookie = getCookie(context, cookieName(context));
    if (found === null || cookie === undefined) return this.ended(context);
    const env = context.env as Env | undefined;
    const scope = scopeOf(await bodyOf(context));
    if (scope === null)
      return context.json(failure(400, "A project, a domain or the system is needed."), 400, NO_STORE);
    const { session } = found;
    return this.#answering(context, async () => {
      const { tokens, expiresAt } = await this.#identity.rescope(session.base, scope, env);
      this.#sessions.change(cookie, tokens, expiresAt);
      await this.#kernel.db.durable();
      this.#streams.end(session.id);
      if (session.token !== session.base) await this.#identity.revokeOne(session.token, env);
      return this.#description(tokens, env);
    });
  }

  async logOut(context: Context): Promise<Response> {
    const found = this.of(context);
    if (found !== null) await this.#end(found.session, context.env as Env | undefined);
    await this.#kernel.db.durable();
    deleteCookie(context, cookieName(context), cookieOptions(context));
    return context.body(null, 204, NO_STORE);
  }

  async #end(session: Session, env: Env | undefined): Promise<void> {
    this.#forget(session.id);
    await this.#identity.revoke(session, env);
  }

  #forget(id: string): void {
    this.#sessions.end(id);
    this.#streams.end(id);
  }

  #description = (tokens: { base: string; token: string }, env: Env | undefined) =>
    this.#identity.describe(tokens, env).then((described) => ({
      ...described,
      region: this.#kernel.settings.regionName,
      services: Object.fromEntries(
        this.#kernel.endpoints.flatMap(({ service, endpoint }) =>
          endpoint.catalog.length > 0 ? [[service, endpoint.prefix]] : [],
        ),
      ),
    }));

  async #answering(context: Context, body: () => Promise<object>): Promise<Response> {
    try {
      return context.json(await body(), 200, NO_STORE);
    } catch (error) {
      if (error instanceof Refused) return passedOn(context, error.answer);
      throw error;
    }
  }
}

const failure = (code: number, message: string) => ({ error: { code, message } });

/** The service's own words, with the request id that explains them. */
function passedOn(context: Context, { status, headers, body }: Answer): Response {
  const id = headers.get("x-openstack-request-id");
  return context.json(body, status as 401, { ...NO_STORE, ...(id === null ? {} : { "x-openstack-request-id": id }) });
}

/** With TLS the name itself keeps other hosts and plain HTTP from setting it. */
const cookieName = (context: Context): string =>
  isEncrypted(context.env as Env | undefined) ? "__Host-tenrec_session" : "tenrec_session";

function cookieOptions(context: Context) {
  const secure = isEncrypted(context.env as Env | undefined);
  return { path: secure ? "/" : "/dashboard", httpOnly: true, sameSite: "Strict", secure } as const;
}

const setSessionCookie = (context: Context, cookie: string, expiresAt: number): void =>
  setCookie(context, cookieName(context), cookie, { ...cookieOptions(context), expires: new Date(expiresAt) });

async function bodyOf(context: Context): Promise<Record<string, unknown>> {
  const value = parseJson(await readBody(context.req.raw, MAX_BODY));
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new ApiError(400, "The body is no object.");
  return value as Record<string, unknown>;
}

const isText = (value: unknown): value is string => typeof value === "string" && value !== "" && value.length <= 1024;

function credentialsOf(body: Record<string, unknown>): Credentials | null {
  const { user, password, domain = "Default", applicationCredential } = body;
  if (typeof applicationCredential === "object" && applicationCredential !== null) {
    const { id, secret } = applicationCredential as Record<string, unknown>;
    return isText(id) && isText(secret) ? { applicationCredential: { id, secret } } : null;
  }
  return isText(user) && isText(password) && isText(domain) ? { user, password, domain } : null;
}

const keyOf = (credentials: Credentials): string =>
  "applicationCredential" in credentials
    ? `credential ${credentials.applicationCredential.id}`
    : `user ${credentials.domain.toLowerCase()} ${credentials.user.toLowerCase()}`;

function scopeOf({ project, domain, system }: Record<string, unknown>): Scope | null {
  if (isText(project)) return { project: { id: project } };
  if (isText(domain)) return { domain: { id: domain } };
  return system === true ? { system: { all: true } } : null;
}
