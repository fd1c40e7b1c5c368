import { isUnwritable } from "../../../kernel/db/unwritable.ts";
import { messageOf } from "../../../kernel/errors.ts";
import { uuid } from "../../../kernel/ids/ids.ts";
import type { Logger } from "../../../kernel/log/logger.ts";
import { OperationCancelled, type OperationHandle, type OperationRun } from "../../../kernel/operations/operations.ts";
import { inverse } from "../language/graph.ts";
import type { Action } from "../states.ts";
import type { ResourceRow } from "../store/resources.ts";
import type { StackRow } from "../store/stacks.ts";
import type { Convergence } from "./convergence.ts";
import type { Core } from "./core.ts";
import { exported } from "./export.ts";
import { ResourceFailed, type ResourceWork, TimedOut, verbOf, type WorkLimits } from "./resource-work.ts";
import type { StackView } from "./stack-view.ts";
import { inDependencyOrder } from "./tasks.ts";

interface ActInput {
  id: string;
  traversal: string;
}

/** Carries out what a stack is at. */
export class Engine {
  readonly #core: Core;
  readonly #convergence: Convergence;
  readonly #work: ResourceWork;
  readonly #view: StackView;
  readonly #log: Logger;
  readonly #act: OperationHandle<ActInput>;

  constructor(core: Core, parts: { convergence: Convergence; work: ResourceWork; view: StackView }) {
    this.#core = core;
    this.#convergence = parts.convergence;
    this.#work = parts.work;
    this.#view = parts.view;
    this.#log = core.kernel.log.named("orchestration");
    this.#act = core.kernel.operations.define<ActInput>({
      kind: "orchestration.stack.act",
      steps: [{ name: "bring it about", do: (run) => this.#run(run) }],
      onFailed: ({ input }, error) => {
        if (!(error instanceof OperationCancelled)) this.#fail(input, messageOf(error));
      },
    });
  }

  /** Call it in the transaction that sets the stack's action. What it was at before ends. */
  start({ id, traversal }: StackRow): void {
    this.#act.start({ resource: `stack:${id}`, input: { id, traversal }, cancelOthers: true });
  }

