import { type AnyRoute, type ApiRequest, caller, route, type Touched } from "../../../kernel/http/route.ts";
import { badRequest, valueError } from "../errors.ts";
import type { Managers } from "../manager/index.ts";
import { type Existing, readGiven, type Sent } from "../manager/reading.ts";
import { type Given, requireName, type StackOptions } from "../manager/stacks.ts";
import { anyObject } from "../schemas/stacks.ts";
import type { StackRow } from "../store/stacks.ts";
import { changesView } from "../views/changes.ts";
import { link, stackUrl } from "../views/links.ts";
import { previewView } from "../views/resources.ts";
import { createdView, knownView, outputView, stackView, summaryView } from "../views/stacks.ts";
import { filtersOf, sortOf } from "./listing.ts";
import {
  accepted,
  booleanOf,
  flag,
  integerOf,
  last,
  limitOf,
  ownTenant,
  STACK,
  stackOf,
  stackOfGuests,
  TENANT,
  tagsOf,
} from "./paths.ts";

export type StackBody = Sent & {
  readonly stack_name?: unknown;
  readonly timeout_mins?: unknown;
  readonly disable_rollback?: unknown;
  readonly tags?: unknown;
  readonly clear_parameters?: unknown;
  readonly converge?: unknown;
};

/** Errors: 400. */
export function optionsOf(body: StackBody): StackOptions {
  return {
    timeoutMins: timeoutOf(body),
    disableRollback: body.disable_rollback === undefined ? true : strictBoolean(body.disable_rollback),
    tags: typeof body.tags === "string" ? tagsOf(body.tags) : [],
  };
}

function timeoutOf({ timeout_mins }: StackBody): number | null {
  if (timeout_mins === undefined || timeout_mins === null) return null;
  const minutes = integerOf("timeout_mins", timeout_mins);
  return minutes === 0 ? null : minutes;
}

/** The engine's own refusal, whose words heat keeps to itself. Errors: 400. */
function strictBoolean(value: unknown): boolean {
  const text = String(value).toLowerCase();
  if (text === "true" || text === "false") return text === "true";
  throw valueError();
}

