import { projectOf, type RequestContext, sees } from "../../../kernel/auth/context.ts";
import { messageOf } from "../../../kernel/errors.ts";
import { hexId, uuid } from "../../../kernel/ids/ids.ts";
import { actionInProgress, entityNotFound, heatError, requestLimitExceeded, stackExists } from "../errors.ts";
import { type Environment, shown as shownEnvironment } from "../language/environment.ts";
import { ValidationFailed } from "../language/mistakes.ts";
import type { TemplateData } from "../language/template.ts";
import type { Member } from "../resource-types/types.ts";
import type { Action } from "../states.ts";
import type { StackFilters, StackRow } from "../store/stacks.ts";
import type { TemplateRow } from "../store/templates.ts";
import type { Core } from "./core.ts";
import type { Engine } from "./engine.ts";
import { exported } from "./export.ts";
import { attributeOf, StackModel } from "./model.ts";
import type { StackView } from "./stack-view.ts";
import { overTheWire, type Validation } from "./validation.ts";

/** What a stack is made of. */
export interface Given {
  readonly data: TemplateData;
  readonly files: Readonly<Record<string, unknown>>;
  readonly environment: Environment;
}

export interface StackOptions {
  readonly timeoutMins: number | null;
  readonly disableRollback: boolean;
  readonly tags: readonly string[];
}

export interface NewStack extends Given, StackOptions {
  readonly name: string;
}

/** Null: as before. */
export interface StackUpdate {
  readonly given: Given;
  readonly timeoutMins: number | null;
  readonly disableRollback: boolean | null;
  readonly tags: readonly string[] | null;
}

export interface Output {
  readonly name: string;
  readonly description: string;
  readonly value: unknown;
  readonly error?: string;
}

/** Whether the caller is of the project of users that this stack's resources have. */
export const isGuestOf = ({ projectId }: RequestContext, { user_project_id }: StackRow): boolean =>
  projectId !== null && projectId === user_project_id;

const NAME = /^[a-zA-Z][a-zA-Z0-9_.-]{0,254}$/;

/** The verbs on stacks. */
export class StackManager {
  readonly #core: Core;
  readonly #engine: Engine;
  readonly #view: StackView;
  readonly #validation: Validation;

  constructor(core: Core, parts: { engine: Engine; view: StackView; validation: Validation }) {
    this.#core = core;
    this.#engine = parts.engine;
    this.#view = parts.view;
    this.#validation = parts.validation;
  }

  /** Errors: 404, also for another project's. */
  get(context: RequestContext, name: string, id: string): StackRow {
    const stack = this.#core.stacks.get(id);
    if (stack === undefined || !sees(context, stack)) throw entityNotFound("Stack", name);
    if (stack.name !== name) throw entityNotFound("Stack", name);
    return stack;
  }

  /** One whose resources are sent signals, or asked: also by the users that they have. Errors: 404. */
  forGuests(context: RequestContext, name: string, id: string): StackRow {
    const stack = this.#core.stacks.get(id);
    if (stack !== undefined && stack.name === name && isGuestOf(context, stack)) return stack;
    return this.get(context, name, id);
  }

