import { badRequest, unauthorized } from "../../../kernel/errors.ts";
import type { Kernel } from "../../../kernel/module.ts";
import { forbiddenAction, loginFailed, noScopeToChoose, tokenNotFound, unrecognized } from "../errors.ts";
import type { ProjectRow, UserRow } from "../store/rows.ts";
import type { IdentityStore } from "../store/store.ts";
import type { Passwords } from "./passwords.ts";
import type { Claims, Scope, Token, Tokens } from "./tokens.ts";

/** A domain, project or user as requests name them. */
export interface Reference {
  id?: string;
  name?: string;
  domain?: Reference;
}

export interface LoginRequest {
  identity: {
    methods: readonly string[];
    password?: { user: Reference & { password: string } };
    token?: { id: string };
    application_credential?: { id?: string; name?: string; secret: string; user?: Reference };
  };
  scope?:
    | "unscoped"
    | {
        project?: Reference;
        domain?: Reference;
        system?: { all?: boolean };
        "OS-TRUST:trust"?: { id: string };
        unscoped?: unknown;
      };
}

/** What a token from a signed EC2 request says it came by. */
export const EC2_METHOD = "ec2credential";

const METHODS = ["password", "token", "application_credential"];

/** Who has proved to be whom, and by which means. */
interface Proof {
  userId: string;
  methods: string[];
  expiresAt: number;
  parent: Token | null;
  applicationCredentialId: string | null;
}

/** Turns credentials into tokens. Every failure of theirs is the same 401, as late and as slow as a wrong password. */
export class Login {
  readonly #kernel: Kernel;
  readonly #store: IdentityStore;
  readonly #tokens: Tokens;
  readonly #passwords: Passwords;

  constructor(kernel: Kernel, store: IdentityStore, tokens: Tokens, passwords: Passwords) {
    this.#kernel = kernel;
    this.#store = store;
    this.#tokens = tokens;
    this.#passwords = passwords;
  }

  /** Errors: 401; 404 for a token that is none; 400 for a body that names nothing; 403 for a delegation that may not be widened. */
  async login(request: LoginRequest): Promise<{ id: string; token: Token }> {
    if (request.identity.methods.includes("application_credential") && request.scope !== undefined) {
      throw noScopeToChoose();
    }
    const proof = await this.#prove(request);
    if (proof.parent?.trust != null || proof.parent?.applicationCredential != null) {
      throw forbiddenAction("rescope a scoped token");
    }
    if (proof.parent?.scope.kind === "system" && isNarrower(request.scope)) {
      throw forbiddenAction(
        "Using a system-scoped token to create a project-scoped or domain-scoped token is not allowed.",
      );
    }
    // A signed request was for one project; its token may be renewed and nothing else.
    if (proof.parent?.methods.includes(EC2_METHOD) === true) {
      if (request.scope !== undefined) throw forbiddenAction("rescope a scoped token");
      return this.#issue(proof, proof.parent.scope);
    }
    const trustId = typeof request.scope === "object" ? request.scope["OS-TRUST:trust"]?.id : undefined;
    if (trustId !== undefined) return this.#throughTrust(proof, trustId);
    if (proof.applicationCredentialId !== null) return this.#throughCredential(proof, proof.applicationCredentialId);
    const scope = this.#scope(request.scope);
    if (scope !== null) return this.#issue(proof, scope);
    const preferred = this.#store.users.get(proof.userId)?.default_project_id;
    const issued = preferred == null ? null : this.#tryIssue(proof, { kind: "project", id: preferred });
    return issued ?? this.#issue(proof, { kind: "none" });
  }