export function stackRoutes({ core, stacks, changes, inspection }: Managers): AnyRoute[] {
  const limit = () => core.limits.maxTemplateSize;
  const stack = stackOf(stacks);
  const common = { url: ownTenant } as const;

  const list = (request: ApiRequest) => {
    const { query, context } = request;
    if (query.get("global_tenant") && booleanOf("global_tenant", query.get("global_tenant"))) {
      request.authorize({}, "stacks:global_index");
    }
    const filters = filtersOf(request, context.projectId, core.limits.hiddenTags);
    const page = { marker: last(query, "marker"), limit: limitOf(query) };
    const rows = stacks.list(filters, sortOf(query), page);
    const end = rows.at(-1);
    const full = page.limit !== null && rows.length === page.limit && end !== undefined;
    return {
      body: {
        stacks: rows.map((row) => summaryView(request, row, context.isAdmin)),
        ...(full ? { links: [nextLink(request, end.id)] } : {}),
        ...(flag(request, "with_count") ? { count: stacks.count(filters) } : {}),
      },
    };
  };

  const shown = async (request: ApiRequest<unknown, StackRow>) => {
    const { thing, query } = request;
    const resolves = query.get("resolve_outputs") ? booleanOf("resolve_outputs", query.get("resolve_outputs")) : true;
    const model = stacks.model(thing);
    const outputs = resolves && thing.deleted_at === null ? await stacks.outputsOf(thing) : null;
    const facts = { parameters: inspection.parameters(model), description: model.source.template.description, outputs };
    return { body: { stack: stackView(request, thing, facts) } };
  };

  /** `keeps`: what is not said stays. */
  const wantedOf = ({ body, thing }: ApiRequest<StackBody, StackRow>, keeps: boolean): Given => {
    const before = stacks.template(thing);
    const clearParameters = Array.isArray(body.clear_parameters) ? body.clear_parameters.map(String) : [];
    const existing = keeps ? ({ ...before, clearParameters } as unknown as Existing) : null;
    return readGiven(body, limit(), existing);
  };

  const previewUpdate = async (request: ApiRequest<StackBody, StackRow>, keeps: boolean) => {
    const found = await changes.of(request.context, request.thing, wantedOf(request, keeps));
    return { body: { resource_changes: changesView(found) } };
  };

  const update = async (request: ApiRequest<StackBody, StackRow>, keeps: boolean) => {
    const { body, context, thing } = request;
    const given = wantedOf(request, keeps);
    stacks.requireUpdatable(thing);
    await stacks.update(context, thing, {
      given,
      timeoutMins: timeoutOf(body),
      disableRollback: body.disable_rollback === undefined ? null : strictBoolean(body.disable_rollback),
      // Where a PUT names none there are none.
      tags: typeof body.tags === "string" ? tagsOf(body.tags) : keeps ? null : [],
    });
    return accepted(request);
  };

  return [
    route({
      ...common,
      name: "stacks:list",
      method: "GET",
      path: `${TENANT}/stacks`,
      policy: "stacks:index",
      of: caller,
      success: 200,
      handler: list,
    }),
    route({
      ...common,
      name: "stacks:detail",
      method: "GET",
      path: `${TENANT}/stacks/detail`,
      policy: "stacks:detail",
      of: caller,
      success: 200,
      handler(request) {
        // Heat asks its engine for this list without saying anything of it.
        const unasked = { query: new URLSearchParams() };
        const filters = filtersOf(unasked, request.context.projectId, core.limits.hiddenTags);
        const rows = stacks.list(filters, { keys: [], descending: true }, { marker: null, limit: null });
        return { body: { stacks: rows.map((row) => summaryView(request, row, false)) } };
      },
    }),
    route<StackBody>({
      ...common,
      name: "stacks:create",
      method: "POST",
      path: `${TENANT}/stacks`,
      policy: "stacks:create",
      of: caller,
      request: anyObject,
      maxBody: MAX_BODY,
      success: 201,
      async handler(request) {
        const { body, context } = request;
        const options = optionsOf(body);
        if (body.stack_name === undefined) throw badRequest("No stack name specified");
        const given = readGiven(body, limit());
        if (body.converge !== undefined)
          throw badRequest("converge flag only supported in stack update (or update preview) request.");
        requireName(body.stack_name);
        const made = await stacks.create(context, { ...given, ...options, name: body.stack_name });
        const view = createdView(request, made);
        return { body: { stack: view }, headers: { location: stackUrl(request, made) } };
      },
    }),
    route<StackBody>({
      ...common,
      name: "stacks:preview",
      method: "POST",
      path: `${TENANT}/stacks/preview`,
      policy: "stacks:preview",
      of: caller,
      request: anyObject,
      maxBody: MAX_BODY,
      success: 200,
      async handler(request) {
        const { body, context } = request;
        const options = optionsOf(body);
        if (body.stack_name === undefined) throw badRequest("No stack name specified");
        const given = readGiven(body, limit());
        requireName(body.stack_name);
        const name = body.stack_name;
        const model = await stacks.checked(context, name, given);
        const { template } = model.source;
        const facts = { parameters: inspection.parameters(model), description: template.description };
        const imagined = {
          id: null,
          name,
          project_id: context.projectId ?? "",
          created_at: core.now,
          updated_at: null,
          deleted_at: null,
          disable_rollback: options.disableRollback,
          timeout_mins: options.timeoutMins,
          username: context.userName,
          owner_id: null,
          user_project_id: null,
          tags: [...options.tags],
        };
        const outputs = (await inspection.imaginedOutputs(model)).map(outputView);
        const resources = previewView(context.projectId ?? "", await inspection.preview(model, context));
        return { body: { stack: { ...knownView(request, imagined, facts), outputs, resources } } };
      },
    }),
    ...lookups(stacks),
    route<unknown, StackRow>({
      ...common,
      name: "stacks:show",
      method: "GET",
      path: STACK,
      policy: "stacks:show",
      of: stack,
      success: 200,
      handler: shown,
    }),
    route<unknown, StackRow>({
      ...common,
      name: "stacks:template",
      method: "GET",
      path: `${STACK}/template`,
      policy: "stacks:template",
      of: stack,
      success: 200,
      handler: ({ thing }) => ({ body: stacks.template(thing).data }),
    }),
    route<unknown, StackRow>({
      ...common,
      name: "stacks:environment",
      method: "GET",
      path: `${STACK}/environment`,
      policy: "stacks:environment",
      of: stack,
      success: 200,
      handler: ({ thing }) => ({ body: inspection.environment(thing) }),
    }),
    route<unknown, StackRow>({
      ...common,
      name: "stacks:files",
      method: "GET",
      path: `${STACK}/files`,
      policy: "stacks:files",
      of: stack,
      success: 200,
      handler: ({ thing }) => ({ body: stacks.template(thing).files }),
    }),
    route<StackBody, StackRow>({
      ...common,
      name: "stacks:update",
      method: "PUT",
      path: STACK,
      policy: "stacks:update",
      of: stack,
      request: anyObject,
      maxBody: MAX_BODY,
      success: 202,
      handler: (request) => update(request, false),
    }),
    route<StackBody, StackRow>({
      ...common,
      name: "stacks:patch",
      method: "PATCH",
      path: STACK,
      policy: "stacks:update_patch",
      of: stack,
      request: anyObject,
      maxBody: MAX_BODY,
      success: 202,
      handler: (request) => update(request, true),
    }),
    ...(["PUT", "PATCH"] as const).map((method) =>
      route<StackBody, StackRow>({
        ...common,
        name: `stacks:preview-${method === "PUT" ? "update" : "patch"}`,
        method,
        path: `${STACK}/preview`,
        policy: method === "PUT" ? "stacks:preview_update" : "stacks:preview_update_patch",
        of: stack,
        request: anyObject,
        maxBody: MAX_BODY,
        success: 200,
        handler: (request) => previewUpdate(request, method === "PATCH"),
      }),
    ),
    route<unknown, StackRow>({
      ...common,
      name: "stacks:delete",
      method: "DELETE",
      path: STACK,
      policy: "stacks:delete",
      of: stack,
      success: 204,
      handler({ thing }) {
        stacks.delete(thing);
        return undefined;
      },
    }),
    route<unknown, StackRow>({
      ...common,
      name: "outputs:list",
      method: "GET",
      path: `${STACK}/outputs`,
      policy: "stacks:list_outputs",
      of: stack,
      success: 200,
      handler({ thing }) {
        const model = stacks.model(thing);
        const outputs = model.source.template.outputs(model);
        return { body: { outputs: outputs.map(({ name, description }) => ({ output_key: name, description })) } };
      },
    }),
    route<unknown, StackRow>({
      ...common,
      name: "outputs:show",
      method: "GET",
      path: `${STACK}/outputs/:output_key`,
      policy: "stacks:show_output",
      of: stack,
      success: 200,
      handler: async ({ thing, param }) => ({
        body: { output: outputView(await inspection.output(thing, param("output_key"))) },
      }),
    }),
  ];
}

