import type { Database } from "../../../kernel/db/database.ts";
import { condition, type Order, oneOf } from "../../../kernel/db/list.ts";
import { Relation } from "../../../kernel/db/relation.ts";
import { Rows } from "../../../kernel/db/rows.ts";
import type { AssignmentRow } from "./rows.ts";

/** Ids. */
export interface AssignmentSelection {
  actors?: readonly string[] | undefined;
  targets?: readonly string[] | undefined;
  roles?: readonly string[] | undefined;
  inherited?: 1 | undefined;
}

const ORDER = ["actor_id", "target_id", "role_id", "inherited"];
const BY_ACTOR: readonly Order[] = ORDER.map((expression) => ({ expression, descending: false }));

/** Who has which role where. */
export class AssignmentStore extends Relation<AssignmentRow> {
  readonly #rows: Rows<AssignmentRow>;

  constructor(db: Database, onWrite: () => void) {
    const columns = ["actor_type", "actor_id", "target_type", "target_id", "role_id", "inherited"] as const;
    super(db, "identity_assignments", columns, { onWrite, order: ORDER.join(", ") });
    this.#rows = new Rows(db, { ...this.source, id: "actor_id" });
  }

  /** Those of these actors, on these targets, with these roles; what is not named may be any. */
  selected({ actors, targets, roles, inherited }: AssignmentSelection): AssignmentRow[] {
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
    return this.db
      .prepare<[string, string], AssignmentRow>(
        `${this.source.select} WHERE (actor_type = 'user' AND actor_id = ?) OR (actor_type = 'group'
         AND actor_id IN (SELECT group_id FROM identity_group_members WHERE user_id = ?))`,
      )
      .all(userId, userId);
  }
}
