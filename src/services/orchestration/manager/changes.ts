import type { RequestContext } from "../../../kernel/auth/context.ts";
import type { ResourceDefinition } from "../language/template.ts";
import type { ResourceRow } from "../store/resources.ts";
import type { StackRow } from "../store/stacks.ts";
import { isMap, same } from "../values/python.ts";
import { castProperties, differences } from "./convergence.ts";
import type { Core } from "./core.ts";
import type { StackView } from "./stack-view.ts";
import type { Given, StackManager } from "./stacks.ts";

export type Change = "unchanged" | "updated" | "replaced" | "added" | "deleted";

/** What an update would do with a resource. */
export interface ResourceChange {
  readonly change: Change;
  /** As the template that counts has it; null for what goes. */
  readonly definition: ResourceDefinition | null;
  /** Null for what is new. */
  readonly row: ResourceRow | null;
  readonly stack: StackRow;
  readonly requiredBy: readonly string[];
  readonly attributes: readonly string[];
}

/** What an update would do, without doing it. */
export class Changes {
  readonly #core: Core;
  readonly #stacks: StackManager;
  readonly #view: StackView;

  constructor(core: Core, parts: { stacks: StackManager; view: StackView }) {
    this.#core = core;
    this.#stacks = parts.stacks;
    this.#view = parts.view;
  }

  /** Errors: 400. */
  async of(context: RequestContext, stack: StackRow, given: Given): Promise<ResourceChange[]> {
    await this.#stacks.checked(context, stack.name, given);
    const { data, files, environment } = given;
    const row = {
      id: stack.template_id,
      stack_id: stack.id,
      data: { ...data },
      files: { ...files },
      environment: { ...environment },
    };
    const model = this.#view.model(stack, row);
    const needs = model.needs();
    const requiredBy = (name: string) =>
      [...needs]
        .filter(([, needed]) => needed.has(name))
        .map(([dependent]) => dependent)
        .sort();
    const made: ResourceChange[] = [];
    for (const definition of model.definitions.values()) {
      const type = model.typeOf(definition);
      const present = this.#view.current(stack, stack.template_id, definition.name) ?? null;
      const common = {
        definition,
        stack,
        requiredBy: requiredBy(definition.name),
        attributes: Object.keys(type.attributes),
      };
      if (present === null) {
        made.push({ ...common, change: "added", row: null });
        continue;
      }
      const raw = await model.resolve(definition.properties);
      const changed = differences(castProperties(type, isMap(raw) ? raw : {}), present.properties);
      const fixed = Object.keys(changed).some(
        (key) => type.properties[key] !== undefined && type.properties[key].update_allowed !== true,
      );
      const isSame =
        Object.keys(changed).length === 0 && same(await model.metadata(definition), present.template_metadata);
      const replaced = present.type !== definition.type || present.status === "FAILED" || fixed;
      const change = replaced ? "replaced" : isSame && type.alwaysUpdates !== true ? "unchanged" : "updated";
      made.push({ ...common, change, row: present });
    }
    const kept = new Set(model.definitions.keys());
    for (const left of this.#core.resources.of(stack.id)) {
      if (kept.has(left.name) || left.action === "DELETE") continue;
      made.push({ change: "deleted", definition: null, row: left, stack, requiredBy: [], attributes: [] });
    }
    return made;
  }
}
