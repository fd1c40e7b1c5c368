/** What heat's own API tells, in Amazon's words. */

export interface RestStack {
  readonly id: string;
  readonly stack_name: string;
  readonly stack_status: string;
  readonly stack_status_reason: string;
  readonly creation_time: string;
  readonly updated_time: string | null;
  readonly deletion_time: string | null;
  readonly description: string;
  readonly capabilities: readonly string[];
  readonly notification_topics: readonly string[];
  readonly parameters: Readonly<Record<string, string>>;
  readonly disable_rollback: boolean;
  readonly timeout_mins: number | null;
  readonly outputs?: readonly Readonly<Record<string, unknown>>[];
}

export interface RestResource {
  readonly resource_name: string;
  readonly physical_resource_id: string;
  readonly resource_status: string;
  readonly resource_status_reason: string;
  readonly resource_type: string;
  readonly updated_time: string;
  readonly description?: string;
}

const ARN = /^arn:openstack:heat::([^:]*):stacks\/([^/]+)\/([^/]+)$/;

export const arnOf = (projectId: string, { stack_name, id }: Pick<RestStack, "stack_name" | "id">): string =>
  `arn:openstack:heat::${projectId}:stacks/${encodeURIComponent(stack_name)}/${id}`;

/** Null for what is no ARN. */
export function identified(text: string): { name: string; id: string } | null {
  const [, , name, id] = ARN.exec(text) ?? [];
  if (name === undefined || id === undefined) return null;
  try {
    return { name: decodeURIComponent(name), id };
  } catch {
    return null;
  }
}

export function summaryOf(projectId: string, stack: RestStack, described = false): Record<string, unknown> {
  const isNew = described && stack.updated_time === null;
  return {
    StackId: arnOf(projectId, stack),
    StackName: stack.stack_name,
    StackStatus: stack.stack_status,
    StackStatusReason: stack.stack_status_reason,
    CreationTime: stack.creation_time,
    ...(isNew ? {} : { LastUpdatedTime: stack.updated_time }),
    ...(described ? {} : { TemplateDescription: stack.description, DeletionTime: stack.deletion_time }),
  };
}

/** Colons in names would be those of XML's namespaces. */
function plainKeys(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key.replaceAll(":", "."), plainKeys(inner)]));
}

export const outputOf = (output: Readonly<Record<string, unknown>>) => ({
  Description: output.description,
  OutputKey: output.output_key,
  OutputValue: plainKeys(output.output_value),
});

const stackIn = (projectId: string, { stack_name = "", stack_id = "" }: Readonly<Record<string, string>>) => ({
  StackId: arnOf(projectId, { stack_name, id: stack_id }),
  StackName: stack_name,
});

export function resourceOf(
  projectId: string,
  params: Readonly<Record<string, string>>,
  resource: RestResource,
  time: "Timestamp" | "LastUpdatedTimestamp",
) {
  return {
    Description: resource.description ?? "",
    LogicalResourceId: resource.resource_name,
    PhysicalResourceId: resource.physical_resource_id,
    ResourceStatus: resource.resource_status,
    ResourceStatusReason: resource.resource_status_reason,
    ResourceType: resource.resource_type,
    ...stackIn(projectId, params),
    [time]: resource.updated_time,
  };
}

export const eventOf = (
  projectId: string,
  params: Readonly<Record<string, string>>,
  event: Readonly<Record<string, unknown>>,
) => ({
  EventId: event.id,
  LogicalResourceId: event.resource_name,
  PhysicalResourceId: event.physical_resource_id,
  ResourceProperties: JSON.stringify(event.resource_properties ?? {}),
  ResourceStatus: event.resource_status,
  ResourceStatusReason: event.resource_status_reason,
  ResourceType: event.resource_type,
  ...stackIn(projectId, params),
  Timestamp: event.event_time,
});
