import type { CallInput } from "../../../../kernel/http/perform.ts";
import { type AnyRoute, type ApiRequest, type ApiResponse, route } from "../../../../kernel/http/route.ts";
import type { Kernel } from "../../../../kernel/module.ts";
import { ACTION } from "./answers.ts";
import { MAX_BODY, type Params, pairsOf, paramsOf } from "./query.ts";
import { refusal } from "./refusals.ts";
import {
  arnOf,
  eventOf,
  identified,
  outputOf,
  type RestResource,
  type RestStack,
  resourceOf,
  summaryOf,
} from "./words.ts";

/** The actions of heat/api/cfn/v1/stacks.py, each by the records of heat's own API. */

interface Asking {
  readonly params: Params;
  readonly projectId: string;
  /** The user of a resource. */
  readonly isGuest: boolean;
  /** A record of heat's own API, for the same user. */
  call<Body>(record: string, input?: CallInput): Promise<Body>;
  respond(record: string, input?: CallInput): Promise<ApiResponse>;
}

type Action = (asking: Asking) => Promise<unknown> | unknown;

const required = ({ params }: Asking, name: string): string => {
  const value = params[name];
  if (value === undefined || value === "") throw refusal("MissingParameter", name);
  return value;
};

/** A stack by its name, id or ARN, as parameters of a path. Errors: 400. */
export async function stackNamed(
  { respond, projectId }: Pick<Asking, "respond" | "projectId">,
  name: string,
): Promise<Record<string, string>> {
  const known = identified(name);
  const tenant = { url_tenant_id: projectId };
  if (known !== null) return { ...tenant, stack_name: known.name, stack_id: known.id };
  const { headers } = await respond("stacks:lookup-get", { params: { ...tenant, named: name } });
  const [, found = "", id = ""] = /\/stacks\/([^/]+)\/([^/?]+)/.exec(headers?.location ?? "") ?? [];
  return { ...tenant, stack_name: decodeURIComponent(found), stack_id: id };
}

const stackOf = async (asking: Asking) => stackNamed(asking, required(asking, "StackName"));

/** Errors: 400. */
function templateOf({ params }: Asking): string {
  const { TemplateBody, TemplateUrl, TemplateURL } = params;
  if (TemplateBody !== undefined) return TemplateBody;
  if ((TemplateUrl ?? TemplateURL) !== undefined)
    throw refusal("InvalidParameterValue", "Failed to fetch template: templates are not fetched from URLs here");
  throw refusal("MissingParameter", "TemplateBody or TemplateUrl were not given.");
}

/** Errors: 400. */
function givenOf(asking: Asking): Record<string, unknown> {
  const { TimeoutInMinutes, DisableRollback, OnFailure } = asking.params;
  if (DisableRollback !== undefined && OnFailure !== undefined)
    throw refusal("InvalidParameterCombination", "DisableRollback and OnFailure may not be used together");
  const kept = OnFailure === undefined ? DisableRollback?.toLowerCase() === "true" : OnFailure === "DO_NOTHING";
  return {
    template: templateOf(asking),
    parameters: pairsOf(asking.params, "Parameters", "ParameterKey", "ParameterValue"),
    ...(TimeoutInMinutes === undefined ? {} : { timeout_mins: TimeoutInMinutes }),
    ...(DisableRollback === undefined && OnFailure === undefined ? {} : { disable_rollback: kept }),
  };
}

const tenant = ({ projectId }: Asking) => ({ url_tenant_id: projectId });

async function resourcesOf(asking: Asking, params: Record<string, string>): Promise<RestResource[]> {
  return (await asking.call<{ resources: RestResource[] }>("resources:list", { params })).resources;
}

async function everyStack(asking: Asking): Promise<RestStack[]> {
  return (await asking.call<{ stacks: RestStack[] }>("stacks:list", { params: tenant(asking) })).stacks;
}

const place = (asking: Asking, { stack_name, id }: Pick<RestStack, "stack_name" | "id">) => ({
  ...tenant(asking),
  stack_name,
  stack_id: id,
});

/** The stack that a thing of another service belongs to. Errors: 400. */
async function holderOf(asking: Asking, physicalId: string): Promise<Record<string, string>> {
  for (const stack of await everyStack(asking)) {
    const params = place(asking, stack);
    const resources = await resourcesOf(asking, params);
    if (resources.some(({ physical_resource_id }) => physical_resource_id === physicalId)) return params;
  }
  throw refusal("InvalidParameterValue", `The Resource (${physicalId}) could not be found.`);
}

