import { uuid } from "../../../kernel/ids/ids.ts";
import { resolve } from "../language/calls.ts";
import { castFields } from "../language/schema.ts";
import type { ResourceDefinition } from "../language/template.ts";
import { NeedsReplacement, type ResourceType, type Values } from "../resource-types/types.ts";
import type { Action } from "../states.ts";
import type { ResourceRow } from "../store/resources.ts";
import type { StackRow } from "../store/stacks.ts";
import type { TemplateRow } from "../store/templates.ts";
import { isMap, same } from "../values/python.ts";
import type { Core } from "./core.ts";
import { Handover } from "./handover.ts";
import type { Hooks } from "./hooks.ts";
import type { StackModel } from "./model.ts";
import { ResourceFailed, type ResourceWork, reasonOf, verbOf, type WorkLimits } from "./resource-work.ts";
import type { StackView } from "./stack-view.ts";
import { randomSuffix } from "./suffix.ts";
import { inDependencyOrder } from "./tasks.ts";

/**
 * Brings a stack to what a template says: makes what is missing, changes or replaces what differs, removes what is left over. Rows tell how
 * far it is, so it goes on from wherever it was interrupted, and from wherever an update found an update.
 */
export class Convergence {
  readonly #core: Core;
  readonly #work: ResourceWork;
  readonly #hooks: Hooks;
  readonly #view: StackView;
  readonly #handover: Handover;

  constructor(core: Core, work: ResourceWork, hooks: Hooks, view: StackView) {
    this.#core = core;
    this.#work = work;
    this.#hooks = hooks;
    this.#view = view;
    this.#handover = new Handover(core, view);
  }

  /** `template` null: nothing is to be left. Errors: ResourceFailed, TimedOut, and the signal's reason. */
  async run(stack: StackRow, template: TemplateRow | null, limits: WorkLimits): Promise<void> {
    const model = template === null ? null : this.#view.model(stack, template);
    const targetId = template?.id ?? "";
    const needs = model?.needs() ?? new Map<string, Set<string>>();
    const rows = this.#core.resources.of(stack.id);
    // name → the row that is to be its resource.
    const chosen = new Map<string, ResourceRow>();
    for (const name of needs.keys()) {
      const row = best(
        rows.filter((one) => one.name === name),
        targetId,
        stack.previous_template_id,
      );
      if (row !== undefined) chosen.set(name, row);
    }
    if (model !== null) this.#makeRows(stack, model, needs, chosen, targetId);

    const graph = new Map<string, Set<string>>();
    for (const [name, needed] of needs)
      graph.set(`update ${name}`, new Set([...needed].map((need) => `update ${need}`)));
    for (const row of rows) graph.set(`cleanup ${row.id}`, this.#cleanupNeeds(row, rows, needs));
    await inDependencyOrder(
      graph,
      async (task) => {
        await this.#core.kernel.turns.background();
        const [, kind, subject = ""] = /^(\w+) (.*)$/s.exec(task) ?? [];
        if (kind === "cleanup") return this.#cleanUp(stack, subject, chosen, limits);
        const definition = model?.definitions.get(subject);
        if (model === null || definition === undefined) return;
        const row = await this.#update(
          stack,
          model,
          definition,
          chosen.get(subject),
          targetId,
          limits,
          needs.get(subject) ?? new Set(),
        );
        chosen.set(subject, row);
        model.forget(subject);
      },
      limits.signal,
    );
  }

