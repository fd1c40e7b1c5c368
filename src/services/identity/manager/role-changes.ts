import { conflict, forbidden, notFound } from "../../../kernel/errors.ts";
import { hexId } from "../../../kernel/ids/ids.ts";
import { immutableResource, missing, storeConflict } from "../errors.ts";
import type { RoleRow } from "../store/rows.ts";
import type { Core } from "./core.ts";
import { isImmutable, optionsOf, type ProjectManager, setsMutable } from "./projects.ts";

export interface RoleChanges {
  name?: string;
  description?: string | null;
  options?: Record<string, unknown>;
  /** The whole of it, as JSON. */
  extra: string;
}

/** Two roles, whether the one implies the other or not. */
export interface Implication {
  prior: RoleRow;
  implied: RoleRow;
}

/** Roles and which of them imply which. What somebody has of them is the RoleResolver's. */
export class RoleManager {
  readonly #core: Core;
  readonly #projects: ProjectManager;

  constructor(core: Core, projects: ProjectManager) {
    this.#core = core;
    this.#projects = projects;
  }

  /** Errors: 404. */
  get(id: string): RoleRow {
    const row = this.#core.roles.all().get(id);
    if (row === undefined) throw missing("role", id);
    return row;
  }

  /** Errors: 404 for the domain, 409 for the name. */
  create(role: RoleChanges & { name: string; domainId: string | null }): RoleRow {
    const { store, kernel } = this.#core;
    return kernel.db.transaction(() => {
      if (role.domainId !== null) this.#projects.domain(role.domainId);
      this.#requireFreeName(role.name, role.domainId, null);
      return store.roles.insert({
        id: hexId(),
        name: role.name,
        domain_id: role.domainId,
        description: role.description ?? null,
        options: optionsOf("{}", role.options),
        extra: role.extra,
      });
    });
  }

  /** Errors: 403 for an immutable one, 409 for the name. */
  update(row: RoleRow, changes: RoleChanges): RoleRow {
    const { store, kernel } = this.#core;
    const { name, description, options, extra } = changes;
    if (isImmutable(row.options) && !setsMutable(options)) throw immutableResource("role", row.id);
    return kernel.db.transaction(() => {
      if (name !== undefined) this.#requireFreeName(name, row.domain_id, row.id);
      store.roles.update(row.id, {
        ...(name === undefined ? {} : { name }),
        ...(description === undefined ? {} : { description }),
        ...(options === undefined ? {} : { options: optionsOf(row.options, options) }),
        extra,
      });
      return this.get(row.id);
    });
  }

  /** Errors: 403 for an immutable one. */
  delete(row: RoleRow): void {
    if (isImmutable(row.options)) throw immutableResource("role", row.id);
    this.#core.store.roles.delete(row.id);
  }

  /** What a role implies by itself. */
  impliedOf(priorId: string): RoleRow[] {
    const { store, roles } = this.#core;
    return store.memberships.implied.list().flatMap(({ prior_id, implied_id }) => {
      const role = prior_id === priorId ? roles.all().get(implied_id) : undefined;
      return role === undefined ? [] : [role];
    });
  }

  /** Errors: 404. */
  requireImplied({ prior, implied }: Implication): void {
    if (!this.#implies(prior, implied)) throw notFound(`${prior.id} does not imply ${implied.id}.`);
  }

  /** Errors: 403 for the admin's role and for one that would lead into one domain, 409 when it does already. */
  imply({ prior, implied }: Implication): void {
    if (implied.name === "admin" || (prior.domain_id === null && implied.domain_id !== null)) {
      throw forbidden(`${implied.id} cannot be an implied roles.`);
    }
    if (this.#implies(prior, implied)) {
      throw conflict("Conflict occurred attempting to store implied_role - Duplicate entry.");
    }
    this.#core.store.memberships.implied.add({ prior_id: prior.id, implied_id: implied.id });
  }

  /** Errors: 404. */
  unimply(pair: Implication): void {
    this.requireImplied(pair);
    this.#core.store.memberships.implied.deleteWhere({ prior_id: pair.prior.id, implied_id: pair.implied.id });
  }

  #implies(prior: RoleRow, implied: RoleRow): boolean {
    return this.impliedOf(prior.id).some(({ id }) => id === implied.id);
  }

  #requireFreeName(name: string, domainId: string | null, exceptId: string | null): void {
    const taken = this.#core.store.roles.find({ domain_id: domainId, name });
    if (taken === undefined || taken.id === exceptId) return;
    throw storeConflict("role", `Duplicate entry found with name ${name}`);
  }
}