  /** By name or id, also for users of its resources. Errors: 404. */
  identify(context: RequestContext, wanted: string): StackRow {
    const byId = this.#core.stacks.get(wanted);
    if (byId !== undefined && sees(context, byId)) return byId;
    const { projectId } = context;
    const byName =
      projectId === null
        ? undefined
        : (this.#core.stacks.named(projectId, wanted) ?? this.#core.stacks.ofUsers(projectId, wanted));
    if (byName === undefined) throw entityNotFound("Stack", wanted);
    return byName;
  }

  list(
    filters: StackFilters,
    sort: { keys: readonly string[]; descending: boolean },
    page: { marker: string | null; limit: number | null },
  ): StackRow[] {
    return this.#core.stacks.page(filters, sort, page);
  }

  count(filters: StackFilters): number {
    return this.#core.stacks.countFor(filters);
  }

  template({ template_id }: StackRow): TemplateRow {
    return this.#core.templateOf(template_id);
  }

  model(stack: StackRow): StackModel {
    return this.#view.model(stack, this.template(stack));
  }

  /** A stack that is not there, to look at. */
  imagined(context: RequestContext, name: string, given: Given): StackModel {
    const source = this.#core.source({ data: given.data, files: given.files, environment: given.environment as never });
    return new StackModel(this.#core, source, { id: null, name, projectId: projectOf(context) });
  }

  /** As a client may see it: with the files that types stand for. */
  shownEnvironment(environment: Environment, model: StackModel): ReturnType<typeof shownEnvironment> {
    const shown = shownEnvironment(environment);
    const files = [...model.definitions.values()]
      .map(({ type }) => type)
      .filter((type) => /\.(yaml|template)$/.test(type));
    return {
      ...shown,
      resource_registry: { ...shown.resource_registry, ...Object.fromEntries(files.map((file) => [file, file])) },
    };
  }

  /** Errors: 400 for what is wrong with it, 409 for a name that is taken, 403 beyond the limit. */
  async create(context: RequestContext, wanted: NewStack): Promise<StackRow> {
    const project_id = projectOf(context);
    requireName(wanted.name);
    await this.checked(context, wanted.name, wanted);
    return this.#core.kernel.db.transaction(() => {
      this.#requireRoom(project_id);
      if (this.#core.stacks.named(project_id, wanted.name) !== undefined) throw stackExists(wanted.name);
      const id = uuid();
      const stack = this.#insert(
        {
          id,
          name: wanted.name,
          project_id,
          owner_id: null,
          user_project_id: hexId(),
          root_id: id,
          parent_resource: null,
          nested_depth: 0,
          user_id: context.userId,
          username: context.userName,
          roles: [...context.roles],
          disable_rollback: wanted.disableRollback,
          timeout_mins: wanted.timeoutMins,
          tags: [...wanted.tags],
        },
        wanted,
      );
      return stack;
    });
  }

  /** Errors: 400, in the form that the engine's errors have for clients. */
  async checked(context: RequestContext, name: string, given: Given): Promise<StackModel> {
    try {
      const model = this.imagined(context, name, given);
      this.#validation.template(model.source.template);
      await this.#validation.stack(model, { strict: true, context });
      return model;
    } catch (error) {
      throw overTheWire(error);
    }
  }

  #requireRoom(projectId: string): void {
    const { maxStacks } = this.#core.limits;
    if (maxStacks < 0) return;
    if (this.#core.stacks.countOf({ project_id: projectId, owner_id: null, deleted_at: null }) < maxStacks) return;
    throw requestLimitExceeded(
      `You have reached the maximum stacks per tenant, ${maxStacks}. Please delete some stacks.`,
    );
  }