  /** Checks a user's password, counting failures where locking out is switched on. False when it is wrong. */
  async checkPassword(user: UserRow | null, password: string): Promise<boolean> {
    const { passwords } = this.#store;
    const stored = user === null ? undefined : passwords.current(user.id);
    // Who is locked out learns nothing, not even from the time it takes: a right password is quick, see Passwords.
    const barred = user !== null && this.#lockout(user) === "locked";
    const right = await this.#passwords.verify(password, barred ? null : (stored?.hash ?? null));
    if (user === null || stored === undefined) return false;
    // Looked at again, for guesses that ran beside each other.
    const lockout = this.#lockout(user);
    if (barred || lockout === "locked") return false;
    if (lockout !== "off") {
      if (!right) {
        if (lockout === "over") passwords.clearFailures(user.id);
        passwords.recordFailure(user.id, this.#kernel.clock.now());
      } else if (passwords.failures(user.id).count > 0) passwords.clearFailures(user.id);
    }
    return right && (stored.expires_at === null || stored.expires_at > this.#kernel.clock.now());
  }

  /** "over": failures so far are too old to count. */
  #lockout(user: UserRow): "off" | "open" | "over" | "locked" {
    const { securityCompliance, lockoutFailureAttempts, lockoutDuration } = this.#kernel.settings.identity;
    const exempt = (JSON.parse(user.options) as Record<string, unknown>).ignore_lockout_failure_attempts === true;
    if (!securityCompliance || lockoutFailureAttempts === 0 || exempt) return "off";
    const failures = this.#store.passwords.failures(user.id);
    if (this.#kernel.clock.now() - failures.last_at >= lockoutDuration * 1000) return "over";
    return failures.count >= lockoutFailureAttempts ? "locked" : "open";
  }

  async #prove(request: LoginRequest): Promise<Proof> {
    const { identity } = request;
    const proof: Proof = {
      userId: "",
      methods: [],
      expiresAt: this.#tokens.expiry(),
      parent: null,
      applicationCredentialId: null,
    };
    // Each method once, however often it is named: checking passwords is dear.
    for (const method of new Set(identity.methods)) {
      const userId = await this.#proveBy(method, identity, proof);
      if (proof.userId !== "" && proof.userId !== userId) throw loginFailed();
      proof.userId = userId;
      for (const used of [...(proof.parent?.methods ?? []), method]) {
        if (!proof.methods.includes(used)) proof.methods.push(used);
      }
    }
    if (proof.userId === "") throw loginFailed();
    return proof;
  }

  async #proveBy(method: string, identity: LoginRequest["identity"], proof: Proof): Promise<string> {
    if (method === "password" && identity.password !== undefined) return this.#byPassword(identity.password.user);
    if (method === "token" && identity.token !== undefined) {
      const parent = this.#tokens.read(identity.token.id);
      // Not 401, which is for who lacks a token (keystone/token/provider.py). One with access rules is traded for nothing.
      if (parent === null) throw this.#tokens.sealed(identity.token.id) ? tokenNotFound() : unrecognized();
      if (parent.identity.mayCall !== undefined) throw tokenNotFound();
      proof.parent = parent;
      proof.expiresAt = Math.min(proof.expiresAt, parent.expiresAt);
      return parent.userId;
    }
    if (method === "application_credential" && identity.application_credential !== undefined) {
      return this.#byApplicationCredential(identity.application_credential, proof);
    }
    if (METHODS.includes(method)) {
      throw badRequest(
        `Expecting to find ${method} in identity. The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error.`,
      );
    }
    throw unauthorized("Attempted to authenticate with an unsupported method.", { identity: { methods: METHODS } });
  }

  async #byPassword(given: Reference & { password: string }): Promise<string> {
    const user = this.#user(given);
    const right = await this.checkPassword(user, given.password);
    if (!right || user === null || !this.#enabled(user)) throw loginFailed();
    return user.id;
  }