  #present({ id, traversal }: ActInput): StackRow | null {
    const stack = this.#core.stacks.get(id);
    return stack?.traversal === traversal && stack.status === "IN_PROGRESS" ? stack : null;
  }

  async #run({ input, signal, stopping }: OperationRun<ActInput, Record<string, never>>): Promise<void> {
    const either = AbortSignal.any([signal, stopping]);
    for (;;) {
      const stack = this.#present(input);
      if (stack === null) return;
      const seconds = stack.timeout_mins === null ? this.#core.limits.actionTimeout : stack.timeout_mins * 60;
      const limits: WorkLimits = { signal: either, deadline: stack.started_at + seconds * 1000 };
      try {
        await this.#carryOut(stack, limits);
      } catch (error) {
        if (isUnwritable(error) || either.aborted) throw error;
        const isExpected = error instanceof ResourceFailed || error instanceof TimedOut;
        if (!isExpected) this.#log.error(`${stack.action} of stack ${stack.id} failed: ${messageOf(error)}`, error);
        this.#fail(input, messageOf(error));
        continue;
      }
      this.#complete(input);
    }
  }

  #carryOut(stack: StackRow, limits: WorkLimits): Promise<void> {
    switch (stack.action) {
      case "DELETE":
        return this.#convergence.run(stack, null, limits);
      case "SUSPEND":
      case "RESUME":
      case "CHECK":
      case "SNAPSHOT":
        return this.#each(stack, stack.action, limits);
      default:
        return this.#convergence.run(stack, this.#core.templateOf(stack.template_id), limits);
    }
  }

  /** The same for every resource, those that others need first; to suspend, last. */
  #each(stack: StackRow, action: Action, limits: WorkLimits): Promise<void> {
    const rows = this.#core.resources
      .of(stack.id)
      .filter(({ action: state }) => state !== "INIT" && state !== "DELETE");
    const names = new Set(rows.map(({ name }) => name));
    const needs = new Map(rows.map(({ name, requires }) => [name, new Set(requires.filter((one) => names.has(one)))]));
    const graph = action === "SUSPEND" ? inverse(needs) : needs;
    const one = async (name: string) => {
      const row = rows.findLast((candidate) => candidate.name === name);
      if (row !== undefined) await this.#one(stack, row, action, limits);
    };
    return inDependencyOrder(graph, one, limits.signal);
  }

  async #one(stack: StackRow, row: ResourceRow, action: Action, limits: WorkLimits): Promise<void> {
    const model = this.#view.model(stack, this.#core.templateOf(row.template_id));
    const { section } = this.#view.words(model);
    const present = this.#core.resources.get(row.id) ?? row;
    if (present.action === action && present.status === "COMPLETE" && (present.started_at ?? 0) >= stack.started_at)
      return;
    const isAgain = present.action === action && present.status === "IN_PROGRESS";
    if (!isAgain) this.#work.state(stack, row.id, action, "IN_PROGRESS");
    const handle = this.#view.handle(model, stack, present);
    handle.reload();
    const { type } = handle;
    if (action === "CHECK" && type.check === undefined) {
      return this.#work.state(stack, row.id, action, "COMPLETE", `CHECK not supported for ${type.name}`);
    }
    await this.#work.carryOut(handle, action, verbOf(type, handle, action), { ...limits, section });
  }

  #complete(input: ActInput): void {
    this.#core.kernel.db.transaction(() => {
      const stack = this.#present(input);
      if (stack === null) return;
      const reason = `Stack ${stack.action} completed successfully`;
      const deleted = stack.action === "DELETE" ? { deleted_at: this.#core.now } : {};
      this.#core.recordStack(stack, stack.action, "COMPLETE", reason);
      this.#core.setStack(stack.id, {
        status: "COMPLETE",
        status_reason: reason,
        previous_template_id: null,
        ...deleted,
      });
      this.#settleSnapshots(stack.id);
      this.#tellOwner(stack, true);
      if (stack.action !== "DELETE") this.#forgetTemplates(stack);
      else if (stack.owner_id === null && stack.user_project_id !== null)
        this.#core.accounts.deleteProject(stack.user_project_id);
    });
  }

  /** The resource that a nested stack stands for may have been waiting for it behind its own stack's back. */
  #tellOwner({ id, owner_id, parent_resource }: StackRow, succeeded: boolean): void {
    const owner = owner_id === null ? undefined : this.#core.stacks.get(owner_id);
    if (owner === undefined || parent_resource === null) return;
    const row = this.#core.resources.list({ stack_id: owner.id, name: parent_resource, physical_id: id }).at(-1);
    if (row === undefined) return;
    const handle = this.#view.handle(this.#view.model(owner, this.#core.templateOf(row.template_id)), owner, row);
    handle.type.nestedDone?.(handle, succeeded);
  }

  /** What was being taken is taken now, or never will be. */
  #settleSnapshots(id: string): void {
    const stack = this.#core.stacks.get(id);
    if (stack?.action !== "SNAPSHOT") return;
    for (const snapshot of this.#core.snapshots.pending(id)) {
      const { status, status_reason } = stack;
      this.#core.snapshots.update(snapshot.id, { status, status_reason, data: exported(this.#core, stack) });
    }
  }

  /** Those that no resource is of any more. */
  #forgetTemplates(stack: StackRow): void {
    const used = new Set(this.#core.resources.of(stack.id).map(({ template_id }) => template_id));
    for (const { id } of this.#core.templates.list({ stack_id: stack.id })) {
      if (id !== stack.template_id && !used.has(id)) this.#core.templates.delete(id);
    }
  }

  /** Ends what the stack is at: it fails, or goes back to what was before. Call it in a transaction. */
  cancel(stack: StackRow, withRollback: boolean): void {
    const traversal = uuid();
    if (withRollback) {
      this.#rollBack(stack);
      this.#core.setStack(stack.id, { traversal });
      this.start({ ...stack, traversal });
      return;
    }
    const reason = `User cancelled stack ${stack.action} operation`;
    this.#core.setStack(stack.id, { traversal, status: "FAILED", status_reason: reason });
    this.#core.recordStack(stack, stack.action, "FAILED", reason);
    this.#core.kernel.db.afterCommit(() => this.#core.kernel.operations.cancel(`stack:${stack.id}`));
  }

  /** And then back to what was before, where that is wanted. */
  #fail(input: ActInput, reason: string): void {
    this.#core.kernel.db.transaction(() => {
      const stack = this.#present(input);
      if (stack === null) return;
      const said = reason === "Timed out" ? "Timed out" : reason;
      this.#core.recordStack(stack, stack.action, "FAILED", said);
      this.#core.setStack(stack.id, { status: "FAILED", status_reason: said });
      this.#settleSnapshots(stack.id);
      this.#tellOwner(stack, false);
      const canGoBack = stack.action === "CREATE" || stack.action === "UPDATE" || stack.action === "ADOPT";
      if (!stack.disable_rollback && canGoBack && stack.owner_id === null) this.#rollBack(stack);
    });
  }

  #rollBack(stack: StackRow): void {
    const started = "Stack ROLLBACK started";
    const before = stack.previous_template_id ?? this.#emptyTemplate(stack);
    this.#core.setStack(stack.id, {
      action: "ROLLBACK",
      status: "IN_PROGRESS",
      status_reason: started,
      template_id: before,
      previous_template_id: stack.template_id,
      started_at: this.#core.now,
    });
    this.#core.recordStack(stack, "ROLLBACK", "IN_PROGRESS", started);
  }

  /** What was before there was anything. */
  #emptyTemplate({ id, template_id }: StackRow): string {
    const { data, files, environment } = this.#core.templateOf(template_id);
    const { resources: _resources, Resources: _others, outputs: _outputs, Outputs: _values, ...rest } = data;
    const empty = { id: `${template_id}-empty`, stack_id: id, data: rest, files, environment };
    this.#core.templates.insert(empty);
    return empty.id;
  }
}
