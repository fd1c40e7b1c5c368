import { hexId } from "../../../kernel/ids/ids.ts";
import { missing } from "../errors.ts";
import type { PolicyRow } from "../store/rows.ts";
import type { Core } from "./core.ts";

export type NewPolicy = Omit<PolicyRow, "id">;

/** The old store of policy files: kept and given back, never looked into. */
export class PolicyFiles {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Errors: 404. */
  get(id: string): PolicyRow {
    const row = this.#core.store.policies.get(id);
    if (row === undefined) throw missing("policy", id);
    return row;
  }

  create(policy: NewPolicy): PolicyRow {
    return this.#core.store.policies.insert({ id: hexId(), ...policy });
  }

  update({ id }: PolicyRow, changes: Partial<NewPolicy>): PolicyRow {
    this.#core.store.policies.update(id, changes);
    return this.get(id);
  }

  delete({ id }: PolicyRow): void {
    this.#core.store.policies.delete(id);
  }
}