  async #byApplicationCredential(
    given: NonNullable<LoginRequest["identity"]["application_credential"]>,
    proof: Proof,
  ): Promise<string> {
    const { applicationCredentials, users } = this.#store;
    const owner = given.user === undefined ? null : this.#user(given.user);
    const credential =
      given.id !== undefined
        ? applicationCredentials.get(given.id)
        : owner === null || given.name === undefined
          ? undefined
          : applicationCredentials.find({ user_id: owner.id, name: given.name });
    const right = await this.#passwords.verify(given.secret, credential?.secret_hash ?? null);
    const user = credential === undefined ? undefined : users.get(credential.user_id);
    if (!right || credential === undefined || user === undefined || !this.#enabled(user)) throw loginFailed();
    if (credential.expires_at !== null) {
      if (credential.expires_at <= this.#kernel.clock.now()) throw loginFailed();
      proof.expiresAt = Math.min(proof.expiresAt, credential.expires_at);
    }
    proof.applicationCredentialId = credential.id;
    return user.id;
  }

  #throughCredential(proof: Proof, credentialId: string): { id: string; token: Token } {
    const credential = this.#store.applicationCredentials.get(credentialId);
    if (credential === undefined) throw loginFailed();
    return this.#issue(
      proof,
      { kind: "project", id: credential.project_id },
      { applicationCredentialId: credentialId },
    );
  }

  #throughTrust(proof: Proof, trustId: string): { id: string; token: Token } {
    const trust = this.#store.trusts.get(trustId);
    const now = this.#kernel.clock.now();
    if (trust === undefined || trust.deleted_at !== null) throw loginFailed();
    if (trust.expires_at !== null && trust.expires_at <= now) throw loginFailed();
    if (trust.trustee_user_id !== proof.userId) throw forbiddenAction("consume a trust");
    const scope: Scope = trust.project_id === null ? { kind: "none" } : { kind: "project", id: trust.project_id };
    return this.#kernel.db.transaction(() => {
      if (trust.remaining_uses !== null) {
        if (trust.remaining_uses <= 0) throw loginFailed();
        this.#store.trusts.update(trustId, { remaining_uses: trust.remaining_uses - 1 });
      }
      const user = trust.impersonation === 1 ? trust.trustor_user_id : trust.trustee_user_id;
      const expiresAt = Math.min(proof.expiresAt, trust.expires_at ?? proof.expiresAt);
      return this.#issue({ ...proof, userId: user, expiresAt }, scope, { trustId });
    });
  }

  #issue(proof: Proof, scope: Scope, through: Partial<Claims> = {}): { id: string; token: Token } {
    const issued = this.#tryIssue(proof, scope, through);
    if (issued === null) throw loginFailed();
    return issued;
  }

  #tryIssue(proof: Proof, scope: Scope, through: Partial<Claims> = {}): { id: string; token: Token } | null {
    return this.#tokens.issue({
      userId: proof.userId,
      methods: proof.methods,
      scope,
      expiresAt: proof.expiresAt,
      trustId: through.trustId ?? null,
      applicationCredentialId: through.applicationCredentialId ?? null,
      parentAuditIds: proof.parent?.auditIds ?? [],
    });
  }

  /** Null when the request leaves the scope open. Errors: 401 for a scope that does not exist. */
  #scope(scope: LoginRequest["scope"]): Scope | null {
    if (scope === undefined) return null;
    if (scope === "unscoped" || "unscoped" in scope) return { kind: "none" };
    if (scope.system !== undefined) return { kind: "system" };
    if (scope.project !== undefined) {
      const project = this.#project(scope.project);
      if (project === null) throw loginFailed();
      return { kind: "project", id: project.id };
    }
    if (scope.domain !== undefined) {
      const domain = this.#domain(scope.domain);
      if (domain === null) throw loginFailed();
      return { kind: "domain", id: domain.id };
    }
    return null;
  }

  #enabled(user: UserRow): boolean {
    return user.enabled === 1 && this.#store.projects.get(user.domain_id)?.enabled === 1;
  }

  #user(given: Reference): UserRow | null {
    const { users } = this.#store;
    if (given.id !== undefined) return byId(users, given.id) ?? null;
    if (given.name === undefined) throw expectingUser();
    const domain = given.domain === undefined ? null : this.#domain(given.domain);
    if (given.domain === undefined) throw expectingUser();
    return domain === null ? null : (users.find({ domain_id: domain.id, name: given.name }) ?? null);
  }

  #domain(given: Reference): ProjectRow | null {
    const { projects } = this.#store;
    const found =
      given.id !== undefined
        ? byId(projects, given.id)
        : given.name === undefined
          ? undefined
          : projects.find({ is_domain: 1, name: given.name });
    return found?.is_domain === 1 ? found : null;
  }

  #project(given: Reference): ProjectRow | null {
    const { projects } = this.#store;
    if (given.id !== undefined) return byId(projects, given.id) ?? null;
    const domain = given.domain === undefined ? null : this.#domain(given.domain);
    if (given.name === undefined || given.domain === undefined) throw expectingUser();
    return domain === null ? null : (projects.find({ domain_id: domain.id, name: given.name }) ?? null);
  }
}

/** Ids have no upper case, and are found in any (`OS_PROJECT_DOMAIN_ID=Default`), as names are. */
const byId = <Row>(table: { get(id: string): Row | undefined }, id: string): Row | undefined =>
  table.get(id) ?? table.get(id.toLowerCase());

const isNarrower = (scope: LoginRequest["scope"]): boolean =>
  typeof scope === "object" && (scope.project !== undefined || scope.domain !== undefined);

const expectingUser = () =>
  badRequest(
    "Expecting to find domain in user. The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error.",
  );
