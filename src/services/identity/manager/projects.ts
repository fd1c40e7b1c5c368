import { badRequest, forbidden, notFound } from "../../../kernel/errors.ts";
import { hexId } from "../../../kernel/ids/ids.ts";
import { immutableResource, missing, storeConflict } from "../errors.ts";
import type { ProjectRow } from "../store/rows.ts";
import type { Core } from "./core.ts";

/** keystone's max_project_tree_depth. */
const MAX_DEPTH = 5;
export const DEFAULT_DOMAIN = "default";
/** Of one project. */
export const MAX_TAGS = 80;

export interface ProjectChanges {
  name?: string;
  description?: string;
  enabled?: boolean;
  options?: Record<string, unknown>;
  tags?: readonly string[];
  /** The whole of it, as JSON. */
  extra?: string;
}

export interface NewProject extends ProjectChanges {
  id?: string;
  name: string;
  domainId: string | null;
  parentId: string | null;
  isDomain: boolean;
}

/** Projects, and domains: projects that act as such. */
export class ProjectManager {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Errors: 404. */
  get(id: string): ProjectRow {
    const row = this.#core.store.projects.get(id);
    if (row === undefined) throw missing("project", id);
    return row;
  }

  /** Errors: 404 for a project that is none. */
  domain(id: string): ProjectRow {
    const row = this.#core.store.projects.get(id);
    if (row === undefined || row.is_domain === 0) throw missing("domain", id);
    return row;
  }

  /** Errors: 404 for parent or domain, 400 when they do not go together, 403 for depth or a disabled branch, 409 for the name. */
  create(project: NewProject): ProjectRow {
    const { store, kernel } = this.#core;
    return kernel.db.transaction(() => {
      const { domainId, parentId } = this.#place(project);
      this.#requireFreeName(project.name, domainId, null);
      const row = store.projects.insert({
        id: project.id ?? hexId(),
        name: project.name,
        domain_id: domainId,
        parent_id: parentId,
        is_domain: project.isDomain ? 1 : 0,
        description: project.description ?? "",
        enabled: project.enabled === false ? 0 : 1,
        extra: project.extra ?? "{}",
        options: optionsOf("{}", project.options),
        created_at: kernel.clock.now(),
      });
      if (project.tags !== undefined) store.memberships.setTags(row.id, project.tags);
      return row;
    });
  }

  /** Errors: 403 for an immutable one or for disabling above enabled ones, 409 for the name. */
  update(row: ProjectRow, changes: ProjectChanges): ProjectRow {
    const { store, kernel, tokens } = this.#core;
    return kernel.db.transaction(() => {
      if (isImmutable(row.options) && !setsMutable(changes.options)) {
        throw immutableResource(row.is_domain === 1 ? "domain" : "project", row.id);
      }
      if (changes.name !== undefined && changes.name !== row.name) {
        this.#requireFreeName(changes.name, row.domain_id, row.id);
      }
      if (changes.enabled === false && row.enabled === 1) {
        if (row.is_domain === 0 && this.children(row.id).some((child) => child.enabled === 1)) {
          throw forbidden(`Cannot disable project ${row.id} since its subtree contains enabled projects.`);
        }
        tokens.revoke(row.is_domain === 1 ? "domain" : "project", row.id);
      }
      if (changes.enabled === true && row.enabled === 0) this.#requireEnabledAbove(row);
      store.projects.update(row.id, {
        ...(changes.name === undefined ? {} : { name: changes.name }),
        ...(changes.description === undefined ? {} : { description: changes.description }),
        ...(changes.enabled === undefined ? {} : { enabled: changes.enabled ? 1 : 0 }),
        ...(changes.extra === undefined ? {} : { extra: changes.extra }),
        ...(changes.options === undefined ? {} : { options: optionsOf(row.options, changes.options) }),
      });
      if (changes.tags !== undefined) store.memberships.setTags(row.id, changes.tags);
      return this.get(row.id);
    });
  }

