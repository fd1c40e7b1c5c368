import { randomBytes } from "node:crypto";
import type { Identity } from "../../../kernel/auth/context.ts";
import type { Kernel } from "../../../kernel/module.ts";
import type { RevocationKind } from "../store/revocations.ts";
import type { ApplicationCredentialRow, ProjectRow, RoleRow, TrustRow, UserRow } from "../store/rows.ts";
import type { IdentityStore } from "../store/store.ts";
import { accessCheck } from "./access-rules.ts";
import { Fernet } from "./fernet.ts";
import type { RoleResolver } from "./roles.ts";

export type Scope = { kind: "none" } | { kind: "system" } | { kind: "project" | "domain"; id: string };

/** What a token says of itself, sealed. */
export interface Claims {
  userId: string;
  methods: readonly string[];
  scope: Scope;
  /** Milliseconds; never two revocation moments apart: see `issue`. */
  issuedAt: number;
  expiresAt: number;
  /** Its own, then the first of its chain when it was made from another token. */
  auditIds: readonly string[];
  trustId: string | null;
  applicationCredentialId: string | null;
}

/** What a token is asked for with. */
export interface NewToken extends Omit<Claims, "issuedAt" | "expiresAt" | "auditIds"> {
  /** By default as long as tokens live; never longer than the delegation it goes through. */
  expiresAt?: number;
  /** Those of the token it is made from. */
  parentAuditIds?: readonly string[];
}

/** A token with everything it stands for now. */
export interface Token extends Claims {
  identity: Identity;
  user: UserRow;
  userDomain: ProjectRow;
  project: ProjectRow | null;
  /** The project's domain. */
  projectDomain: ProjectRow | null;
  domain: ProjectRow | null;
  roles: readonly RoleRow[];
  trust: TrustRow | null;
  applicationCredential: ApplicationCredentialRow | null;
}

const CACHE_SIZE = 20_000;
const KEY_NAME = "token-key";
const MAX_LIFETIME_MS = 30 * 86_400_000;

/**
 * Makes and reads tokens. A token is not stored: it is sealed with a key that the database keeps, so it survives restarts
 * and costs no write. What it means (roles, names, whether everything is still enabled) is worked out when it is seen, as
 * keystone does with Fernet tokens, and remembered until anything it may depend on changes. What takes tokens back is
 * stored: see `revoke`.
 */
export class Tokens {
  readonly #kernel: Kernel;
  readonly #store: IdentityStore;
  readonly #roles: RoleResolver;
  readonly #cache = new Map<string, { generation: number; token: Token }>();
  #fernet: Fernet | null = null;
  /** "kind:value" → tokens issued up to then are void. Read from the database when first needed. */
  #revoked: Map<string, number> | null = null;
  #lastRevocation = 0;
  #lastIssue = 0;

  constructor(kernel: Kernel, store: IdentityStore, roles: RoleResolver) {
    this.#kernel = kernel;
    this.#store = store;
    this.#roles = roles;
  }

  /** The token a request was sent with, with all that it stands for. */
  sender(request: { headers: Headers }): Token | null {
    return this.read(request.headers.get("x-auth-token") ?? "");
  }

