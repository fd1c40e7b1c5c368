import { type Answer, ask, type Env, type Serve } from "./inside.ts";
import type { Tokens } from "./sessions.ts";

/** Of what a person types. */
export type Credentials =
  | { readonly user: string; readonly password: string; readonly domain: string }
  | { readonly applicationCredential: { readonly id: string; readonly secret: string } };

/** What a session is for: keystone's own words. */
export type Scope =
  | { readonly project: { readonly id: string } }
  | { readonly domain: { readonly id: string } }
  | { readonly system: { readonly all: true } };

export interface LoggedIn {
  readonly tokens: Tokens;
  readonly expiresAt: number;
}

/** The identity service's own answer, which is to be shown. */
export class Refused extends Error {
  readonly answer: Answer;
  constructor(answer: Answer) {
    super(`identity answered ${answer.status}`);
    this.answer = answer;
  }
}

const TOKENS = "/identity/v3/auth/tokens";

/** Tokens for sessions, got from the identity service by its public API. */
export class IdentityClient {
  readonly #serve: Serve;
  constructor(serve: Serve) {
    this.#serve = serve;
  }

  /**
   * A token without a scope first, then one for what the user had last or the first project there is; without any, for a domain or the system.
   * Errors: Refused.
   */
  async logIn(credentials: Credentials, wanted: string | null, env: Env | undefined): Promise<LoggedIn> {
    const base = await this.#issue({ identity: identityOf(credentials), ...unscopedOf(credentials) }, env);
    // An application credential is for one project, and its tokens cannot be changed for others.
    if ("applicationCredential" in credentials)
      return { ...base, tokens: { base: base.tokens.token, token: base.tokens.token } };
    const scopes = await this.#scopes(base.tokens.token, wanted, env);
    for (const scope of scopes) {
      try {
        return await this.rescope(base.tokens.token, scope, env);
      } catch (error) {
        // A project that was disabled since; the next may do.
        if (!(error instanceof Refused)) throw error;
      }
    }
    return base;
  }

  /** Errors: Refused. */
  async rescope(base: string, scope: Scope, env: Env | undefined): Promise<LoggedIn> {
    const issued = await this.#issue({ identity: { methods: ["token"], token: { id: base } }, scope }, env);
    return { tokens: { base, token: issued.tokens.token }, expiresAt: issued.expiresAt };
  }

  /** All that were made for a session. */
  async revoke({ base, token }: Tokens, env: Env | undefined): Promise<void> {
    // The one that the others were made of last: it is what they are revoked with.
    if (token !== base) await ask(this.#serve, "DELETE", TOKENS, { token: base, subject: token, env });
    await ask(this.#serve, "DELETE", TOKENS, { token: base, subject: base, env });
  }

  /** One token, where the session goes on with another. */
  async revokeOne(token: string, env: Env | undefined): Promise<void> {
    await ask(this.#serve, "DELETE", TOKENS, { token, subject: token, env });
  }

  /** What a token says, with its catalog, and what else its user may have. */
  async describe({ base, token }: Tokens, env: Env | undefined): Promise<Record<string, unknown>> {
    const get = (path: string, by: string) => ask(this.#serve, "GET", path, { token: by, env });
    const [own, projects, domains, system] = await Promise.all([
      ask(this.#serve, "GET", TOKENS, { token, subject: token, env }),
      get("/identity/v3/auth/projects", base),
      get("/identity/v3/auth/domains", base),
      get("/identity/v3/auth/system", base),
    ]);
    if (own.status !== 200) throw new Refused(own);
    return {
      token: own.body.token,
      projects: projects.body.projects ?? [],
      domains: domains.body.domains ?? [],
      system: (system.body.system ?? []).length > 0,
    };
  }

  async #scopes(base: string, wanted: string | null, env: Env | undefined): Promise<Scope[]> {
    const list = async (what: string) =>
      (await ask(this.#serve, "GET", `/identity/v3/auth/${what}`, { token: base, env })).body[what] ?? [];
    const projects: { id: string; enabled: boolean }[] = await list("projects");
    const ids = projects.filter(({ enabled }) => enabled).map(({ id }) => id);
    const ordered = wanted !== null && ids.includes(wanted) ? [wanted, ...ids.filter((id) => id !== wanted)] : ids;
    if (ordered.length > 0) return ordered.slice(0, 3).map((id) => ({ project: { id } }));
    const domains: { id: string }[] = await list("domains");
    if (domains.length > 0) return domains.slice(0, 1).map(({ id }) => ({ domain: { id } }));
    return (await list("system")).length > 0 ? [{ system: { all: true } }] : [];
  }

  async #issue(auth: object, env: Env | undefined): Promise<LoggedIn> {
    const answer = await ask(this.#serve, "POST", TOKENS, { body: { auth }, env });
    const token = answer.headers.get("x-subject-token");
    if (answer.status !== 201 || token === null) throw new Refused(answer);
    return { tokens: { base: token, token }, expiresAt: Date.parse(answer.body.token.expires_at) };
  }
}

function identityOf(credentials: Credentials): object {
  if ("applicationCredential" in credentials)
    return { methods: ["application_credential"], application_credential: credentials.applicationCredential };
  const { user, password, domain } = credentials;
  return { methods: ["password"], password: { user: { name: user, password, domain: { name: domain } } } };
}

const unscopedOf = (credentials: Credentials): object =>
  "applicationCredential" in credentials ? {} : { scope: { unscoped: {} } };
