import { uuid } from "../../../kernel/ids/ids.ts";
import { actionInProgress, notFound } from "../errors.ts";
import type { Environment } from "../language/environment.ts";
import type { SnapshotRow } from "../store/snapshots.ts";
import type { StackRow } from "../store/stacks.ts";
import type { Core } from "./core.ts";
import type { StackManager } from "./stacks.ts";

/** Points in time of a stack, and the way back to one. */
export class SnapshotManager {
  readonly #core: Core;
  readonly #stacks: StackManager;

  constructor(core: Core, stacks: StackManager) {
    this.#core = core;
    this.#stacks = stacks;
  }

  list(stack: StackRow): SnapshotRow[] {
    return this.#core.snapshots.of(stack.id);
  }

  /** Errors: 404. */
  get(stack: StackRow, id: string): SnapshotRow {
    const snapshot = this.#core.snapshots.get(id);
    if (snapshot?.stack_id !== stack.id) throw notFound(`Snapshot with id ${id} not found`);
    return snapshot;
  }

  /** Errors: 409 while something else is done to the stack. */
  create(stack: StackRow, name: string | null): SnapshotRow {
    return this.#core.kernel.db.transaction(() => {
      const present = this.#core.stacks.get(stack.id) ?? stack;
      if (present.status === "IN_PROGRESS") throw actionInProgress(present.name, present.action);
      const snapshot = this.#core.snapshots.insert({
        id: uuid(),
        stack_id: stack.id,
        name,
        status: "IN_PROGRESS",
        status_reason: null,
        data: null,
        created_at: this.#core.now,
      });
      this.#stacks.begin(present, "SNAPSHOT");
      return snapshot;
    });
  }

  /** Errors: 409 while it is being taken. */
  delete(stack: StackRow, { id, status }: SnapshotRow): void {
    if (status === "IN_PROGRESS") throw actionInProgress(stack.name, "SNAPSHOT");
    this.#core.snapshots.delete(id);
  }

  /** The stack becomes what its template was then. Errors: 409. */
  restore(stack: StackRow, { data }: SnapshotRow): void {
    this.#core.kernel.db.transaction(() => {
      const present = this.#core.stacks.get(stack.id) ?? stack;
      if (present.status === "IN_PROGRESS" || data === null) throw actionInProgress(present.name, present.action);
      const { template, files, environment } = data as Record<string, Record<string, unknown>>;
      const whole = { ...environment, encrypted_param_names: [] } as unknown as Environment;
      this.#stacks.restore(present, { data: template ?? {}, files: files ?? {}, environment: whole });
    });
  }
}
