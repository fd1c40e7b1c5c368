import type { IdentityContext } from "../context.ts";
import { missing } from "../errors.ts";
import type { AssignmentRow, RoleRow } from "../store/rows.ts";

/** Giving and taking roles. Tokens look their roles up when they are used: nothing else has to be taken back. */
export class Grants {
  readonly #identity: IdentityContext;

  constructor(identity: IdentityContext) {
    this.#identity = identity;
  }

  /** The roles of one actor on one target, of one kind. */
  on(key: Omit<AssignmentRow, "role_id">): RoleRow[] {
    const all = this.#identity.roles.all();
    return this.#identity.store.assignments.on(key).flatMap(({ role_id }) => all.get(role_id) ?? []);
  }

  /** Errors: 404. */
  require(row: AssignmentRow): void {
    if (!this.#identity.store.assignments.has(row)) throw absent(row);
  }

  /** One that is there already stays. */
  give(row: AssignmentRow): void {
    this.#identity.store.assignments.add(row);
  }

  /** Errors: 404. */
  take(row: AssignmentRow): void {
    if (!this.#identity.store.assignments.remove(row)) throw absent(row);
  }
}

const absent = ({ role_id, actor_id, target_id }: AssignmentRow) =>
  missing(
    "role assignment with role",
    `${role_id}, user or group: ${actor_id}, project, domain, or system: ${target_id}`,
  );