const ACTIONS: Readonly<Record<string, Action>> = {
  async ListStacks(asking) {
    return { StackSummaries: (await everyStack(asking)).map((stack) => summaryOf(asking.projectId, stack)) };
  },
  async DescribeStacks(asking) {
    const { StackName } = asking.params;
    const wanted =
      StackName === undefined
        ? (await everyStack(asking)).map((stack) => place(asking, stack))
        : [await stackNamed(asking, StackName)];
    const stacks = await Promise.all(
      wanted.map(async (params) => (await asking.call<{ stack: RestStack }>("stacks:show", { params })).stack),
    );
    return {
      Stacks: stacks.map((stack) => ({
        ...summaryOf(asking.projectId, stack, true),
        Capabilities: stack.capabilities,
        Description: stack.description,
        DisableRollback: stack.disable_rollback,
        NotificationARNs: stack.notification_topics,
        Parameters: Object.entries(stack.parameters).map(([ParameterKey, ParameterValue]) => ({
          ParameterKey,
          ParameterValue,
        })),
        TimeoutInMinutes: stack.timeout_mins,
        Outputs: (stack.outputs ?? []).map(outputOf),
      })),
    };
  },
  async CreateStack(asking) {
    const stack_name = required(asking, "StackName");
    const body = { stack_name, ...givenOf(asking) };
    const { stack } = await asking.call<{ stack: { id: string } }>("stacks:create", { params: tenant(asking), body });
    return { StackId: arnOf(asking.projectId, { stack_name, id: stack.id }) };
  },
  async UpdateStack(asking) {
    const params = await stackOf(asking);
    await asking.respond("stacks:update", { params, body: givenOf(asking) });
    return { StackId: arnOf(asking.projectId, { stack_name: params.stack_name ?? "", id: params.stack_id ?? "" }) };
  },
  async CancelUpdateStack(asking) {
    await asking.respond("stacks:action", { params: await stackOf(asking), body: { cancel_update: null } });
    return {};
  },
  async DeleteStack(asking) {
    await asking.respond("stacks:delete", { params: await stackOf(asking) });
    return "";
  },
  async GetTemplate(asking) {
    return { TemplateBody: await asking.call("stacks:template", { params: await stackOf(asking) }) };
  },
  EstimateTemplateCost: () => ({ Url: "http://en.wikipedia.org/wiki/Gratis" }),
  async ValidateTemplate(asking) {
    const body = { template: templateOf(asking) };
    const found = await asking.call<{ Description: string; Parameters: Record<string, Record<string, unknown>> }>(
      "templates:validate",
      { params: tenant(asking), body },
    );
    return {
      Description: found.Description,
      Parameters: Object.entries(found.Parameters).map(([ParameterKey, parameter]) => ({
        ParameterKey,
        DefaultValue: parameter.Default ?? "",
        Description: parameter.Description ?? "",
        NoEcho: parameter.NoEcho ?? "false",
      })),
    };
  },
  async DescribeStackEvents(asking) {
    const { StackName } = asking.params;
    const stacks =
      StackName === undefined || StackName === ""
        ? (await everyStack(asking)).map((stack) => place(asking, stack))
        : [await stackNamed(asking, StackName)];
    const all = stacks.map(async (params) => {
      const { events } = await asking.call<{ events: { id: string; resource_name: string }[] }>("events:list", {
        params,
      });
      const details = events.map(async ({ id, resource_name }) => {
        const of = { ...params, resource_name, event_id: id };
        const { event } = await asking.call<{ event: Record<string, unknown> }>("events:show", { params: of });
        return eventOf(asking.projectId, params, event);
      });
      return Promise.all(details);
    });
    return { StackEvents: (await Promise.all(all)).flat() };
  },
  async DescribeStackResource(asking) {
    const params: Record<string, string> = {
      ...(await stackOf(asking)),
      resource_name: required(asking, "LogicalResourceId"),
    };
    const { metadata } = await asking.call<{ metadata: unknown }>("resources:metadata", { params });
    const LogicalResourceId = params.resource_name;
    // A resource's own user, as cfn-init in a guest asks, may see this much.
    const own = { LogicalResourceId, StackName: params.stack_name ?? "" };
    if (asking.isGuest) return { StackResourceDetail: { ...own, Metadata: metadata } };
    const { resource } = await asking.call<{ resource: RestResource }>("resources:show", { params });
    const shown = resourceOf(asking.projectId, params, resource, "LastUpdatedTimestamp");
    return { StackResourceDetail: { ...shown, Metadata: metadata } };
  },
  async DescribeStackResources(asking) {
    const { StackName, PhysicalResourceId, LogicalResourceId } = asking.params;
    if (StackName !== undefined && PhysicalResourceId !== undefined)
      throw refusal("InvalidParameterCombination", "Use `StackName` or `PhysicalResourceId` but not both");
    if (StackName === undefined && PhysicalResourceId === undefined) throw refusal("MissingParameter", "StackName");
    const params =
      StackName === undefined ? await holderOf(asking, PhysicalResourceId ?? "") : await stackNamed(asking, StackName);
    const found = (await resourcesOf(asking, params)).filter(
      ({ resource_name }) => LogicalResourceId === undefined || resource_name === LogicalResourceId,
    );
    return { StackResources: found.map((one) => resourceOf(asking.projectId, params, one, "Timestamp")) };
  },
  async ListStackResources(asking) {
    const params = await stackOf(asking);
    const all = (await resourcesOf(asking, params)).map((one) =>
      resourceOf(asking.projectId, params, one, "LastUpdatedTimestamp"),
    );
    return {
      StackResourceSummaries: all.map(({ StackId: _id, StackName: _name, Description: _said, ...summary }) => summary),
    };
  },
};

/** Records for GET and POST of each action. */
export function actionRecords(
  action: string,
  perform: (request: ApiRequest) => Promise<unknown> | unknown,
): AnyRoute[] {
  return (["GET", "POST"] as const).map((method) =>
    route({
      name: `${ACTION}${action} (${method})`,
      method,
      path: "/v1",
      policy: `cloudformation:${action}`,
      maxBody: MAX_BODY,
      success: 200,
      handler: async (request) => ({
        body: { [`${action}Response`]: { [`${action}Result`]: await perform(request) } },
      }),
    }),
  );
}

export function cfnActions(kernel: Kernel): AnyRoute[] {
  const askingOf = (request: ApiRequest): Asking => {
    const { context } = request;
    if (context.projectId === null) throw refusal("AccessDenied");
    const respond = (record: string, input: CallInput = {}) => kernel.call("orchestration", record, context, input);
    return {
      params: paramsOf(request),
      projectId: context.projectId,
      isGuest: context.roles.has("heat_stack_user"),
      respond,
      call: async <Body>(record: string, input?: CallInput) => (await respond(record, input)).body as Body,
    };
  };
  return Object.entries(ACTIONS).flatMap(([action, perform]) =>
    actionRecords(action, (request) => perform(askingOf(request))),
  );
}
