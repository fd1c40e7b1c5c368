import type { RequestContext } from "../../../kernel/auth/context.ts";
import { isUnwritable } from "../../../kernel/db/unwritable.ts";
import { messageOf } from "../../../kernel/errors.ts";
import { heatError, notFound, resourceNotFound } from "../errors.ts";
import { type Parameter, shownValue } from "../language/parameters.ts";
import type { ResourceDefinition } from "../language/template.ts";
import type { ResourceType, Values } from "../resource-types/types.ts";
import type { EventFilters, EventRow } from "../store/events.ts";
import type { ResourceRow } from "../store/resources.ts";
import type { StackRow } from "../store/stacks.ts";
import { castProperties } from "./convergence.ts";
import type { Core } from "./core.ts";
import type { Hooks } from "./hooks.ts";
import { attributeOf, type StackModel } from "./model.ts";
import { reasonOf } from "./resource-work.ts";
import type { StackView, TypedHandle } from "./stack-view.ts";
import { type Output, outputOf, type StackManager } from "./stacks.ts";
import { STACK_USER } from "./users.ts";
import type { Validation } from "./validation.ts";

/** A resource with what is told of it beside its row. */
export interface ShownResource {
  readonly row: ResourceRow;
  readonly stack: StackRow;
  readonly requiredBy: readonly string[];
  /** The stack it stands for. */
  readonly nested: StackRow | null;
  readonly description: string;
}

export interface PreviewedResource {
  readonly definition: ResourceDefinition;
  readonly stackName: string;
  /** The resource that its stack stands for. */
  readonly parent: string | null;
  readonly requiredBy: readonly string[];
  readonly properties: Values;
  readonly metadata: Values;
  readonly attributes: readonly string[];
}
export type Preview = readonly (PreviewedResource | Preview)[];

/** Looks at stacks and their resources, and passes signals on. */
export class Inspection {
  readonly #core: Core;
  readonly #stacks: StackManager;
  readonly #view: StackView;
  readonly #validation: Validation;
  readonly #hooks: Hooks;

  constructor(core: Core, parts: { stacks: StackManager; view: StackView; validation: Validation; hooks: Hooks }) {
    this.#core = core;
    this.#stacks = parts.stacks;
    this.#view = parts.view;
    this.#validation = parts.validation;
    this.#hooks = parts.hooks;
  }

  parameters(model: StackModel): Record<string, string> {
    return Object.fromEntries(model.parameters.all().map((parameter) => [parameter.name, shownOrEmpty(parameter)]));
  }

  /** With secrets blanked. */
  environment(stack: StackRow): ReturnType<StackManager["shownEnvironment"]> {
    const model = this.#stacks.model(stack);
    const { environment } = model.source;
    const secret = new Set(model.parameters.declared().flatMap(({ name, schema }) => (schema.isSecret ? [name] : [])));
    const blank = (values: Readonly<Record<string, unknown>>) =>
      Object.fromEntries(Object.entries(values).map(([name, value]) => [name, secret.has(name) ? "******" : value]));
    const blanked = {
      ...environment,
      parameters: blank(environment.parameters),
      parameter_defaults: blank(environment.parameter_defaults),
    };
    return this.#stacks.shownEnvironment(blanked, model);
  }

  /** Resources of a stack, and of those nested in it down to a depth. */
  resources(stack: StackRow, depth: number): ShownResource[] {
    const template = this.#stacks.template(stack);
    const rows = this.#core.resources.of(stack.id);
    const names = [...new Set(rows.map(({ name }) => name))];
    const descriptions = this.#descriptions(stack);
    return names.flatMap((name): ShownResource[] => {
      const row = this.#view.current(stack, template.id, name);
      if (row === undefined) return [];
      const shown = this.#shown(stack, row, rows, descriptions);
      return depth > 0 && shown.nested !== null ? [shown, ...this.resources(shown.nested, depth - 1)] : [shown];
    });
  }

