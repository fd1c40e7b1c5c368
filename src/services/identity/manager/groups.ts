import { notFound } from "../../../kernel/errors.ts";
import { hexId } from "../../../kernel/ids/ids.ts";
import { missing, storeConflict } from "../errors.ts";
import type { GroupRow, UserRow } from "../store/rows.ts";
import type { Core } from "./core.ts";
import type { ProjectManager } from "./projects.ts";

export interface GroupChanges {
  name?: string;
  description?: string;
  /** The whole of it, as JSON. */
  extra: string;
}

/** A group and a user, who is a member or not. */
export interface Membership {
  group: GroupRow;
  user: UserRow;
}

/** Groups and their members. */
export class GroupManager {
  readonly #core: Core;
  readonly #projects: ProjectManager;

  constructor(core: Core, projects: ProjectManager) {
    this.#core = core;
    this.#projects = projects;
  }

  /** Errors: 404. */
  get(id: string): GroupRow {
    const row = this.#core.store.groups.get(id);
    if (row === undefined) throw missing("group", id);
    return row;
  }

  /** Errors: 404 for the domain, 409 for the name. */
  create(group: GroupChanges & { name: string; domainId: string }): GroupRow {
    const { store, kernel } = this.#core;
    const { name, domainId, description = "", extra } = group;
    return kernel.db.transaction(() => {
      this.#projects.domain(domainId);
      this.#requireFreeName(name, domainId, null);
      return store.groups.insert({ id: hexId(), domain_id: domainId, name, description, extra });
    });
  }

  /** Errors: 409 for the name. */
  update({ id, domain_id }: GroupRow, changes: GroupChanges): GroupRow {
    const { store, kernel } = this.#core;
    return kernel.db.transaction(() => {
      if (changes.name !== undefined) this.#requireFreeName(changes.name, domain_id, id);
      store.groups.update(id, changes);
      return this.get(id);
    });
  }

  /** With its roles. */
  delete({ id }: GroupRow): void {
    const { store, kernel } = this.#core;
    kernel.db.transaction(() => {
      store.assignments.deleteWhere({ actor_id: id });
      store.groups.delete(id);
    });
  }

  /** Errors: 404. */
  requireMember({ group, user }: Membership): void {
    if (this.#core.store.memberships.members.has({ group_id: group.id, user_id: user.id })) return;
    throw notFound(`User '${user.id}' not found in group '${group.id}'`);
  }

  addMember({ group, user }: Membership): void {
    this.#core.store.memberships.members.add({ group_id: group.id, user_id: user.id });
  }

  /** Voids the user's tokens. Errors: 404. */
  removeMember(membership: Membership): void {
    const { store, kernel, tokens } = this.#core;
    const { group, user } = membership;
    kernel.db.transaction(() => {
      this.requireMember(membership);
      store.memberships.members.deleteWhere({ group_id: group.id, user_id: user.id });
      tokens.revoke("user", user.id);
    });
  }

  #requireFreeName(name: string, domainId: string, exceptId: string | null): void {
    const taken = this.#core.store.groups.find({ domain_id: domainId, name });
    if (taken === undefined || taken.id === exceptId) return;
    throw storeConflict("group", `Duplicate entry found with name ${name} at domain ID ${domainId}`);
  }
}