  /** Every resource is known from the start, with nothing of it there. */
  #makeRows(
    stack: StackRow,
    model: StackModel,
    needs: ReadonlyMap<string, ReadonlySet<string>>,
    chosen: Map<string, ResourceRow>,
    templateId: string,
  ): void {
    this.#core.kernel.db.transaction(() => {
      for (const [name, needed] of needs) {
        const definition = model.definitions.get(name);
        if (definition !== undefined && !chosen.has(name))
          chosen.set(name, this.#insert(stack, definition, [...needed], templateId, null));
      }
    });
  }

  #insert(
    stack: StackRow,
    { name, type }: ResourceDefinition,
    requires: string[],
    templateId: string,
    replaces: string | null,
  ): ResourceRow {
    return this.#core.resources.insert({
      id: uuid(),
      stack_id: stack.id,
      name,
      type,
      action: "INIT",
      status: "COMPLETE",
      status_reason: "",
      physical_id: null,
      suffix: randomSuffix(),
      properties: {},
      metadata: {},
      template_metadata: {},
      data: {},
      requires,
      deletion_policy: "Delete",
      replaces,
      template_id: templateId,
      created_at: this.#core.now,
      updated_at: null,
      started_at: null,
    });
  }

  /** What is left over goes when what came in its place is there, and nothing that was made with it is left. */
  #cleanupNeeds(
    row: ResourceRow,
    rows: readonly ResourceRow[],
    needs: ReadonlyMap<string, ReadonlySet<string>>,
  ): Set<string> {
    const tasks = new Set<string>();
    if (needs.has(row.name)) tasks.add(`update ${row.name}`);
    for (const other of rows) {
      if (other.id === row.id || !other.requires.includes(row.name)) continue;
      tasks.add(`cleanup ${other.id}`);
      if (needs.has(other.name)) tasks.add(`update ${other.name}`);
    }
    return tasks;
  }

  async #update(
    stack: StackRow,
    model: StackModel,
    definition: ResourceDefinition,
    present: ResourceRow | undefined,
    templateId: string,
    limits: WorkLimits,
    needed: ReadonlySet<string>,
  ): Promise<ResourceRow> {
    let row = present === undefined ? undefined : this.#core.resources.get(present.id);
    const requires = [...needed];
    row ??= this.#insert(stack, definition, requires, templateId, null);
    const { section } = this.#view.words(model);
    const work = { ...limits, section };
    // What an earlier action began comes to its end first.
    if (
      row.status === "IN_PROGRESS" &&
      (row.action === "CREATE" || row.action === "UPDATE" || row.action === "ADOPT")
    ) {
      row = await this.#finish(stack, model, row, work);
    }
    const wanted = await this.#wanted(model, definition, stack, row);
    if (row.action === "INIT") return this.#create(stack, model, definition, row, wanted, templateId, requires, work);
    row = await this.#handover.takeBack(stack, model, row, limits);
    this.#requireSameExternal(stack, row, wanted, section);
    if (wanted.external !== null) return this.#keep(row, { template_id: templateId, requires });
    await this.#hooks.pass(stack, model, row, "pre-update", work);
    if (this.#needsReplacement(row, definition, wanted, model, stack, templateId)) {
      return this.#replace(stack, model, definition, row, wanted, templateId, requires, work);
    }
    const changed = differences(wanted.properties, row.properties);
    const metadataChanged = !same(wanted.metadata, row.template_metadata);
    const kept = { template_id: templateId, requires, deletion_policy: wanted.deletionPolicy };
    const isSame = Object.keys(changed).length === 0 && !metadataChanged;
    if (isSame && wanted.type.alwaysUpdates !== true) {
      await this.#hooks.clearStale(stack, row);
      this.#core.setResource(
        row.id,
        row.status === "FAILED"
          ? { ...kept, status: "COMPLETE", action: "UPDATE", status_reason: "state changed" }
          : kept,
      );
      return { ...row, ...kept };
    }
    try {
      return await this.#change(stack, model, row, wanted, changed, kept, work);
    } catch (error) {
      if (!(error instanceof NeedsReplacement)) throw error;
      return this.#replace(stack, model, definition, row, wanted, templateId, requires, work);
    }
  }

  #keep(row: ResourceRow, changes: Partial<ResourceRow>): ResourceRow {
    this.#core.setResource(row.id, changes);
    return { ...row, ...changes };
  }

  /** Errors: ResourceFailed where a resource of the stack's own is to be another's, or the other way round. */
  #requireSameExternal(stack: StackRow, row: ResourceRow, wanted: WantedResource, section: string): void {
    if ((row.data.external_id ?? null) === wanted.external) return;
    const feature = `Update to property external_id of ${row.name} (${row.type})`;
    const reason = `NotSupported: ${section}.${row.name}: ${feature} is not supported.`;
    this.#work.state(stack, row.id, "UPDATE", "FAILED", reason);
    throw new ResourceFailed("UPDATE", reason);
  }

  async #create(
    stack: StackRow,
    model: StackModel,
    definition: ResourceDefinition,
    row: ResourceRow,
    wanted: WantedResource,
    templateId: string,
    requires: string[],
    work: WorkLimits & { section: string },
  ): Promise<ResourceRow> {
    await this.#hooks.pass(stack, model, row, "pre-create", work);
    const action: Action = stack.action === "ADOPT" ? "ADOPT" : "CREATE";
    const { external } = wanted;
    const begun: Partial<ResourceRow> = {
      type: definition.type,
      properties: wanted.properties,
      metadata: wanted.metadata,
      template_metadata: wanted.metadata,
      deletion_policy: wanted.deletionPolicy,
      template_id: templateId,
      requires,
    };
    this.#work.state(stack, row.id, action, "IN_PROGRESS", "state changed", begun);
    const handle = this.#view.handle(model, stack, { ...row, ...begun });
    handle.reload();
    if (external !== null) {
      handle.setPhysicalId(external);
      handle.setData("external_id", external);
      this.#work.state(stack, row.id, "CHECK", "COMPLETE");
    } else await this.#work.carryOut(handle, action, verbOf(wanted.type, handle, action), work);
    await this.#hooks.pass(stack, model, handle.row, "post-create", work);
    handle.reload();
    return handle.row;
  }

  async #change(
    stack: StackRow,
    model: StackModel,
    row: ResourceRow,
    wanted: WantedResource,
    changed: Values,
    kept: Partial<ResourceRow>,
    work: WorkLimits & { section: string },
  ): Promise<ResourceRow> {
    const told = same(wanted.metadata, row.template_metadata) ? {} : { metadata: this.#told(row.id, wanted.metadata) };
    this.#work.state(stack, row.id, "UPDATE", "IN_PROGRESS", "state changed", { updated_at: this.#core.now, ...told });
    const handle = this.#view.handle(model, stack, row, wanted.properties);
    handle.reload();
    const done = { ...kept, properties: wanted.properties, template_metadata: wanted.metadata };
    await this.#work.carryOut(handle, "UPDATE", verbOf(wanted.type, handle, "UPDATE", changed), { ...work, done });
    handle.reload();
    await this.#hooks.pass(stack, model, handle.row, "post-update", work);
    return handle.row;
  }

  /** New metadata, with those that servers have beside what templates say. */
  #told(id: string, metadata: Values): Record<string, unknown> {
    const before = this.#core.resources.get(id)?.metadata ?? {};
    const kept = ["deployments", "os-collect-config"].filter((key) => Object.hasOwn(before, key));
    return { ...metadata, ...Object.fromEntries(kept.map((key) => [key, before[key]])) };
  }

  async #replace(
    stack: StackRow,
    model: StackModel,
    definition: ResourceDefinition,
    row: ResourceRow,
    wanted: WantedResource,
    templateId: string,
    requires: string[],
    work: WorkLimits & { section: string },
  ): Promise<ResourceRow> {
    await this.#handover.release(stack, model, row, work);
    const fresh = this.#core.kernel.db.transaction(() => {
      // What a former attempt began in its place and did not finish is no use either; it is cleaned up with the rest.
      if (row.status === "IN_PROGRESS") this.#work.state(stack, row.id, row.action as Action, "COMPLETE");
      return this.#insert(stack, definition, requires, templateId, row.id);
    });
    return this.#create(stack, model, definition, fresh, wanted, templateId, requires, work);
  }

  /** Goes on with what was interrupted, as it was begun. A failure is for what comes next to deal with. */
  async #finish(
    stack: StackRow,
    model: StackModel,
    row: ResourceRow,
    work: WorkLimits & { section: string },
  ): Promise<ResourceRow> {
    const handle = this.#view.handle(model, stack, row);
    const action = row.action as Action;
    if (action === "UPDATE") {
      // Which changes it was about is asked again below: those that were made are no differences to a service.
      this.#core.setResource(row.id, { status: "COMPLETE" });
      return { ...row, status: "COMPLETE" };
    }
    try {
      await this.#work.carryOut(handle, action, verbOf(handle.type, handle, action), work);
    } catch (error) {
      if (!(error instanceof ResourceFailed)) throw error;
    }
    handle.reload();
    return handle.row;
  }

  async #cleanUp(
    stack: StackRow,
    id: string,
    chosen: ReadonlyMap<string, ResourceRow>,
    limits: WorkLimits,
  ): Promise<void> {
    const row = this.#core.resources.get(id);
    if (row === undefined || chosen.get(row.name)?.id === row.id) return;
    await this.remove(stack, row, limits);
  }

  /** Errors: ResourceFailed. */
  async remove(stack: StackRow, row: ResourceRow, limits: WorkLimits): Promise<void> {
    const model = this.#view.model(stack, this.#core.templateOf(row.template_id));
    const { section } = this.#view.words(model);
    const handle = this.#view.handle(model, stack, row);
    const { db } = this.#core.kernel;
    await this.#hooks.pass(stack, model, row, "pre-delete", limits);
    if (row.action === "INIT") return this.#core.resources.delete(row.id);
    const isAgain = row.action === "DELETE" && row.status === "IN_PROGRESS";
    if (!isAgain) this.#work.state(stack, row.id, "DELETE", "IN_PROGRESS");
    handle.reload();
    if (row.deletion_policy === "Snapshot" && handle.type.snapshot !== undefined && row.physical_id !== null) {
      await this.#work.carryOut(handle, "DELETE", verbOf(handle.type, handle, "SNAPSHOT"), { ...limits, section });
    }
    if (row.deletion_policy !== "Retain") {
      await this.#work.carryOut(handle, "DELETE", verbOf(handle.type, handle, "DELETE"), { ...limits, section });
    } else this.#work.state(stack, row.id, "DELETE", "COMPLETE");
    db.transaction(() => {
      this.#core.resources.delete(row.id);
      this.#core.announce();
    });
  }

  #needsReplacement(
    row: ResourceRow,
    definition: ResourceDefinition,
    wanted: WantedResource,
    model: StackModel,
    stack: StackRow,
    templateId: string,
  ): boolean {
    if (row.action === "DELETE") return true;
    if (wanted.type.isRenewed === true && row.template_id !== templateId) return true;
    if (row.type !== definition.type && !isSameTemplate(row.type, definition.type, wanted.type)) return true;
    if (row.status === "FAILED" && wanted.type.alwaysUpdates !== true) return true;
    const changed = differences(wanted.properties, row.properties);
    const { properties } = wanted.type;
    if (Object.keys(changed).some((key) => properties[key] !== undefined && properties[key].update_allowed !== true))
      return true;
    return wanted.type.needsReplace?.(this.#view.handle(model, stack, row), changed) === true;
  }

  /** The resource as the template has it, with its functions resolved. Errors: ResourceFailed. */
  async #wanted(
    model: StackModel,
    definition: ResourceDefinition,
    stack: StackRow,
    row: ResourceRow,
  ): Promise<WantedResource> {
    try {
      const type = model.typeOf(definition);
      const raw = await model.resolve(definition.properties);
      const properties = castProperties(type, isMap(raw) ? raw : {});
      const metadata = await model.metadata(definition);
      const deletionPolicy = model.source.template.deletionPolicy(definition, model);
      const external = resolve(definition.externalId, model);
      return { type, properties, metadata, deletionPolicy, external: typeof external === "string" ? external : null };
    } catch (error) {
      const { section } = this.#view.words(model);
      const action: Action = row.action === "INIT" ? "CREATE" : "UPDATE";
      const reason = reasonOf(error, definition.name, section);
      this.#work.state(stack, row.id, action, "FAILED", reason);
      throw new ResourceFailed(action, reason);
    }
  }
}