  #descriptions(stack: StackRow): ReadonlyMap<string, ResourceDefinition> {
    return this.#stacks.model(stack).source.template.allResources();
  }

  #shown(
    stack: StackRow,
    row: ResourceRow,
    rows: readonly ResourceRow[],
    definitions: ReadonlyMap<string, ResourceDefinition>,
  ): ShownResource {
    const nested = row.physical_id === null ? undefined : this.#core.stacks.get(row.physical_id);
    return {
      row,
      stack,
      requiredBy: [
        ...new Set(rows.filter(({ requires }) => requires.includes(row.name)).map(({ name }) => name)),
      ].sort(),
      nested: nested === undefined || nested.deleted_at !== null || nested.owner_id !== stack.id ? null : nested,
      description: definitions.get(row.name)?.description ?? "",
    };
  }

  /** Errors: 404. */
  resource(stack: StackRow, name: string): ShownResource {
    const row = this.#view.current(stack, stack.template_id, name);
    if (row === undefined) throw resourceNotFound(name, stack.name);
    return this.#shown(stack, row, this.#core.resources.of(stack.id), this.#descriptions(stack));
  }

  /** What `show` of its service tells, or each attribute. */
  async attributes({ row, stack }: ShownResource, also: readonly string[]): Promise<unknown> {
    const handle = this.#handle(stack, row);
    const { type } = handle;
    const one = (name: string) => this.#attribute(type, handle, name);
    const shown = await one("show");
    const extra = async (names: readonly string[]) =>
      Object.fromEntries(await Promise.all(names.map(async (name) => [name, await one(name)] as const)));
    if (shown !== null && typeof shown === "object") {
      return { ...shown, ...(await extra(also.filter((name) => !Object.hasOwn(shown, name)))) };
    }
    const names = Object.entries(type.attributes).flatMap(([name, { live }]) => (live === true ? [] : [name]));
    const withShow = row.action !== "INIT" && type.show !== undefined ? { show: null } : {};
    return { ...(await extra([...new Set([...names, ...also])])), ...withShow };
  }

  async #attribute(type: ResourceType, handle: TypedHandle, name: string): Promise<unknown> {
    if (handle.action === "INIT" || handle.action === "DELETE") return null;
    try {
      return await attributeOf(type, handle, name, []);
    } catch {
      return null;
    }
  }

  #handle(stack: StackRow, row: ResourceRow): TypedHandle {
    return this.#view.handle(this.#view.model(stack, this.#core.templateOf(row.template_id)), stack, row);
  }

  /** Errors: 403 for a user of another resource. */
  requireOwn({ row, stack }: ShownResource, { roles, userId }: RequestContext): void {
    if (!roles.has(STACK_USER) || row.data.user_id === userId) return;
    const own = this.#core.resources.of(stack.id).find(({ data }) => data.user_id === userId);
    if (own !== undefined && this.#handle(stack, own).type.userSeesAll === true) return;
    throw heatError("Forbidden", "You are not authorized to complete this action.", 403);
  }

  /**
   * Returns the resource's metadata after it. What a type finds wrong with a signal goes to nobody but who waits for it (`strict`), as in
   * heat. Errors: 400 for a type that takes none, a resource that goes, or a hook that is not waited at; of `strict`: what is wrong.
   */
  async signal(shown: ShownResource, details: unknown, strict = false): Promise<Values> {
    const { row, stack } = shown;
    const hook =
      typeof details === "object" && details !== null && "unset_hook" in details ? details.unset_hook : undefined;
    if (row.action === "SUSPEND" || row.action === "DELETE") {
      const said = `Cannot signal resource during ${row.action}`;
      this.#core.kernel.db.transaction(() => this.#core.recordResource(stack, row, row.action, row.status, said));
      throw heatError("NotSupported", `Signal resource during ${row.action} is not supported.`);
    }
    if (hook !== undefined) {
      const title = row.type.split("::").at(-1) ?? row.type;
      const described = `${title} "${row.name}" [${row.physical_id ?? ""}] Stack "${stack.name}" [${stack.id}]`;
      this.#hooks.clear(stack, row, hook, described);
      return row.metadata;
    }
    const handle = this.#handle(stack, row);
    const { signal } = handle.type;
    if (signal === undefined) throw heatError("ResourceActionNotSupported", "signal is not supported for resource.");
    try {
      const said = await signal.call(handle.type, handle, details);
      if (said === null) return handle.metadata;
      const reason = said === "" ? describedSignal(details) : `Signal: ${said}`;
      this.#core.kernel.db.transaction(() => {
        handle.reload();
        this.#core.recordResource(stack, handle.row, "SIGNAL", handle.row.status, reason);
      });
    } catch (error) {
      if (isUnwritable(error)) throw error;
      if (strict) throw heatError("ResourceFailure", reasonOf(error, row.name, "resources"), 500);
      this.#core.kernel.log
        .named("orchestration")
        .warning(`signal to ${row.name} of stack ${stack.id}: ${messageOf(error)}`);
    }
    return handle.metadata;
  }

  markUnhealthy({ row, stack }: ShownResource, unhealthy: boolean, reason: string): void {
    this.#core.kernel.db.transaction(() => {
      const said = reason === "" ? "state changed by resource_mark_unhealthy api" : reason;
      const status = unhealthy ? "FAILED" : "COMPLETE";
      if (!unhealthy && !(row.action === "CHECK" && row.status === "FAILED")) return;
      this.#core.setResource(row.id, { action: "CHECK", status, status_reason: said });
      this.#core.recordResource(stack, row, "CHECK", status, said);
    });
  }

  /** Of a stack, and of those nested in it down to a depth. */
  events(
    stack: StackRow,
    depth: number,
    filters: Omit<EventFilters, "stackIds">,
    sort: { keys: readonly string[]; descending: boolean },
    page: { marker: string | null; limit: number | null },
  ): { event: EventRow; stack: StackRow }[] {
    const stacks = this.#nestedIn(stack, depth);
    const byId = new Map(stacks.map((one) => [one.id, one]));
    return this.#core.events
      .page({ ...filters, stackIds: [...byId.keys()] }, sort, page)
      .map((event) => ({ event, stack: byId.get(event.stack_id) ?? stack }));
  }

  #nestedIn(stack: StackRow, depth: number): StackRow[] {
    if (depth <= 0) return [stack];
    const below = this.#core.stacks.list({ owner_id: stack.id });
    return [stack, ...below.flatMap((one) => this.#nestedIn(one, depth - 1))];
  }

  /** Errors: 404. */
  event(stack: StackRow, resource: string, id: string): EventRow {
    const event = this.#core.events.get(id);
    if (event?.stack_id === stack.id && event.resource_name === resource) return event;
    throw heatError("HTTPNotFound", `No event ${id} found`, 404);
  }

  /** As far as they do not depend on what is not there. */
  imaginedOutputs(model: StackModel): Promise<Output[]> {
    return Promise.all(model.source.template.outputs(model).map((definition) => outputOf(model, definition)));
  }

  /** What a stack of it would consist of. */
  async preview(model: StackModel, context: RequestContext, depth = 0, parent: string | null = null): Promise<Preview> {
    const { definitions } = model;
    const needs = model.needs();
    const made: (PreviewedResource | Preview)[] = [];
    for (const definition of definitions.values()) {
      const type = model.typeOf(definition);
      const raw = await model.resolve(definition.properties).catch(() => ({}));
      const given = typeof raw === "object" && raw !== null ? (raw as Values) : {};
      const properties = attempt(() => castProperties(type, given)) ?? { ...given };
      const child =
        type.nestedTemplate === undefined || depth >= this.#core.limits.maxDepth
          ? null
          : attempt(() => this.#validation.child(model, type, definition, properties, context));
      if (child !== null) {
        made.push(await this.preview(child, context, depth + 1, definition.name));
        continue;
      }
      made.push({
        definition,
        stackName: model.identity.name,
        parent,
        requiredBy: [...needs]
          .filter(([, needed]) => needed.has(definition.name))
          .map(([name]) => name)
          .sort(),
        properties,
        metadata: await model.metadata(definition).catch(() => ({})),
        attributes: Object.keys(type.attributes),
      });
    }
    return made;
  }

  /** Parameters of what is nested, by the resource it is nested in. */
  async nestedParameters(
    model: StackModel,
    context: RequestContext,
  ): Promise<Map<string, { type: string; model: StackModel }>> {
    const found = new Map<string, { type: string; model: StackModel }>();
    for (const definition of model.definitions.values()) {
      const type = model.typeOf(definition);
      if (type.nestedTemplate === undefined) continue;
      const raw = await model.resolve(definition.properties).catch(() => ({}));
      const given = typeof raw === "object" && raw !== null ? (raw as Values) : {};
      const properties = attempt(() => castProperties(type, given)) ?? { ...given };
      const child = attempt(() => this.#validation.child(model, type, definition, properties, context));
      if (child !== null) found.set(definition.name, { type: definition.type, model: child });
    }
    return found;
  }

  /** Errors: 404. */
  async output(stack: StackRow, name: string) {
    const output = await this.#stacks.outputOf(stack, name);
    if (output === null) throw notFound(`Specified output key ${name} not found.`);
    return output;
  }
}

function describedSignal(details: unknown): string {
  if (details === null || details === undefined) return "No signal details provided";
  if (typeof details === "string") return details;
  const { previous, current, reason } = details as Readonly<Record<string, unknown>>;
  // As alarms have it.
  if (previous !== undefined && current !== undefined && reason !== undefined)
    return `alarm state changed from ${String(previous)} to ${String(current)} (${String(reason)})`;
  return "Unknown";
}

function attempt<T>(body: () => T): T | null {
  try {
    return body();
  } catch {
    return null;
  }
}

function shownOrEmpty(parameter: Parameter): string {
  try {
    return shownValue(parameter);
  } catch {
    return "";
  }
}