  /** Errors: 403 for an immutable one, or one that is not a leaf. */
  delete(row: ProjectRow): void {
    if (row.is_domain === 1) {
      this.deleteDomain(row);
      return;
    }
    this.#core.kernel.db.transaction(() => {
      if (isImmutable(row.options)) throw immutableResource("project", row.id);
      if (this.children(row.id).length > 0) {
        throw forbidden(
          `Cannot delete the project ${row.id} since it is not a leaf in the hierarchy. Use the cascade option if you want to delete a whole subtree.`,
        );
      }
      this.#forget(row);
    });
  }

  /** With everything in it. Errors: 403 while it is enabled, for an immutable one, and for the default domain. */
  deleteDomain(row: ProjectRow): void {
    const { store, kernel, tokens } = this.#core;
    if (row.id === DEFAULT_DOMAIN) throw forbidden("Cannot delete the default domain.");
    if (isImmutable(row.options)) throw immutableResource("domain", row.id);
    if (row.enabled === 1) throw forbidden("Cannot delete a domain that is enabled, please disable it first.");
    kernel.db.transaction(() => {
      for (const user of store.users.list({ domain_id: row.id })) this.forgetUser(user.id);
      for (const group of store.groups.list({ domain_id: row.id })) {
        store.assignments.deleteWhere({ actor_id: group.id });
        store.groups.delete(group.id);
      }
      store.roles.deleteWhere({ domain_id: row.id });
      // Deepest first: a parent cannot go before its children.
      const projects = store.projects.list({ domain_id: row.id });
      const depth = (project: ProjectRow) => this.#core.roles.ancestors(project).length;
      const ordered = projects.map((project) => ({ project, depth: depth(project) }));
      for (const { project } of ordered.sort((a, b) => b.depth - a.depth)) this.#forget(project);
      tokens.revoke("domain", row.id);
      this.#forget(row);
    });
  }

  /** A user with all that hangs on it. Call it in a transaction. */
  forgetUser(userId: string): void {
    const { store, tokens } = this.#core;
    store.assignments.deleteWhere({ actor_id: userId });
    store.credentials.deleteWhere({ user_id: userId });
    store.trusts.deleteWhere({ trustor_user_id: userId });
    store.trusts.deleteWhere({ trustee_user_id: userId });
    store.users.delete(userId);
    tokens.revoke("user", userId);
  }

  /** In place of all that it has. */
  setTags(id: string, tags: readonly string[]): void {
    const { store, kernel } = this.#core;
    kernel.db.transaction(() => store.memberships.setTags(id, tags));
  }

  /** Errors: 400 for one too many. */
  addTag(id: string, tag: string): void {
    const { memberships } = this.#core.store;
    if (memberships.tagsOf(id).length >= MAX_TAGS) {
      throw badRequest(`A project can have at most ${MAX_TAGS} tags.`);
    }
    memberships.tags.add({ project_id: id, name: tag });
  }

  /** Errors: 404. */
  requireTag(id: string, tag: string): void {
    if (this.#core.store.memberships.tags.has({ project_id: id, name: tag })) return;
    throw notFound(`Could not find project tag: ${tag}.`);
  }

  /** Errors: 404. */
  removeTag(id: string, tag: string): void {
    this.requireTag(id, tag);
    this.#core.store.memberships.tags.deleteWhere({ project_id: id, name: tag });
  }

  children(id: string): ProjectRow[] {
    return this.#core.store.projects.list({ parent_id: id, is_domain: 0 });
  }

  /** All below, nearest first. */
  subtree(id: string): ProjectRow[] {
    const children = this.children(id);
    return [...children, ...children.flatMap((child) => this.subtree(child.id))];
  }

  #forget(row: ProjectRow): void {
    const { store, tokens } = this.#core;
    store.assignments.deleteWhere({ target_id: row.id });
    store.credentials.deleteWhere({ project_id: row.id });
    store.trusts.deleteWhere({ project_id: row.id });
    store.applicationCredentials.deleteWhere({ project_id: row.id });
    store.limits.deleteWhere({ project_id: row.id });
    store.limits.deleteWhere({ domain_id: row.id });
    for (const user of store.users.list({ default_project_id: row.id })) {
      store.users.update(user.id, { default_project_id: null });
    }
    store.projects.delete(row.id);
    if (row.is_domain === 0) {
      tokens.revoke("project", row.id);
    }
  }

  #place({ isDomain, domainId, parentId }: NewProject): { domainId: string | null; parentId: string | null } {
    if (isDomain) {
      if (parentId !== null) {
        throw badRequest("A domain has no parent: leave parent_id out of a project that acts as a domain.");
      }
      return { domainId: null, parentId: null };
    }
    if (parentId === null) {
      const domain = this.domain(domainId ?? DEFAULT_DOMAIN);
      return { domainId: domain.id, parentId: domain.id };
    }
    const parent = this.get(parentId);
    const domain = parent.is_domain === 1 ? parent.id : parent.domain_id;
    if (domainId !== null && domainId !== domain) {
      throw badRequest(
        `Cannot create project, since it specifies its domain_id ${domainId}, but specifies a parent in a different domain (${domain}).`,
      );
    }
    const above = [parent, ...this.#core.roles.ancestors(parent)];
    const disabled = above.find((project) => project.enabled === 0);
    if (disabled !== undefined) {
      throw forbidden(`cannot create a project in a branch containing a disabled project: ${disabled.id}`);
    }
    if (above.length > MAX_DEPTH) throw forbidden(`Max hierarchy depth reached for ${parent.id} branch.`);
    return { domainId: domain, parentId };
  }

  #requireEnabledAbove(row: ProjectRow): void {
    const disabled = this.#core.roles.ancestors(row).find((project) => project.enabled === 0);
    if (disabled !== undefined) {
      throw forbidden(`cannot enable project ${row.id} since it has disabled parents`);
    }
  }

  #requireFreeName(name: string, domainId: string | null, exceptId: string | null): void {
    const taken = this.#core.store.projects.find({ domain_id: domainId, name });
    if (taken === undefined || taken.id === exceptId) return;
    throw storeConflict(
      "project",
      domainId === null
        ? `it is not permitted to have two projects acting as domains with the same name: ${name}`
        : `it is not permitted to have two projects with either the same name or same id in the same domain: name is ${name}, project id ${taken.id}`,
    );
  }
}

/** Stored options with changes laid over; null takes one back to its default. */
export function optionsOf(stored: string, changes: Record<string, unknown> | undefined): string {
  const merged = { ...(JSON.parse(stored) as Record<string, unknown>), ...changes };
  return JSON.stringify(Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null)));
}

export const isImmutable = (options: string): boolean =>
  (JSON.parse(options) as Record<string, unknown>).immutable === true;

/** A change that takes the protection away may come with others. */
export const setsMutable = (options: Record<string, unknown> | undefined): boolean =>
  options !== undefined && "immutable" in options && options.immutable !== true;
