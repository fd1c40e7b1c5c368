import { heatError } from "../errors.ts";
import type { ResourceRow } from "../store/resources.ts";
import type { StackRow } from "../store/stacks.ts";
import type { Core } from "./core.ts";
import type { StackModel } from "./model.ts";
import type { WorkLimits } from "./resource-work.ts";

type Hook = "pre-create" | "pre-update" | "pre-delete" | "post-create" | "post-update" | "post-delete";

const WORD: Readonly<Record<string, string>> = { create: "CREATE", update: "UPDATE", delete: "DELETE" };

/** Places where an environment asks to stop until somebody says to go on. */
export class Hooks {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Waits there, if that is asked for, until a signal takes the hook away. */
  async pass(
    stack: StackRow,
    model: StackModel,
    { id, name }: ResourceRow,
    hook: Hook,
    { signal, deadline }: WorkLimits,
  ): Promise<void> {
    if (!model.source.registry.hasHook(name, hook)) return;
    const row = this.#core.resources.get(id);
    if (row === undefined) return;
    const key = `${hook}@${stack.traversal}`;
    if (row.data[key] === undefined) {
      this.#core.kernel.db.transaction(() => {
        this.#core.setResource(id, { data: { ...row.data, [key]: "set", [hook]: true } });
        const action = WORD[hook.split("-")[1] ?? ""] ?? "CREATE";
        this.#core.recordResource(stack, row, row.action, row.status, `${action} paused until Hook ${hook} is cleared`);
      });
    }
    while (this.#isSet(id, hook)) {
      await this.#core.pause(Math.max(1, Math.min(60_000, deadline - this.#core.now)), signal);
      signal.throwIfAborted();
      if (this.#core.now >= deadline) throw new Error("Timed out");
    }
  }

  #isSet(id: string, hook: Hook): boolean {
    return this.#core.resources.get(id)?.data[hook] === true;
  }

  /** Errors: 400 where it does not wait there. */
  clear(stack: StackRow, row: ResourceRow, hook: unknown, describe: string): void {
    if (typeof hook !== "string" || row.data[hook] !== true) {
      throw heatError("InvalidBreakPointHook", `The "${String(hook)}" hook is not defined on ${describe}`);
    }
    this.#core.kernel.db.transaction(() => {
      const { [hook]: _cleared, ...data } = row.data;
      this.#core.setResource(row.id, { data });
      this.#core.recordResource(stack, row, row.action, row.status, `Hook ${hook} is cleared`);
    });
  }

  /** A hook that nobody waits at any more. */
  clearStale(stack: StackRow, row: ResourceRow): void {
    if (row.data["pre-update"] !== true) return;
    const { "pre-update": _stale, ...data } = row.data;
    this.#core.setResource(row.id, { data });
    this.#core.recordResource(stack, row, row.action, row.status, "Hook pre-update is cleared");
  }
}
