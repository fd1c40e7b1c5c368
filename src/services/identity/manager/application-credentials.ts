import { randomBytes } from "node:crypto";
import { badRequest, forbidden } from "../../../kernel/errors.ts";
import { hexId } from "../../../kernel/ids/ids.ts";
import { isoMicrosNaive } from "../../../kernel/time/clock.ts";
import { missing, storeConflict } from "../errors.ts";
import type { AccessRuleRow, ApplicationCredentialRow } from "../store/rows.ts";
import type { Core } from "./core.ts";
import { requireNoTrust, requireUnrestricted } from "./delegation.ts";
import { expiry } from "./expiry.ts";
import type { Token } from "./tokens.ts";

/** By id, or by name in any case. */
export interface RoleNamed {
  id?: string;
  name?: string;
}

/** One that is there already, or what a new one allows. */
export interface RuleGiven {
  id?: string;
  service?: string;
  path?: string;
  method?: string;
}

export interface NewApplicationCredential {
  name: string;
  description: string | null;
  /** Null: one is made up. */
  secret: string | null;
  /** As the request has it: ISO 8601. */
  expiresAt: string | null;
  unrestricted: boolean;
  /** Empty: all that the sender has. */
  roles: readonly RoleNamed[];
  /** Null: everything is allowed. */
  accessRules: readonly RuleGiven[] | null;
}

/** Application credentials and the access rules that limit them. `sender` is the token of who asks, null for the cloud itself. */
export class ApplicationCredentials {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /**
   * One of a user on the project of the sender's token, and its secret. Errors: 403 for a delegated sender, 400 for one without a
   * project, for a role that it has not, for a malformed rule or time, 404 for a rule, 409 for the name.
   */
  async create(
    userId: string,
    given: NewApplicationCredential,
    sender: Token | null,
  ): Promise<{ row: ApplicationCredentialRow; secret: string }> {
    const { store, kernel, passwords } = this.#core;
    requireUnrestricted(sender, "application credentials");
    requireNoTrust(sender);
    const projectId = sender?.identity.projectId ?? null;
    if (sender === null || projectId === null) {
      throw badRequest("Invalid application credential: a project-scoped token is needed.");
    }
    const secret = given.secret ?? randomBytes(64).toString("base64url");
    const hash = await passwords.hash(secret);
    const row = kernel.db.transaction(() => {
      const { name } = given;
      if (store.applicationCredentials.find({ user_id: userId, name }) !== undefined) {
        throw storeConflict("application_credential", `Duplicate entry found with name ${name}`);
      }
      return store.applicationCredentials.insert({
        id: hexId(),
        user_id: userId,
        project_id: projectId,
        name,
        description: given.description,
        secret_hash: hash,
        roles: JSON.stringify(rolesOf(given.roles, sender)),
        unrestricted: given.unrestricted ? 1 : 0,
        ...this.#expiry(given.expiresAt),
        access_rules: given.accessRules === null ? null : JSON.stringify(this.#rules(given.accessRules, userId)),
        created_at: kernel.clock.now(),
      });
    });
    return { row, secret };
  }

  /** Errors: 403 for a restricted sender. */
  delete({ id }: ApplicationCredentialRow, sender: Token | null): void {
    requireUnrestricted(sender, "application credentials");
    this.#core.store.applicationCredentials.delete(id);
  }

  /** Null: everything is allowed. */
  rulesOf({ access_rules }: ApplicationCredentialRow): AccessRuleRow[] | null {
    if (access_rules === null) return null;
    return this.#core.store.accessRules.getMany(JSON.parse(access_rules) as string[]);
  }

  /** Errors: 403 for one that a credential has. */
  deleteRule({ id, user_id }: AccessRuleRow): void {
    const { store, kernel } = this.#core;
    kernel.db.transaction(() => {
      const credentials = store.applicationCredentials.list({ user_id });
      if (credentials.some(({ access_rules }) => access_rules?.includes(id) === true)) {
        throw forbidden("May not delete access rule in use");
      }
      store.accessRules.delete(id);
    });
  }

  /** The end as it counts, and as it is shown: to the microsecond that was given. */
  #expiry(given: string | null): Pick<ApplicationCredentialRow, "expires_at" | "expires_text"> {
    const expiresAt = expiry(given, this.#core.kernel.clock.now());
    if (expiresAt === null) return { expires_at: null, expires_text: null };
    const digits = /\.(\d{1,6})/.exec(given ?? "")?.[1] ?? "";
    return {
      expires_at: expiresAt,
      expires_text: `${isoMicrosNaive(expiresAt).slice(0, 19)}.${digits.padEnd(6, "0")}`,
    };
  }

  /** Ids of the user's rules; those that are missing are made. */
  #rules(given: readonly RuleGiven[], userId: string): string[] {
    const { accessRules } = this.#core.store;
    return given.map(({ id, service, path, method }) => {
      if (id !== undefined) {
        if (accessRules.get(id)?.user_id !== userId) throw missing("Access Rule", id);
        return id;
      }
      if (service === undefined || path === undefined || method === undefined) {
        throw badRequest("An access rule needs service, path and method.");
      }
      const wanted = { user_id: userId, service, path, method };
      return (accessRules.find(wanted) ?? accessRules.insert({ id: hexId(), ...wanted })).id;
    });
  }
}

/** Ids of the roles that are asked for, which the sender must have. */
function rolesOf(given: readonly RoleNamed[], sender: Token): string[] {
  const held = sender.roles;
  if (given.length === 0) return held.map(({ id }) => id);
  return given.map(({ id, name }) => {
    const role = held.find((candidate) =>
      id === undefined ? candidate.name.toLowerCase() === name?.toLowerCase() : candidate.id === id,
    );
    if (role === undefined) {
      throw badRequest(
        `Invalid application credential: Could not find role assignment with role: ${id ?? name}, user or group: ${sender.userId}, project, domain, or system: ${sender.identity.projectId}.`,
      );
    }
    return role.id;
  });
}
