import { along } from "../language/functions/references.ts";
import type { NestedTemplate, ResourceType, Run } from "./types.ts";

/** What all types do whose resource is a stack of its own. `template`: what it consists of. */
export function nestedHandlers(template: (run: Run) => NestedTemplate) {
  return {
    alwaysUpdates: true,
    create(run) {
      if (run.nested.state() === null) run.nested.create(template(run));
    },
    isCreated: ({ nested }) => nested.isDone("CREATE"),
    update(run) {
      if (run.nested.state() === null) run.nested.create(template(run));
      else run.nested.update(template(run));
    },
    isUpdated: ({ nested }) => nested.isDone("UPDATE") || nested.isDone("CREATE"),
    delete: ({ nested }) => nested.delete(),
    isDeleted: ({ nested }) => nested.state() === null || nested.isDone("DELETE"),
    suspend: ({ nested }) => nested.act("SUSPEND"),
    isSuspended: ({ nested }) => nested.isDone("SUSPEND"),
    resume: ({ nested }) => nested.act("RESUME"),
    isResumed: ({ nested }) => nested.isDone("RESUME"),
    check: ({ nested }) => nested.act("CHECK"),
    isChecked: ({ nested }) => nested.isDone("CHECK"),
    reference: ({ nested, physicalId, physicalName }) =>
      nested.state() === null ? (physicalId ?? physicalName()) : physicalId,
  } satisfies Partial<ResourceType>;
}

/** A part of a value; null where there is none. */
export const part = (value: unknown, path: readonly unknown[]): unknown => along(value, path, null);
