import { isUnwritable } from "../../../kernel/db/unwritable.ts";
import type { ResourceRow } from "../store/resources.ts";
import type { StackRow } from "../store/stacks.ts";
import type { Core } from "./core.ts";
import type { StackModel } from "./model.ts";
import type { WorkLimits } from "./resource-work.ts";
import type { StackView } from "./stack-view.ts";

/** Milliseconds between two looks. */
const PAUSE = 50;
/** Kept in a resource's data while what it had is another's. */
const HANDED = "handed_over";

/**
 * What only one can have, an address or a port, goes from a resource to the one that replaces it before that is made, and back where the
 * stack goes back.
 */
export class Handover {
  readonly #core: Core;
  readonly #view: StackView;

  constructor(core: Core, view: StackView) {
    this.#core = core;
    this.#view = view;
  }

  /** Resolves when what the resource has is free. Errors: the signal's reason; otherwise none: making the other one tells. */
  async release(stack: StackRow, model: StackModel, row: ResourceRow, limits: WorkLimits): Promise<void> {
    const handle = this.#view.handle(model, stack, row);
    const { release } = handle.type;
    if (release === undefined || row.physical_id === null) return;
    handle.setData(HANDED, true);
    try {
      while (!(await release.call(handle.type, handle))) {
        if (this.#core.now >= limits.deadline) return;
        await this.#core.pause(PAUSE, limits.signal);
        limits.signal.throwIfAborted();
      }
    } catch (error) {
      if (isUnwritable(error) || limits.signal.aborted) throw error;
    }
  }

  /** Of a resource that stays after all: what it had handed over comes back to it. Answers the row as it is then. */
  async takeBack(stack: StackRow, model: StackModel, row: ResourceRow, limits: WorkLimits): Promise<ResourceRow> {
    if (row.data[HANDED] !== true) return row;
    for (const other of this.#core.resources.of(stack.id)) {
      if (other.replaces === row.id) await this.release(stack, model, other, limits);
    }
    const handle = this.#view.handle(model, stack, row);
    await handle.type.takeBack?.(handle);
    handle.setData(HANDED, null);
    return handle.row;
  }
}