interface WantedResource {
  readonly type: ResourceType;
  readonly properties: Record<string, unknown>;
  readonly metadata: Record<string, unknown>;
  readonly deletionPolicy: string;
  readonly external: string | null;
}

export function castProperties(type: ResourceType, raw: Values): Record<string, unknown> {
  if (type.takesAnything === true) return { ...raw };
  return castFields(renamed(type, raw), type.properties, null, []);
}

/** With names of former times in today's. */
export function renamed({ renamed: names = {} }: Pick<ResourceType, "renamed">, raw: Values): Record<string, unknown> {
  return Object.fromEntries(Object.entries(raw).map(([key, value]) => [names[key] ?? key, value]));
}

/** The properties whose values are not as before. */
export function differences(now: Values, before: Values): Record<string, unknown> {
  const keys = [...new Set([...Object.keys(now), ...Object.keys(before)])];
  return Object.fromEntries(
    keys.filter((key) => !same(now[key] ?? null, before[key] ?? null)).map((key) => [key, now[key] ?? null]),
  );
}

/** A template may be called otherwise and be changed as such. */
const isSameTemplate = (one: string, other: string, type: ResourceType): boolean =>
  type.alwaysUpdates === true && /\.(yaml|template)$/.test(one) && /\.(yaml|template)$/.test(other);

/** Of several rows of a name: that of this template, else of the one before, else the newest. */
function best(rows: readonly ResourceRow[], templateId: string, previous: string | null): ResourceRow | undefined {
  const living = rows.filter(({ action }) => action !== "DELETE");
  const of = (id: string | null) => living.findLast((row) => row.template_id === id);
  return of(templateId) ?? of(previous) ?? living.at(-1) ?? undefined;
}