  #insert(
    row: Pick<
      StackRow,
      | "id"
      | "name"
      | "project_id"
      | "owner_id"
      | "user_project_id"
      | "root_id"
      | "parent_resource"
      | "nested_depth"
      | "user_id"
      | "username"
      | "roles"
      | "disable_rollback"
      | "timeout_mins"
      | "tags"
    >,
    given: Given,
  ): StackRow {
    const reason = "Stack CREATE started";
    const now = this.#core.now;
    const stack = this.#core.stacks.insert({
      ...row,
      template_id: this.#keep(row.id, given),
      previous_template_id: null,
      action: "CREATE",
      status: "IN_PROGRESS",
      status_reason: reason,
      traversal: uuid(),
      started_at: now,
      created_at: now,
      updated_at: null,
      deleted_at: null,
    });
    this.#core.recordStack(stack, "CREATE", "IN_PROGRESS", reason);
    this.#engine.start(stack);
    return stack;
  }

  #keep(stackId: string, { data, files, environment }: Given): string {
    const row = {
      id: uuid(),
      stack_id: stackId,
      data: { ...data },
      files: { ...files },
      environment: { ...environment },
    };
    return this.#core.templates.insert(row).id;
  }

  /** Errors: 400, 409 where it is suspended or being deleted. */
  async update(context: RequestContext, stack: StackRow, { given, ...options }: StackUpdate): Promise<void> {
    const model = await this.checked(context, stack.name, given);
    const before = this.model(stack);
    const immutable = before.parameters.immutableChanged(model.parameters);
    if (immutable.length > 0) {
      throw heatError(
        "ImmutableParameterModified",
        `The following parameters are immutable and may not be updated: ${immutable.join(", ")}`,
      );
    }
    this.requireUpdatable(stack);
    this.#core.kernel.db.transaction(() => {
      const present = this.#core.stacks.get(stack.id) ?? stack;
      this.requireUpdatable(present);
      this.#begin(present, "UPDATE", {
        template_id: this.#keep(stack.id, given),
        previous_template_id: present.template_id,
        updated_at: this.#core.now,
        roles: [...context.roles],
        user_id: context.userId,
        username: context.userName,
        timeout_mins: options.timeoutMins ?? present.timeout_mins,
        disable_rollback: options.disableRollback ?? present.disable_rollback,
        tags: options.tags === null ? present.tags : [...options.tags],
      });
    });
  }

  /** Errors: 400. */
  requireUpdatable({ action, status, deleted_at, name }: StackRow): void {
    if (deleted_at !== null) throw entityNotFound("Stack", name);
    if (action === "SUSPEND")
      throw heatError("NotSupported", "Updating a stack when it is suspended is not supported.");
    if (action === "DELETE") throw heatError("NotSupported", "Updating a stack when it is deleting is not supported.");
    if (status === "IN_PROGRESS" && (action === "SNAPSHOT" || action === "CHECK")) throw actionInProgress(name, action);
  }

  /** Errors: 404 for one that is gone. */
  delete(stack: StackRow): void {
    if (stack.deleted_at !== null) throw entityNotFound("Stack", stack.name);
    if (stack.action === "DELETE" && stack.status === "IN_PROGRESS") return;
    this.begin(stack, "DELETE");
  }

  /** An action on the whole stack. What it was at before ends. */
  begin(stack: StackRow, action: Action): void {
    this.#core.kernel.db.transaction(() => {
      const present = this.#core.stacks.get(stack.id);
      if (present !== undefined && present.deleted_at === null) this.#begin(present, action, {});
    });
  }

  /** What users ask for by name. Errors: 409, 400. */
  act(stack: StackRow, action: "SUSPEND" | "RESUME" | "CHECK"): void {
    if (stack.deleted_at !== null) throw entityNotFound("Stack", stack.name);
    if (stack.status === "IN_PROGRESS") throw actionInProgress(stack.name, stack.action);
    if (action !== "CHECK" && stack.action === action && stack.status === "COMPLETE") return;
    this.begin(stack, action);
  }

  /** Errors: 400 where there is nothing to cancel. */
  cancel(stack: StackRow, withRollback: boolean): void {
    const actions: readonly Action[] = withRollback ? ["UPDATE"] : ["UPDATE", "CREATE"];
    this.#core.kernel.db.transaction(() => {
      const present = this.#core.stacks.get(stack.id) ?? stack;
      const { action, status } = present;
      if (status !== "IN_PROGRESS" || !actions.includes(action)) {
        throw heatError("NotSupported", `Cancelling update when stack is ${action}_${status} is not supported.`);
      }
      this.#engine.cancel(present, withRollback);
    });
  }

  /** Call it in a transaction. */
  restore(stack: StackRow, given: Given): void {
    this.#begin(stack, "RESTORE", {
      template_id: this.#keep(stack.id, given),
      previous_template_id: stack.template_id,
      updated_at: this.#core.now,
    });
  }

  /** As it can be taken up elsewhere. Errors: 400 where local.conf does not allow it. */
  export(stack: StackRow): Record<string, unknown> {
    if (!this.#core.limits.adoptAbandon) throw heatError("NotSupported", "Stack Abandon is not supported.");
    return exported(this.#core, stack);
  }

  /** Forgets it, and lets what it made be. Errors: 400 where local.conf does not allow it, 409 while it is worked on. */
  abandon(stack: StackRow): Record<string, unknown> {
    const data = this.export(stack);
    if (stack.status === "IN_PROGRESS") throw actionInProgress(stack.name, stack.action);
    this.#core.kernel.db.transaction(() => {
      for (const { id } of this.#core.stacks.tree(stack.id)) {
        for (const row of this.#core.resources.of(id)) this.#core.resources.delete(row.id);
        this.#core.setStack(id, { action: "DELETE", status: "COMPLETE", deleted_at: this.#core.now });
      }
    });
    return data;
  }

  #begin(stack: StackRow, action: Action, changes: Partial<StackRow>): void {
    const reason = `Stack ${action} started`;
    const set = {
      ...changes,
      action,
      status: "IN_PROGRESS",
      status_reason: reason,
      traversal: uuid(),
      started_at: this.#core.now,
    } as const;
    this.#core.setStack(stack.id, set);
    const now = { ...stack, ...set };
    this.#core.recordStack(now, action, "IN_PROGRESS", reason);
    this.#engine.start(now);
  }

  /** Call it in a transaction. Returns its id. Errors: 400 beyond the limit. */
  startNested(owner: StackRow, wanted: Given & { name: string; resource: string; timeoutMins: number | null }): string {
    const { maxResources } = this.#core.limits;
    const tree = this.#core.stacks.tree(owner.root_id).map(({ id }) => id);
    const more = Object.keys((wanted.data.resources ?? wanted.data.Resources ?? {}) as object).length;
    if (maxResources >= 0 && this.#core.resources.countIn(tree) + more > maxResources) {
      throw requestLimitExceeded("Maximum resources per stack exceeded.");
    }
    const { project_id, user_project_id, root_id, user_id, username, roles, tags, nested_depth, id } = owner;
    return this.#insert(
      {
        id: uuid(),
        name: wanted.name,
        project_id,
        owner_id: id,
        user_project_id,
        root_id,
        parent_resource: wanted.resource,
        nested_depth: nested_depth + 1,
        user_id,
        username,
        roles,
        disable_rollback: true,
        timeout_mins: wanted.timeoutMins,
        tags,
      },
      wanted,
    ).id;
  }

  changeNested(stack: StackRow, wanted: Given & { timeoutMins: number | null }): void {
    this.#core.kernel.db.transaction(() => {
      this.#begin(stack, "UPDATE", {
        template_id: this.#keep(stack.id, wanted),
        previous_template_id: stack.template_id,
        updated_at: this.#core.now,
        timeout_mins: wanted.timeoutMins,
      });
    });
  }

  /** With their values; one that cannot be worked out says why. */
  async outputsOf(stack: StackRow): Promise<Output[]> {
    const model = this.model(stack);
    const definitions = model.source.template.outputs(model);
    return Promise.all(definitions.map((definition) => outputOf(model, definition)));
  }

  async outputOf(stack: StackRow, name: string): Promise<Output | null> {
    const model = this.model(stack);
    const definition = model.source.template.outputs(model).find((one) => one.name === name);
    return definition === undefined ? null : outputOf(model, definition);
  }

  /** Its resources in the order of the template, as the stack around it sees them. */
  membersOf(stack: StackRow): Member[] {
    const template = this.template(stack);
    const model = this.#view.model(stack, template);
    return [...model.definitions.values()].flatMap((definition): Member[] => {
      const row = this.#view.current(stack, template.id, definition.name);
      if (row === undefined) return [];
      const handle = this.#view.handle(model, stack, row);
      return [
        {
          name: row.name,
          type: row.type,
          action: row.action,
          status: row.status,
          physicalId: row.physical_id,
          createdAt: row.created_at,
          reference: () => model.reference(row.name, "unknown"),
          attribute: (name, path) =>
            handle.type.takesPath === true
              ? attributeOf(handle.type, handle, name, path)
              : model.resolved(() => model.attribute(row.name, name, path)),
        },
      ];
    });
  }
}

export async function outputOf(
  model: StackModel,
  { name, value, description }: { name: string; value: unknown; description: string },
): Promise<Output> {
  try {
    return { name, description, value: (await model.resolve(value)) ?? null };
  } catch (error) {
    return { name, description, value: null, error: messageOf(error) };
  }
}

/** Errors: 400. */
export function requireName(name: unknown): asserts name is string {
  if (typeof name === "string" && NAME.test(name)) return;
  throw new ValidationFailed(
    `Invalid stack name ${String(name)} must contain only alphanumeric or "_-." characters, must start with alpha and must be 255 characters or less.`,
  );
}
