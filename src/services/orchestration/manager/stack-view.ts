import type { Made, ResourceType, Sibling, Values } from "../resource-types/types.ts";
import type { ResourceRow } from "../store/resources.ts";
import type { StackRow } from "../store/stacks.ts";
import type { TemplateRow } from "../store/templates.ts";
import type { Core } from "./core.ts";
import { Handle } from "./handle.ts";
import { StackModel } from "./model.ts";
import { NestedStack } from "./nested.ts";
import type { StackManager } from "./stacks.ts";

/** A stack's template over what there is of it: its resources as their types see them. */
export class StackView {
  readonly #core: Core;
  #stacks: StackManager | null = null;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Told once by who makes both. */
  set stacks(stacks: StackManager) {
    this.#stacks = stacks;
  }

  model(stack: StackRow, template: TemplateRow): StackModel {
    const model: StackModel = new StackModel(this.#core, this.#core.source(template), {
      id: stack.id,
      name: stack.name,
      projectId: stack.project_id,
      made: (name): Made | null => {
        const row = this.current(stack, template.id, name);
        return row === undefined ? null : this.handle(model, stack, row);
      },
      facade: (what) => this.#facade(stack, what),
    });
    return model;
  }

  /** Of a name the one that is made by this template, else the newest. */
  current(stack: StackRow, templateId: string, name: string): ResourceRow | undefined {
    const rows = this.#core.resources.list({ stack_id: stack.id, name });
    return (
      rows.findLast((row) => row.template_id === templateId && row.action !== "DELETE") ??
      rows.findLast((row) => row.action !== "DELETE") ??
      rows.at(-1)
    );
  }

  handle(model: StackModel, stack: StackRow, row: ResourceRow, properties?: Values): TypedHandle {
    const stacks = this.#stacks;
    if (stacks === null) throw new Error("the view of stacks is not ready");
    return new TypedHandle(
      {
        core: this.#core,
        stack,
        row,
        surroundings: model.surroundings(row.name, row.type),
        nested: (handle) => new NestedStack(this.#core, stacks, handle),
        sibling: (reference) => this.#sibling(model, stack, reference),
        ...(properties === undefined ? {} : { properties }),
      },
      () => model.findType(row.type, row.name),
    );
  }

  #sibling(model: StackModel, stack: StackRow, reference: unknown): Sibling | null {
    const templateId = this.#core.stacks.get(stack.id)?.template_id ?? stack.template_id;
    for (const name of new Set(this.#core.resources.of(stack.id).map((row) => row.name))) {
      const row = this.current(stack, templateId, name);
      if (row === undefined || row.action === "INIT") continue;
      const handle = this.handle(model, stack, row);
      if ((handle.type.reference?.(handle) ?? handle.physicalId ?? name) === reference)
        return { type: handle.type, run: handle };
    }
    return null;
  }

  /** How the template's language calls the section of resources, for messages. */
  words(model: StackModel): { section: string } {
    return { section: model.source.template.dialect.sections.resources };
  }

  /** What the resource that this stack stands for says in its owner's template. */
  #facade({ owner_id, parent_resource }: StackRow, what: "metadata" | "deletion_policy" | "update_policy"): unknown {
    if (owner_id === null || parent_resource === null) return null;
    const row = this.#core.resources.named(owner_id, parent_resource);
    if (what === "metadata") return row?.metadata ?? null;
    if (what === "deletion_policy") return row?.deletion_policy ?? null;
    return {};
  }
}

/** A resource that knows its type. */
export class TypedHandle extends Handle {
  readonly #find: () => ResourceType;
  #type: ResourceType | null = null;

  constructor(options: ConstructorParameters<typeof Handle>[0], find: () => ResourceType) {
    super(options);
    this.#find = find;
  }

  get type(): ResourceType {
    this.#type ??= this.#find();
    return this.#type;
  }
}
