import type { AssignmentRow, ProjectRow, RoleRow } from "../store/rows.ts";
import type { IdentityStore } from "../store/store.ts";

interface Graph {
  generation: number;
  roles: Map<string, RoleRow>;
  /** Role → all it implies, directly or not. */
  closure: Map<string, readonly string[]>;
}

/** Works out which roles somebody really has: direct, through groups, inherited from above, and implied. */
export class RoleResolver {
  readonly #store: IdentityStore;
  #graph: Graph | null = null;

  constructor(store: IdentityStore) {
    this.#store = store;
  }

  onProject(userId: string, project: ProjectRow): RoleRow[] {
    const above = new Set(this.ancestors(project).map(({ id }) => id));
    return this.#held(
      userId,
      (row) =>
        (row.target_id === project.id && row.inherited === 0) || (row.inherited === 1 && above.has(row.target_id)),
    );
  }

  onDomain(userId: string, domainId: string): RoleRow[] {
    return this.#held(
      userId,
      (row) => row.target_type === "domain" && row.target_id === domainId && row.inherited === 0,
    );
  }

  onSystem(userId: string): RoleRow[] {
    return this.#held(userId, (row) => row.target_type === "system" && row.inherited === 0);
  }

  /** From the parent up to the domain. */
  ancestors(project: ProjectRow): ProjectRow[] {
    const found: ProjectRow[] = [];
    let parent = project.parent_id;
    while (parent !== null && found.length < 64) {
      const row = this.#store.projects.get(parent);
      if (row === undefined) break;
      found.push(row);
      parent = row.parent_id;
    }
    return found;
  }

  /** The projects a user could scope a token to, ordered by name; domains left out. */
  projectsOf(userId: string): ProjectRow[] {
    const rows = this.#counting(this.#store.assignments.ofUser(userId));
    const direct = new Set(rows.filter((row) => row.inherited === 0).map((row) => row.target_id));
    const above = new Set(rows.filter((row) => row.inherited === 1).map((row) => row.target_id));
    const ids = new Set([...direct, ...(above.size === 0 ? [] : this.#store.projects.below(above))]);
    return byName(this.#store.projects.getMany([...ids]).filter((project) => project.is_domain === 0));
  }

  domainsOf(userId: string): ProjectRow[] {
    const rows = this.#counting(this.#store.assignments.ofUser(userId));
    const ids = rows.filter((row) => row.target_type === "domain" && row.inherited === 0).map((row) => row.target_id);
    return byName(this.#store.projects.getMany(ids));
  }

  /** These roles and all they imply, without domain-specific ones (those count only through what they imply). */
  expand(roleIds: Iterable<string>): RoleRow[] {
    const { roles, closure } = this.#current();
    const all = new Set<string>();
    for (const id of roleIds) {
      all.add(id);
      for (const implied of closure.get(id) ?? []) all.add(implied);
    }
    return [...all].flatMap((id) => {
      const role = roles.get(id);
      return role === undefined || role.domain_id !== null ? [] : [role];
    });
  }

  /** All a role implies, directly or not; without itself. */
  impliedBy(roleId: string): readonly string[] {
    return this.#current().closure.get(roleId) ?? [];
  }

  /** Every role by its id. */
  all(): ReadonlyMap<string, RoleRow> {
    return this.#current().roles;
  }

  #held(userId: string, applies: (row: AssignmentRow) => boolean): RoleRow[] {
    return this.expand(
      this.#store.assignments
        .ofUser(userId)
        .filter(applies)
        .map((row) => row.role_id),
    );
  }

  /** Without assignments that give no role in the end (a domain role that implies nothing). */
  #counting(rows: AssignmentRow[]): AssignmentRow[] {
    return rows.filter((row) => this.expand([row.role_id]).length > 0);
  }

  #current(): Graph {
    const { generation } = this.#store;
    if (this.#graph?.generation === generation) return this.#graph;
    const roles = new Map(this.#store.roles.list().map((role) => [role.id, role]));
    const direct = new Map<string, string[]>();
    for (const { prior_id, implied_id } of this.#store.memberships.implied.list()) {
      direct.set(prior_id, [...(direct.get(prior_id) ?? []), implied_id]);
    }
    const closure = new Map<string, readonly string[]>();
    for (const id of roles.keys()) {
      const seen = new Set<string>();
      const queue = [...(direct.get(id) ?? [])];
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        if (seen.has(next) || next === id) continue;
        seen.add(next);
        queue.push(...(direct.get(next) ?? []));
      }
      closure.set(id, [...seen]);
    }
    this.#graph = { generation, roles, closure };
    return this.#graph;
  }
}

const byName = (rows: ProjectRow[]): ProjectRow[] =>
  rows.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
