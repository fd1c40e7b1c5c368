import { missing } from "../errors.ts";
import type { AssignmentRow, RoleRow } from "../store/rows.ts";
import type { Core } from "./core.ts";

/** Giving and taking roles. Tokens look their roles up when they are used: nothing else has to be taken back. */
export class Grants {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** The roles of one actor on one target, of one kind, whichever the row names. */
  on({ role_id: _any, ...key }: AssignmentRow): RoleRow[] {
    const all = this.#core.roles.all();
    return this.#core.store.assignments.list(key).flatMap(({ role_id }) => all.get(role_id) ?? []);
  }

  /** Errors: 404. */
  require(row: AssignmentRow): void {
    if (!this.#core.store.assignments.has(row)) throw absent(row);
  }

  /** One that is there already stays. */
  give(row: AssignmentRow): void {
    this.#core.store.assignments.add(row);
  }

  /** Errors: 404. */
  take(row: AssignmentRow): void {
    if (!this.#core.store.assignments.deleteWhere(row)) throw absent(row);
  }
}

const absent = ({ role_id, actor_id, target_id }: AssignmentRow) =>
  missing(
    "role assignment with role",
    `${role_id}, user or group: ${actor_id}, project, domain, or system: ${target_id}`,
  );
