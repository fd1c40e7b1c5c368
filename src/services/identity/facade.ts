import type { KeyObject } from "node:crypto";
import type { Identity } from "../../kernel/auth/context.ts";

/** A project as other services see it. */
export interface ProjectInfo {
  readonly id: string;
  readonly name: string;
  readonly domainId: string;
  readonly enabled: boolean;
}

/** A user as other services see it. */
export interface UserInfo {
  readonly id: string;
  readonly name: string;
  readonly domainId: string;
  readonly enabled: boolean;
  readonly defaultProjectId: string | null;
}

/** An EC2 access key with what a dialect needs to check signatures by itself; its secret stays here. */
export interface Ec2Credential {
  readonly access: string;
  /** AWS's signature version 4: the key that signs for this day ("20261130"), region and service, and for nothing else. */
  signingKey(date: string, region: string, service: string): KeyObject;
  /** AWS's signature version 2, base64 of HMAC-SHA1. Text as headers carry it: one character a byte. */
  sign(text: string): string;
  /** Whom the key speaks for: its user on its project, with that user's present roles there. */
  readonly identity: Identity;
}

/** One service of the catalog, in the shape of a v3 token's `catalog`. */
export interface CatalogEntry {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly endpoints: readonly {
    readonly id: string;
    readonly interface: string;
    readonly region_id: string | null;
    readonly region: string | null;
    readonly url: string;
  }[];
}

/** Accounts that a service makes for guests to call the cloud with, in a domain of its own. All but the password at once, in the caller's transaction. */
export interface OwnAccounts {
  /** Makes the domain and these roles where they are missing. The domain's id. */
  prepare(roles: readonly string[]): string;
  /** The id of the user of this name, who has this role alone on the project; both are made where they are missing. */
  makeUser(wanted: {
    readonly project: { readonly id: string; readonly name: string; readonly description: string };
    readonly name: string;
    readonly role: string;
  }): string;
  /** An EC2 key of the user: always the same. */
  key(userId: string, projectId: string): { readonly access: string; readonly secret: string };
  setPassword(userId: string, password: string): Promise<void>;
  /** A token of the user, as long as tokens live; null while it is disabled or gone. */
  token(userId: string, projectId: string): string | null;
  /** Disabling voids its tokens. What is gone is no error, here and below. */
  setEnabled(userId: string, enabled: boolean): void;
  deleteUser(userId: string): void;
  /** With its users. */
  deleteProject(projectId: string): void;
}

/** The verbs other services may call. All of them answer at once, from memory or the local database. */
export interface IdentityFacade {
  /** Null when the token is unknown, malformed, expired or revoked. Cheap: answered from memory for a token seen before. */
  authenticate(token: string): Identity | null;
  /** The credential of an access key whose user and project are enabled and still have a role together; null otherwise. */
  authenticateWithEc2(access: string): Ec2Credential | null;
  /**
   * The user on the project, with those of the roles (by name) that are still theirs there: for work that goes on when they have left. Null
   * when nothing is left of them.
   */
  actAs(who: { userId: string; projectId: string; roles: readonly string[] }): Identity | null;
  /** Null when there is none; a domain is none. */
  getProject(id: string): ProjectInfo | null;
  /** By name within a domain (its id, by default "default"). */
  findProject(name: string, domainId?: string): ProjectInfo | null;
  /** The project of the services' own accounts; null before it was made. */
  serviceProject(): ProjectInfo | null;
  getUser(id: string): UserInfo | null;
  /** Accounts in the domain of this name, which no other service uses. */
  ownAccounts(domain: { readonly name: string; readonly description: string }): OwnAccounts;
}

declare module "../../kernel/module.ts" {
  interface Facades {
    identity: IdentityFacade;
  }
}
