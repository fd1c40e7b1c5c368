import { isoSeconds } from "../../../kernel/time/clock.ts";
import type { Preview, PreviewedResource, ShownResource } from "../manager/inspection.ts";
import type { EventRow } from "../store/events.ts";
import type { StackRow } from "../store/stacks.ts";
import { link, type Place, resourceUrl, stackUrl } from "./links.ts";

export function resourceView(place: Place, { row, stack, requiredBy, nested }: ShownResource) {
  return {
    updated_time: isoSeconds(row.updated_at ?? row.created_at),
    creation_time: isoSeconds(row.created_at),
    logical_resource_id: row.name,
    resource_name: row.name,
    physical_resource_id: row.physical_id ?? "",
    resource_status: `${row.action}_${row.status}`,
    resource_status_reason: row.status_reason,
    resource_type: row.type,
    links: [
      link(resourceUrl(place, stack, row.name)),
      link(stackUrl(place, stack), "stack"),
      ...(nested === null ? [] : [link(stackUrl(place, nested), "nested")]),
    ],
    required_by: requiredBy,
    ...(stack.parent_resource === null ? {} : { parent_resource: stack.parent_resource }),
  };
}

export const resourceDetailView = (place: Place, shown: ShownResource, attributes: unknown) => ({
  ...resourceView(place, shown),
  description: shown.description,
  attributes,
});

const isList = (entry: PreviewedResource | Preview): entry is Preview => Array.isArray(entry);

export function previewView(projectId: string, preview: Preview): unknown[] {
  return preview.map((entry) => (isList(entry) ? previewView(projectId, entry) : previewedView(projectId, entry)));
}

function previewedView(
  projectId: string,
  { definition, stackName, parent, requiredBy, properties, metadata, attributes }: PreviewedResource,
) {
  const stack = { tenant: projectId, stack_name: stackName, stack_id: "None" };
  return {
    updated_time: null,
    creation_time: null,
    resource_name: definition.name,
    physical_resource_id: "",
    resource_action: "INIT",
    resource_status: "COMPLETE",
    resource_status_reason: "",
    resource_type: definition.type,
    resource_identity: { ...stack, path: `/resources/${definition.name}` },
    stack_identity: { ...stack, path: "" },
    stack_name: stackName,
    required_by: requiredBy,
    ...(parent === null ? {} : { parent_resource: parent }),
    description: definition.description,
    metadata,
    attributes: Object.fromEntries(attributes.map((name) => [name, null])),
    properties,
  };
}

export interface ShownEvent {
  readonly event: EventRow;
  readonly stack: StackRow;
  /** The outermost stack that was asked for, where nested ones are told of, too. */
  readonly root: StackRow | null;
}

export function eventView(place: Place, { event, stack, root }: ShownEvent) {
  const resource = resourceUrl(place, stack, event.resource_name);
  return {
    id: event.id,
    links: [
      link(`${resource}/events/${event.id}`),
      link(resource, "resource"),
      link(stackUrl(place, stack), "stack"),
      ...(root === null ? [] : [link(stackUrl(place, root), "root_stack")]),
    ],
    event_time: isoSeconds(event.created_at),
    logical_resource_id: event.resource_name,
    resource_name: event.resource_name,
    physical_resource_id: event.physical_id,
    resource_status: `${event.action}_${event.status}`,
    resource_status_reason: event.reason,
  };
}

export function eventDetailView(place: Place, shown: ShownEvent) {
  const { id, links, event_time, ...others } = eventView(place, shown);
  const { type, properties } = shown.event;
  return { id, links, event_time, ...others, resource_type: type, resource_properties: properties };
}