  /** Null unless it is valid now. */
  read(token: string): Token | null {
    const cached = this.#cache.get(token);
    const now = this.#kernel.clock.now();
    if (cached !== undefined) {
      if (cached.token.expiresAt <= now) {
        this.#cache.delete(token);
        return null;
      }
      if (cached.generation === this.#store.generation) return cached.token;
    }
    const { generation } = this.#store;
    const claims = cached?.token ?? this.#open(token);
    const resolved = claims === null || claims.expiresAt <= now ? null : this.resolve(claims);
    this.#cache.delete(token);
    if (resolved === null) return null;
    this.#cache.set(token, { generation, token: resolved });
    const [oldest] = this.#cache.keys();
    if (this.#cache.size > CACHE_SIZE && oldest !== undefined) this.#cache.delete(oldest);
    return resolved;
  }

  /** Also one that ended at most `window` milliseconds ago, for work that outlasts its token; null unless it is good otherwise. */
  readLately(token: string, window: number): Token | null {
    const claims = this.#open(token);
    if (claims === null || claims.expiresAt + window <= this.#kernel.clock.now()) return null;
    return this.resolve(claims);
  }

  /**
   * Seals a token for what `claims` ask; null when the user has no business there (no role, something disabled).
   */
  issue(claims: NewToken): { id: string; token: Token } | null {
    const { generation } = this.#store;
    const token = this.unsealed(claims);
    if (token === null) return null;
    const id = this.#sealer().seal(pack(token), token.issuedAt);
    this.#cache.set(id, { generation, token });
    return { id, token };
  }

  /** The same of which nobody gets the id: for who proves by something else, request by request, who they are. */
  unsealed(claims: NewToken): Token | null {
    // Later than any revocation that came before: a password changed and used within one millisecond must work.
    this.#revocations();
    const issuedAt = Math.max(this.#kernel.clock.now(), this.#lastRevocation + 1);
    const parent = claims.parentAuditIds?.at(-1);
    const own = randomBytes(16).toString("base64url");
    const token = this.resolve({
      userId: claims.userId,
      methods: claims.methods,
      scope: claims.scope,
      issuedAt,
      expiresAt: this.#end(claims),
      auditIds: parent === undefined ? [own] : [own, parent],
      trustId: claims.trustId,
      applicationCredentialId: claims.applicationCredentialId,
    });
    if (token !== null) this.#lastIssue = Math.max(this.#lastIssue, issuedAt);
    return token;
  }

  /** No token outlives the trust or application credential it was made through. */
  #end(claims: NewToken): number {
    const { trusts, applicationCredentials } = this.#store;
    const ends = [
      claims.trustId === null ? null : trusts.get(claims.trustId)?.expires_at,
      claims.applicationCredentialId === null
        ? null
        : applicationCredentials.get(claims.applicationCredentialId)?.expires_at,
    ];
    return Math.min(claims.expiresAt ?? this.expiry(), ...ends.filter((end) => end != null));
  }

  /** When a fresh token ends, in milliseconds and whole seconds, as keystone's do. */
  expiry(seconds = this.#kernel.settings.identity.tokenExpiration): number {
    return Math.floor(this.#kernel.clock.now() / 1000 + seconds) * 1000;
  }

  /**
   * Makes tokens void for good, at once and across restarts: those of this kind and value issued so far. Call it in the
   * transaction that makes the change behind it.
   */
  revoke(kind: RevocationKind, value: string): void {
    // Not before any token that is there, also one of this very millisecond.
    const now = Math.max(this.#kernel.clock.now(), this.#lastRevocation, this.#lastIssue);
    const revoked = this.#revocations();
    this.#store.revocations.add({ kind, value, issued_before: now, revoked_at: now });
    this.#kernel.db.afterCommit(() => {
      revoked.set(`${kind}:${value}`, now);
      this.#lastRevocation = Math.max(this.#lastRevocation, now);
      this.#store.generation += 1;
    });
  }

  /** Forgets revocations that no living token can meet. */
  prune(): void {
    this.#store.revocations.prune(this.#kernel.clock.now() - MAX_LIFETIME_MS);
  }

  /** Checks claims against the present: null when revoked, disabled, deleted or without roles. */
  resolve(claims: Claims): Token | null {
    const { store } = { store: this.#store };
    const user = store.users.get(claims.userId);
    const userDomain = user === undefined ? undefined : store.projects.get(user.domain_id);
    if (user === undefined || userDomain === undefined) return null;
    if (user.enabled === 0 || userDomain.enabled === 0) return null;
    const scoped = this.#scope(claims.scope);
    if (scoped === null) return null;
    const { project, projectDomain, domain } = scoped;
    const trust = claims.trustId === null ? null : (store.trusts.get(claims.trustId) ?? null);
    if (claims.trustId !== null && !this.#trustHolds(trust)) return null;
    const credential =
      claims.applicationCredentialId === null
        ? null
        : (store.applicationCredentials.get(claims.applicationCredentialId) ?? null);
    if (claims.applicationCredentialId !== null && !this.#credentialHolds(credential, claims)) return null;
    // A delegation is for one project, whatever a key made through it says.
    if (
      [trust, credential].some((delegation) => delegation !== null && delegation.project_id !== (project?.id ?? null))
    ) {
      return null;
    }
    if (this.#isRevoked(claims, { user, project, domain, trust })) return null;
    const roles = this.#rolesFor(claims, user, project, trust, credential);
    if (roles.length === 0 && claims.scope.kind !== "none") return null;
    const names = new Set(roles.map(({ name }) => name));
    const identity: Identity = {
      userId: user.id,
      userName: user.name,
      userDomainId: user.domain_id,
      projectId: project?.id ?? null,
      domainId: domain?.id ?? null,
      system: claims.scope.kind === "system",
      projectName: project?.name ?? null,
      projectDomainId: project?.domain_id ?? null,
      roles: names,
      isAdmin: names.has("admin"),
      tokenId: claims.auditIds[0] ?? "",
      expiresAt: claims.expiresAt,
      ...this.#accessRules(credential),
    };
    return {
      userId: claims.userId,
      methods: claims.methods,
      scope: claims.scope,
      issuedAt: claims.issuedAt,
      expiresAt: claims.expiresAt,
      auditIds: claims.auditIds,
      trustId: claims.trustId,
      applicationCredentialId: claims.applicationCredentialId,
      identity,
      user,
      userDomain,
      project,
      projectDomain,
      domain,
      roles,
      trust,
      applicationCredential: credential,
    };
  }

  #accessRules(credential: ApplicationCredentialRow | null): Pick<Identity, "mayCall"> {
    if (credential === null || credential.access_rules === null) return {};
    const rules = this.#store.accessRules.getMany(JSON.parse(credential.access_rules) as string[]);
    return { mayCall: accessCheck(rules) };
  }

  /** The rows a scope names; null when one is missing or disabled. */
  #scope(scope: Scope): Pick<Token, "project" | "projectDomain" | "domain"> | null {
    const { projects } = this.#store;
    if (scope.kind === "none" || scope.kind === "system") return { project: null, projectDomain: null, domain: null };
    const row = projects.get(scope.id);
    if (row === undefined || row.enabled === 0) return null;
    if (scope.kind === "domain")
      return row.is_domain === 1 ? { project: null, projectDomain: null, domain: row } : null;
    const projectDomain = row.domain_id === null ? null : (projects.get(row.domain_id) ?? null);
    if (projectDomain?.enabled === 0) return null;
    return { project: row, projectDomain, domain: null };
  }

  #trustHolds(trust: TrustRow | null): trust is TrustRow {
    if (trust === null || trust.deleted_at !== null) return false;
    if (trust.expires_at !== null && trust.expires_at <= this.#kernel.clock.now()) return false;
    return [trust.trustor_user_id, trust.trustee_user_id].every((id) => {
      const user = this.#store.users.get(id);
      return user?.enabled === 1 && this.#store.projects.get(user.domain_id)?.enabled === 1;
    });
  }

  #credentialHolds(credential: ApplicationCredentialRow | null, claims: Claims): boolean {
    if (credential === null || credential.user_id !== claims.userId) return false;
    return credential.expires_at === null || credential.expires_at > this.#kernel.clock.now();
  }

  #rolesFor(
    claims: Claims,
    user: UserRow,
    project: ProjectRow | null,
    trust: TrustRow | null,
    credential: ApplicationCredentialRow | null,
  ): RoleRow[] {
    const { scope } = claims;
    if (scope.kind === "none") return [];
    if (scope.kind === "system") return this.#roles.onSystem(user.id);
    if (scope.kind === "domain") return this.#roles.onDomain(user.id, scope.id);
    if (project === null) return [];
    const delegated = trust?.roles ?? credential?.roles;
    if (delegated === undefined) return this.#roles.onProject(user.id, project);
    // A delegation gives the roles it names as long as whoever gave it still has every one of them.
    const giver = trust?.trustor_user_id ?? user.id;
    const held = new Set(this.#roles.onProject(giver, project).map(({ id }) => id));
    const given = JSON.parse(delegated) as string[];
    return given.every((id) => held.has(id)) ? this.#roles.expand(given) : [];
  }

  #isRevoked(claims: Claims, about: Pick<Token, "user" | "project" | "domain" | "trust">): boolean {
    const { user, project, domain, trust } = about;
    const revoked = this.#revocations();
    if (revoked.size === 0) return false;
    const keys = [
      `audit:${claims.auditIds[0]}`,
      `chain:${claims.auditIds.at(-1)}`,
      `user:${user.id}`,
      `domain:${user.domain_id}`,
    ];
    if (project !== null) keys.push(`project:${project.id}`, `domain:${project.domain_id}`);
    if (domain !== null) keys.push(`domain:${domain.id}`);
    // What takes a user's tokens back takes those of the user's trusts back, on either side.
    if (trust !== null) {
      keys.push(`trust:${trust.id}`, `user:${trust.trustor_user_id}`, `user:${trust.trustee_user_id}`);
    }
    if (claims.applicationCredentialId !== null) keys.push(`application_credential:${claims.applicationCredentialId}`);
    return keys.some((key) => {
      const before = revoked.get(key);
      return before !== undefined && claims.issuedAt <= before;
    });
  }

  #revocations(): Map<string, number> {
    if (this.#revoked !== null) return this.#revoked;
    this.#revoked = new Map();
    for (const { kind, value, issued_before } of this.#store.revocations.list()) {
      this.#revoked.set(`${kind}:${value}`, issued_before);
      this.#lastRevocation = Math.max(this.#lastRevocation, issued_before);
    }
    return this.#revoked;
  }

  /** Whether it was made here, be it still good or not. */
  sealed(token: string): boolean {
    return this.#open(token) !== null;
  }

  #open(token: string): Claims | null {
    const payload = this.#sealer().open(token);
    return payload === null ? null : unpack(payload);
  }

  #sealer(): Fernet {
    if (this.#fernet !== null) return this.#fernet;
    let key = this.#store.secrets.get(KEY_NAME);
    if (key === null) {
      key = Fernet.newKey();
      this.#store.secrets.set(KEY_NAME, key);
    }
    this.#fernet = new Fernet(key);
    return this.#fernet;
  }
}

const FORMAT = 1;
const KINDS = ["none", "system", "project", "domain"] as const;

function pack(claims: Claims): Buffer {
  const { scope } = claims;
  return Buffer.from(
    JSON.stringify([
      FORMAT,
      claims.userId,
      claims.methods.join(","),
      KINDS.indexOf(scope.kind),
      "id" in scope ? scope.id : "",
      claims.issuedAt,
      claims.expiresAt,
      claims.auditIds.join(","),
      claims.trustId ?? "",
      claims.applicationCredentialId ?? "",
    ]),
  );
}

/** Null for a format of another version. What is inside was sealed by us, so it is not checked further. */
function unpack(payload: Buffer): Claims | null {
  const fields = JSON.parse(payload.toString()) as unknown[];
  if (fields[0] !== FORMAT) return null;
  const [, userId, methods, kindIndex, id, issuedAt, expiresAt, auditIds, trustId, credentialId] = fields as [
    number,
    string,
    string,
    number,
    string,
    number,
    number,
    string,
    string,
    string,
  ];
  const kind = KINDS[kindIndex] ?? "none";
  return {
    userId,
    methods: methods.split(","),
    scope: kind === "project" || kind === "domain" ? { kind, id } : { kind },
    issuedAt,
    expiresAt,
    auditIds: auditIds.split(","),
    trustId: trustId === "" ? null : trustId,
    applicationCredentialId: credentialId === "" ? null : credentialId,
  };
}