/** Longest body: templates come with their files. heat.conf's max_json_body_size is 1 MiB, which files count against. */
export const MAX_BODY = 1_048_576;

/** What may stand behind a stack's name. */
const SUBPATHS = {
  GET: ["resources", "events", "template", "actions", "environment", "files"],
  POST: ["resources", "events", "template", "actions"],
} as const;

/** A stack by its name, or by its id alone: where it really is. */
function lookups(stacks: Managers["stacks"], ofGuests = stackOfGuests(stacks)): AnyRoute[] {
  const found: Touched<StackRow> = {
    ...ofGuests,
    kind: "named stack",
    find: ({ context, param }) => stacks.identify(context, param("named")),
  };
  const record = (method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE", part = ""): AnyRoute =>
    route<unknown, StackRow>({
      url: ownTenant,
      name: `stacks:lookup-${method.toLowerCase()}${part.replace("/", "-")}`,
      method,
      path: `${TENANT}/stacks/:named${part}`,
      policy: "stacks:lookup",
      of: found,
      maxBody: MAX_BODY,
      success: 302,
      handler(request) {
        const asked = request.query.toString();
        const location = `${stackUrl(request, request.thing)}${part}${asked === "" ? "" : `?${asked}`}`;
        const message = `The resource was found at <a href="${location}">${location}</a>;\nyou should be redirected automatically.\n\n\n`;
        return { headers: { location }, body: { message, code: "302 Found", title: "Found" } };
      },
    });
  return [
    ...(["GET", "POST", "PUT", "PATCH", "DELETE"] as const).map((method) => record(method)),
    ...SUBPATHS.GET.map((part) => record("GET", `/${part}`)),
    ...SUBPATHS.POST.map((part) => record("POST", `/${part}`)),
  ];
}

function nextLink({ query, baseUrl, path }: ApiRequest, marker: string) {
  const next = new URLSearchParams(query);
  next.set("marker", marker);
  return { ...link(`${baseUrl}${path}?${next}`, "next") };
}
