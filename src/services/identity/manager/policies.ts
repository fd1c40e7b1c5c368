import { hexId } from "../../../kernel/ids/ids.ts";
import type { IdentityContext } from "../context.ts";
import { missing } from "../errors.ts";
import type { PolicyRow } from "../store/rows.ts";

export type NewPolicy = Omit<PolicyRow, "id">;

/** The old store of policy files: kept and given back, never looked into. */
export class PolicyFiles {
  readonly #identity: IdentityContext;

  constructor(identity: IdentityContext) {
    this.#identity = identity;
  }

  /** Errors: 404. */
  get(id: string): PolicyRow {
    const row = this.#identity.store.policies.get(id);
    if (row === undefined) throw missing("policy", id);
    return row;
  }

  create(policy: NewPolicy): PolicyRow {
    return this.#identity.store.policies.insert({ id: hexId(), ...policy });
  }

  update({ id }: PolicyRow, changes: Partial<NewPolicy>): PolicyRow {
    this.#identity.store.policies.update(id, changes);
    return this.get(id);
  }

  delete({ id }: PolicyRow): void {
    this.#identity.store.policies.delete(id);
  }
}
