import { badRequest } from "../errors.ts";

/** Who is asking, as their token says. Immutable; made once per token and shared by its requests. */
export interface Identity {
  readonly userId: string;
  readonly userName: string;
  readonly userDomainId: string;
  /** The scope: exactly one of these, or none (an unscoped token). */
  readonly projectId: string | null;
  readonly domainId: string | null;
  readonly system: boolean;
  readonly projectName: string | null;
  readonly projectDomainId: string | null;
  /** Role names, implied ones included (admin ⊃ manager ⊃ member ⊃ reader). */
  readonly roles: ReadonlySet<string>;
  /** Role `admin` in whatever scope: what most services mean by "admin". */
  readonly isAdmin: boolean;
  /** The project of the token is the admin project or the scope is system. Kept for keystone's own rules. */
  readonly tokenId: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /**
   * Present on tokens of an application credential with access rules: may it make this request to a service of these
   * catalog types? The path is without the service's prefix.
   */
  readonly mayCall?: (serviceTypes: readonly string[], method: string, path: string) => boolean;
}

/** Nobody in particular: who asks for what is public, or is up to access lists and signatures. */
export const ANONYMOUS: Identity = {
  userId: "",
  userName: "",
  userDomainId: "",
  projectId: null,
  domainId: null,
  system: false,
  projectName: null,
  projectDomainId: null,
  roles: new Set(),
  isAdmin: false,
  tokenId: "",
  expiresAt: Number.MAX_SAFE_INTEGER,
};

/** An Identity plus the one request it is used for. */
export interface RequestContext extends Identity {
  readonly requestId: string;
  /** Roles of X-Service-Token, where another service speaks on a user's behalf. */
  readonly serviceRoles: ReadonlySet<string>;
}

/** The token's project. Errors: 400 for a token without one (system or domain scope). */
export function projectOf({ projectId }: Identity): string {
  if (projectId === null) throw badRequest("A project-scoped token is needed for this.");
  return projectId;
}

/** Whether a thing of a project is there for the caller: administrators see those of all. */
export const sees = ({ isAdmin, projectId }: Identity, thing: { readonly project_id: string }): boolean =>
  isAdmin || thing.project_id === projectId;

/** Checks tokens. The identity service is the real one; it answers from memory where it can. */
export interface Authenticator {
  /** Null when the token is unknown, expired or revoked. */
  authenticate(token: string): Identity | null;
  /** How to get a token: the www-authenticate of a 401. */
  readonly challenge?: string;
}

/** The cloud itself, for work without a request: seeding, reconciling, operations. */
export function internalContext(requestId: string, projectId: string | null = null): RequestContext {
  return {
    requestId,
    userId: "tenrec",
    userName: "tenrec",
    userDomainId: "default",
    projectId,
    domainId: null,
    system: projectId === null,
    projectName: null,
    projectDomainId: null,
    roles: new Set(["admin", "manager", "member", "reader", "service"]),
    isAdmin: true,
    tokenId: "",
    expiresAt: Number.MAX_SAFE_INTEGER,
    serviceRoles: new Set(["service"]),
  };
}
