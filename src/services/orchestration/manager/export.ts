import { type Environment, shown } from "../language/environment.ts";
import type { StackRow } from "../store/stacks.ts";
import type { Core } from "./core.ts";

/** A stack with all that is known of its resources, as snapshots keep it and as it is handed out. */
export function exported(core: Core, stack: StackRow): Record<string, unknown> {
  const { data, files, environment } = core.templateOf(stack.template_id);
  const rows = core.resources.of(stack.id).filter(({ action }) => action !== "INIT" && action !== "DELETE");
  const resources = rows.map((row) => {
    const nested = row.physical_id === null ? undefined : core.stacks.get(row.physical_id);
    const known = {
      name: row.name,
      resource_id: row.physical_id,
      type: row.type,
      action: row.action,
      status: row.status,
      metadata: row.metadata,
      resource_data: row.data,
    };
    const inner = nested?.owner_id === stack.id ? exported(core, nested) : {};
    return [row.name, { ...inner, ...known }] as const;
  });
  return {
    name: stack.name,
    id: stack.id,
    action: stack.action,
    environment: shown(environment as unknown as Environment),
    files,
    status: stack.status,
    template: data,
    resources: Object.fromEntries(resources),
    project_id: stack.project_id,
    stack_user_project_id: stack.user_project_id,
    tags: stack.tags,
  };
}
