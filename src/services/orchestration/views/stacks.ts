import { isoSeconds } from "../../../kernel/time/clock.ts";
import type { Output } from "../manager/stacks.ts";
import type { StackRow } from "../store/stacks.ts";
import { link, type Place, stackUrl } from "./links.ts";

const time = (moment: number | null): string | null => (moment === null ? null : isoSeconds(moment));

export const createdView = (place: Place, stack: StackRow) => ({ id: stack.id, links: [link(stackUrl(place, stack))] });

/** In lists. */
export function summaryView(place: Place, stack: StackRow, withProject: boolean, action = false) {
  return {
    ...createdView(place, stack),
    ...(withProject ? { project: stack.project_id } : {}),
    stack_name: stack.name,
    description: "",
    stack_status: `${stack.action}_${stack.status}`,
    stack_status_reason: stack.status_reason,
    creation_time: isoSeconds(stack.created_at),
    updated_time: time(stack.updated_at),
    deletion_time: time(stack.deleted_at),
    stack_owner: stack.username,
    parent: stack.owner_id,
    stack_user_project_id: stack.user_project_id,
    tags: action ? stack.tags : stack.tags.length === 0 ? null : stack.tags,
  };
}

export interface StackFacts {
  readonly parameters: Readonly<Record<string, string>>;
  readonly description: string;
  /** Null: they were not worked out. */
  readonly outputs: readonly Output[] | null;
}

export function stackView(place: Place, stack: StackRow, facts: StackFacts) {
  const { action, status } = stack;
  return {
    ...knownView(place, stack, facts),
    stack_status: `${action}_${status}`,
    stack_status_reason: stack.status_reason,
    ...(facts.outputs === null || (action === "DELETE" && status === "COMPLETE")
      ? {}
      : { outputs: facts.outputs.map(outputView) }),
  };
}

type Known = Pick<
  StackRow,
  | "name"
  | "project_id"
  | "created_at"
  | "updated_at"
  | "deleted_at"
  | "disable_rollback"
  | "timeout_mins"
  | "username"
  | "owner_id"
  | "user_project_id"
  | "tags"
> & { readonly id: string | null };

/** What a stack that is only imagined has, too: its id is "None". */
export function knownView(place: Place, stack: Known, { parameters, description }: Omit<StackFacts, "outputs">) {
  return {
    stack_name: stack.name,
    id: stack.id ?? "None",
    links: [link(stackUrl(place, stack))],
    creation_time: isoSeconds(stack.created_at),
    updated_time: time(stack.updated_at),
    deletion_time: time(stack.deleted_at),
    notification_topics: [],
    parameters,
    description,
    template_description: description,
    capabilities: [],
    disable_rollback: stack.disable_rollback,
    timeout_mins: stack.timeout_mins,
    stack_owner: stack.username,
    parent: stack.owner_id,
    stack_user_project_id: stack.user_project_id,
    tags: stack.tags,
  };
}

export const outputView = ({ name, description, value, error }: Output) => ({
  output_key: name,
  description,
  ...(error === undefined ? {} : { output_error: error }),
  output_value: value ?? null,
});
