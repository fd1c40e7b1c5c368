import { badRequest, forbidden } from "../../../kernel/errors.ts";
import { hexId } from "../../../kernel/ids/ids.ts";
import { missing } from "../errors.ts";
import type { RoleRow, TrustRow } from "../store/rows.ts";
import type { Core } from "./core.ts";
import { expiry } from "./expiry.ts";
import type { Token } from "./tokens.ts";

export interface NewTrust {
  trustorId: string;
  trusteeId: string;
  /** Null: no roles are lent anywhere, only the name. */
  projectId: string | null;
  impersonation: boolean;
  /** By id, or by the name of a global one. */
  roles: readonly { id?: string; name?: string }[];
  /** As the request has it: ISO 8601. */
  expiresAt: string | null;
  /** Null: as often as wanted. */
  remainingUses: number | null;
  allowRedelegation: boolean;
}

/** Trusts: a user lets another act with some of the own roles on a project. */
export class TrustManager {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Errors: 404, also for one that has ended. */
  get(id: string): TrustRow {
    const row = this.#core.store.trusts.get(id);
    if (row === undefined || !this.isAlive(row)) throw missing("trust", id);
    return row;
  }

  isAlive({ deleted_at, expires_at }: TrustRow): boolean {
    return deleted_at === null && (expires_at === null || expires_at > this.#core.kernel.clock.now());
  }

  rolesOf({ roles }: TrustRow): RoleRow[] {
    return (JSON.parse(roles) as string[]).flatMap((id) => this.#core.roles.all().get(id) ?? []);
  }

  /**
   * `sender` is the trustor's token. Errors: 403 for another's or one that came by a trust itself, 400 for what does not go together or a
   * malformed time, 404 for the trustee, the project, and roles that are not there or not the trustor's.
   */
  create(trust: NewTrust, sender: Token | null, userId: string): TrustRow {
    const { store, kernel } = this.#core;
    const { trustorId, trusteeId, projectId } = trust;
    if (sender?.trust != null) throw forbidden("Redelegation of trusts is not supported.");
    if (trustorId !== userId) throw forbidden("The authenticated user should match the trustor");
    if (trust.allowRedelegation && trust.remainingUses !== null) {
      throw badRequest("remaining_uses must not be set if redelegation is allowed.");
    }
    if (store.users.get(trusteeId) === undefined) throw missing("user", trusteeId);
    return store.trusts.insert({
      id: hexId(),
      trustor_user_id: trustorId,
      trustee_user_id: trusteeId,
      project_id: projectId,
      impersonation: trust.impersonation ? 1 : 0,
      roles: JSON.stringify(this.#delegated(trust)),
      expires_at: expiry(trust.expiresAt, kernel.clock.now()),
      remaining_uses: trust.remainingUses,
      redelegated_trust_id: null,
      redelegation_count: 0,
      deleted_at: null,
      extra: "{}",
    });
  }

  /** Voids the tokens that came by it. */
  delete({ id }: TrustRow): void {
    const { store, kernel, tokens } = this.#core;
    kernel.db.transaction(() => {
      store.trusts.update(id, { deleted_at: kernel.clock.now() });
      tokens.revoke("trust", id);
    });
  }

  /** Ids of the roles that are named, which the trustor must have on the project. */
  #delegated({ roles: named, trustorId, projectId }: NewTrust): string[] {
    const { store, roles } = this.#core;
    const ids = named.map(({ id, name = "" }) => {
      const role = id !== undefined ? roles.all().get(id) : store.roles.find({ domain_id: null, name });
      if (role === undefined) throw missing("role", id ?? name);
      return role.id;
    });
    if (projectId === null) return ids;
    if (ids.length === 0) throw forbidden("At least one role should be specified.");
    const project = store.projects.get(projectId);
    if (project === undefined) throw missing("project", projectId);
    const held = new Set(roles.onProject(trustorId, project).map(({ id }) => id));
    const lacking = ids.find((id) => !held.has(id));
    if (lacking === undefined) return ids;
    throw missing(
      "role assignment with role",
      `${lacking}, user or group: ${trustorId}, project, domain, or system: ${projectId}`,
    );
  }
}
