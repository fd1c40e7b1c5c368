import type { Identity } from "../auth/context.ts";

/** What is acted on, as far as rules ask. Undefined fields are not known and match no owner. */
export interface Target {
  projectId?: string | null;
  domainId?: string | null;
  userId?: string | null;
  [attribute: string]: unknown;
}

/**
 * A rule of one policy. `target` null asks "could this identity do it to any target at all?": the pipeline asks that
 * before a handler runs, and the handler asks again with the real target once it has loaded it.
 */
export interface Rule {
  /** As OpenStack writes it: "role:member and project_id:%(project_id)s". Shown in docs and traces. */
  readonly text: string;
  /** Whether the answer depends on whose the target is: a record with such a policy has to name what it touches (`of`). */
  readonly asksOwner: boolean;
  allows(identity: Identity, target: Target | null): boolean;
}

const rule = (text: string, allows: Rule["allows"]): Rule => ({ text, asksOwner: false, allows });

/** A rule about whose the target is. Services with owners of their own kind (a network's) write theirs with it. */
export const ownerRule = (text: string, allows: Rule["allows"]): Rule => ({ text, asksOwner: true, allows });

/** No token needed. The pipeline does not even look at one. */
export const anyone: Rule = rule("public", () => true);
export const authenticated: Rule = rule("@", () => true);
export const nobody: Rule = rule("!", () => false);

export const role = (name: string): Rule => rule(`role:${name}`, (identity) => identity.roles.has(name));
export const ownProject: Rule = ownerRule(
  "project_id:%(project_id)s",
  (identity, target) => identity.projectId !== null && (target === null || target.projectId === identity.projectId),
);
export const ownDomain: Rule = ownerRule(
  "domain_id:%(domain_id)s",
  (identity, target) => identity.domainId !== null && (target === null || target.domainId === identity.domainId),
);
export const ownUser: Rule = ownerRule(
  "user_id:%(user_id)s",
  (identity, target) => target === null || target.userId === identity.userId,
);
export const systemScope: Rule = rule("system_scope:all", (identity) => identity.system);

export const allOf = (...rules: Rule[]): Rule => ({
  text: rules.map(parenthesised).join(" and "),
  asksOwner: rules.some((r) => r.asksOwner),
  allows: (identity, target) => rules.every((r) => r.allows(identity, target)),
});
export const anyOf = (...rules: Rule[]): Rule => ({
  text: rules.map(parenthesised).join(" or "),
  asksOwner: rules.some((r) => r.asksOwner),
  allows: (identity, target) => rules.some((r) => r.allows(identity, target)),
});
const parenthesised = (r: Rule): string => (/ (and|or) /.test(r.text) ? `(${r.text})` : r.text);

/** The personas of OpenStack's "consistent and secure RBAC". */
export const admin: Rule = role("admin");
export const serviceRole: Rule = role("service");
export const adminOrService: Rule = anyOf(admin, serviceRole);
export const projectManager: Rule = allOf(role("manager"), ownProject);
export const projectMember: Rule = allOf(role("member"), ownProject);
export const projectReader: Rule = allOf(role("reader"), ownProject);
export const projectManagerOrAdmin: Rule = anyOf(admin, projectManager);
export const projectMemberOrAdmin: Rule = anyOf(admin, projectMember);
export const projectReaderOrAdmin: Rule = anyOf(admin, projectReader);

/** What a token is for. One without a scope counts as a project's, as oslo.policy has it. */
export type TokenScope = "project" | "domain" | "system";

/** Names the scopes that a policy takes tokens of; null: of any. */
export type ScopesOf = (policy: string) => readonly TokenScope[] | null;

export const scopeOf = ({ system, domainId }: Identity): TokenScope =>
  system ? "system" : domainId === null ? "project" : "domain";

/** The rule for tokens of these scopes alone. The cloud itself, which has no token, may ask with any. */
function withScopes(unscoped: Rule, scopes: readonly TokenScope[]): Rule {
  return {
    ...unscoped,
    allows: (identity, target) =>
      (identity.tokenId === "" || scopes.includes(scopeOf(identity))) && unscoped.allows(identity, target),
  };
}

/**
 * The rule together with what it was before there were readers and members (admin_or_owner of nova, neutron, cinder, and
 * glance's empty rule): any role in a project may do there what its members may. oslo.policy joins the two with "or".
 */
export function withOlder(present: Rule): Rule {
  return {
    ...present,
    allows: (identity, target) => present.allows(identity, target) || present.allows(asMember(identity), target),
  };
}

function asMember(identity: Identity): Identity {
  if (identity.projectId === null || identity.roles.size === 0) return identity;
  return { ...identity, roles: new Set([...identity.roles, "reader", "member"]) };
}

/** Policy name → rule, e.g. "os_compute_api:servers:create". */
export type PolicyTable = Readonly<Record<string, Rule>>;

/** All policies of a cloud. */
export class Policies {
  readonly #rules = new Map<string, Rule>();

  /** `scopesOf` is oslo.policy's scope_types where enforce_scope is on: a token of another scope is refused whatever its roles. */
  /** `older`: with the deprecated rules of enforce_new_defaults=False, see `withOlder`. */
  register(table: PolicyTable, scopesOf: ScopesOf = () => null, older = false): void {
    for (const [name, value] of Object.entries(table)) {
      if (this.#rules.has(name)) throw new Error(`policy ${name} is defined twice`);
      const scopes = value === anyone ? null : scopesOf(name);
      const rule = older && value !== anyone ? withOlder(value) : value;
      this.#rules.set(name, scopes === null ? rule : withScopes(rule, scopes));
    }
  }

  rule(name: string): Rule {
    const found = this.#rules.get(name);
    if (found === undefined) throw new Error(`there is no policy ${name}`);
    return found;
  }

  allows(name: string, identity: Identity, target: Target | null): boolean {
    return this.rule(name).allows(identity, target);
  }

  entries(): [string, Rule][] {
    return [...this.#rules];
  }
}
