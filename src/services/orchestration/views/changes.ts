import { isoSeconds } from "../../../kernel/time/clock.ts";
import type { Change, ResourceChange } from "../manager/changes.ts";

const ORDER: readonly Change[] = ["unchanged", "updated", "replaced", "added", "deleted"];

export const changesView = (changes: readonly ResourceChange[]) =>
  Object.fromEntries(ORDER.map((change) => [change, changes.filter((one) => one.change === change).map(changeView)]));

function changeView({ definition, row, stack, requiredBy, attributes }: ResourceChange) {
  const identity = { tenant: stack.project_id, stack_name: stack.name, stack_id: stack.id };
  const name = row?.name ?? definition?.name ?? "";
  return {
    updated_time: row === null ? null : isoSeconds(row.updated_at ?? row.created_at),
    creation_time: row === null ? null : isoSeconds(row.created_at),
    resource_name: name,
    physical_resource_id: row?.physical_id ?? "",
    resource_action: row?.action ?? "INIT",
    resource_status: row?.status ?? "COMPLETE",
    resource_status_reason: row?.status_reason ?? "",
    resource_type: definition?.type ?? row?.type ?? "",
    resource_identity: { ...identity, path: `/resources/${name}` },
    stack_identity: { ...identity, path: "" },
    stack_name: stack.name,
    required_by: requiredBy,
    description: definition?.description ?? "",
    metadata: row?.metadata ?? {},
    attributes: Object.fromEntries(attributes.map((one) => [one, null])),
  };
}
