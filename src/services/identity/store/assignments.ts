import type { Database } from "../../../kernel/db/database.ts";
import { condition, type Order, oneOf } from "../../../kernel/db/list.ts";
import { Rows } from "../../../kernel/db/rows.ts";
import type { AssignmentRow } from "./rows.ts";

const COLUMNS = "actor_type, actor_id, target_type, target_id, role_id, inherited";

/** Ids. */
export interface AssignmentSelection {
  actors?: readonly string[] | undefined;
  targets?: readonly string[] | undefined;
  roles?: readonly string[] | undefined;
  inherited?: 1 | undefined;
}

const BY_ACTOR: readonly Order[] = ["actor_id", "target_id", "role_id", "inherited"].map((expression) => ({
  expression,
  descending: false,
}));

/** Who has which role where. */
export class AssignmentStore {
  readonly #db: Database;
  readonly #rows: Rows<AssignmentRow>;
  readonly #changed: () => void;

  constructor(db: Database, changed: () => void) {
    this.#db = db;
    this.#changed = changed;
    this.#rows = new Rows(db, {
      select: `SELECT ${COLUMNS} FROM identity_assignments`,
      from: "identity_assignments",
      id: "actor_id",
    });
  }

  add(row: AssignmentRow): void {
    this.#db
      .prepare(
        `INSERT OR IGNORE INTO identity_assignments (${COLUMNS})
         VALUES (@actor_type, @actor_id, @target_type, @target_id, @role_id, @inherited)`,
      )
      .run(row);
    this.#changed();
  }

  /** False when there was none. */
  remove(row: AssignmentRow): boolean {
    const { changes } = this.#db
      .prepare(
        `DELETE FROM identity_assignments WHERE actor_type = @actor_type AND actor_id = @actor_id
         AND target_type = @target_type AND target_id = @target_id AND role_id = @role_id AND inherited = @inherited`,
      )
      .run(row);
    this.#changed();
    return changes > 0;
  }

  has(row: AssignmentRow): boolean {
    return this.on(row).some(({ role_id }) => role_id === row.role_id);
  }

  /** The assignments of one actor on one target, of one kind. */
  on(key: Omit<AssignmentRow, "role_id">): AssignmentRow[] {
    return this.#db
      .prepare<object, AssignmentRow>(
        `SELECT ${COLUMNS} FROM identity_assignments WHERE actor_type = @actor_type AND actor_id = @actor_id
         AND target_type = @target_type AND target_id = @target_id AND inherited = @inherited`,
      )
      .all(key);
  }

  /** Those of these actors, on these targets, with these roles; what is not named may be any. */
  list({ actors, targets, roles, inherited }: AssignmentSelection): AssignmentRow[] {
    return this.#rows.selected(
      {
        conditions: [
          ...(actors === undefined ? [] : [oneOf("actor_id", actors)]),
          ...(targets === undefined ? [] : [oneOf("target_id", targets)]),
          ...(roles === undefined ? [] : [oneOf("role_id", roles)]),
          ...(inherited === undefined ? [] : [condition("inherited = ?", inherited)]),
        ],
      },
      { order: BY_ACTOR },
    );
  }

  /** What a user has anywhere, through groups too. */
  ofUser(userId: string): AssignmentRow[] {
    return this.#db
      .prepare<[string, string], AssignmentRow>(
        `SELECT ${COLUMNS} FROM identity_assignments WHERE (actor_type = 'user' AND actor_id = ?) OR (actor_type = 'group'
         AND actor_id IN (SELECT group_id FROM identity_group_members WHERE user_id = ?))`,
      )
      .all(userId, userId);
  }

  forgetActor(actorId: string): void {
    this.#db.prepare("DELETE FROM identity_assignments WHERE actor_id = ?").run(actorId);
    this.#changed();
  }

  forgetTarget(targetId: string): void {
    this.#db.prepare("DELETE FROM identity_assignments WHERE target_id = ?").run(targetId);
    this.#changed();
  }
}
