import type { Condition } from "../../../kernel/db/list.ts";
import { type AnyRoute, type ApiRequest, route, type Touched } from "../../../kernel/http/route.ts";
import type { Managers } from "../manager/index.ts";
import type { NewLimit, NewRegisteredLimit } from "../manager/limits.ts";
import { isOfProject, underDomain } from "../manager/lists.ts";
import { nameOf, nullableString, resourceSchema } from "../schemas/resource.ts";
import type { LimitRow, RegisteredLimitRow } from "../store/rows.ts";
import type { Json } from "./attributes.ts";
import { listOf } from "./collection.ts";

const amount = { type: "integer", minimum: -1, maximum: 0x7fffffff };
const id = { type: "string", format: "uuid" };
const key = { service_id: id, region_id: { type: ["string", "null"] }, resource_name: nameOf(255) };
const registeredProperties = { ...key, default_limit: amount, description: nullableString };
const ownProperties = { resource_limit: amount, description: nullableString };
const limitProperties = { ...key, ...ownProperties, project_id: nullableString, domain_id: nullableString };

/** A body of several: `{"limits": [{…}, …]}`. */
const several = (name: string, properties: Json, required: readonly string[], more: Json = {}) => ({
  type: "object",
  properties: {
    [name]: {
      type: "array",
      minItems: 1,
      items: { type: "object", properties, required, additionalProperties: false, ...more },
    },
  },
  required: [name],
  additionalProperties: false,
});
const registeredList = several("registered_limits", registeredProperties, [
  "service_id",
  "resource_name",
  "default_limit",
]);
const owner = (name: string) => ({ required: [name], properties: { [name]: { type: "string" } } });
const limitList = several("limits", limitProperties, ["service_id", "resource_name", "resource_limit"], {
  oneOf: [owner("project_id"), owner("domain_id")],
});

export function limitRoutes({ core, limits }: Managers): AnyRoute[] {
  const { registeredLimits, limits: ownLimits, projects } = core.store;
  const registeredView = (row: RegisteredLimitRow, base: string) => ({
    ...row,
    links: { self: `${base}/v3/registered_limits/${row.id}` },
  });
  const limitView = (row: LimitRow, base: string) => ({ ...row, links: { self: `${base}/v3/limits/${row.id}` } });
  const registered = (request: ApiRequest) => limits.registered(request.param("registered_limit_id"));
  const limit: Touched<LimitRow> = {
    kind: "limit",
    find: ({ param }) => limits.limit(param("limit_id")),
    owner: ({ domain_id, project_id }) => ({
      domainId: domain_id ?? projects.get(project_id ?? "")?.domain_id ?? null,
      projectId: project_id,
    }),
  };
  /** Those of the caller's project or domain; all for the cloud's administrators and services. */
  const visible = ({ context }: ApiRequest): Condition[] => {
    if (context.isAdmin || context.system || context.roles.has("service")) return [];
    return [context.domainId === null ? isOfProject(context.projectId) : underDomain(context.domainId)];
  };
  return [
    route({
      name: "registered-limits:list",
      method: "GET",
      path: "/v3/registered_limits",
      policy: "identity:list_registered_limits",
      success: 200,
      handler(request) {
        return listOf(request, {
          key: "registered_limits",
          table: registeredLimits,
          filters: Object.keys(key),
          views: (rows) => rows.map((row) => registeredView(row, request.baseUrl)),
        });
      },
    }),
    route<{
      registered_limits: (Omit<NewRegisteredLimit, "region_id" | "description"> & Partial<NewRegisteredLimit>)[];
    }>({
      name: "registered-limits:create",
      method: "POST",
      path: "/v3/registered_limits",
      policy: "identity:create_registered_limits",
      request: registeredList,
      success: 201,
      handler({ body, baseUrl }) {
        const wanted = body.registered_limits.map((one) => ({ region_id: null, description: null, ...one }));
        return { body: { registered_limits: limits.register(wanted).map((row) => registeredView(row, baseUrl)) } };
      },
    }),
    route({
      name: "registered-limits:show",
      method: "GET",
      path: "/v3/registered_limits/:registered_limit_id",
      policy: "identity:get_registered_limit",
      success: 200,
      handler: (request) => ({ body: { registered_limit: registeredView(registered(request), request.baseUrl) } }),
    }),
    route<{ registered_limit: Partial<NewRegisteredLimit> }>({
      name: "registered-limits:update",
      method: "PATCH",
      path: "/v3/registered_limits/:registered_limit_id",
      policy: "identity:update_registered_limit",
      request: resourceSchema("registered_limit", registeredProperties, { closed: true }),
      success: 200,
      handler(request) {
        const row = limits.updateRegistered(registered(request), request.body.registered_limit);
        return { body: { registered_limit: registeredView(row, request.baseUrl) } };
      },
    }),
    route({
      name: "registered-limits:delete",
      method: "DELETE",
      path: "/v3/registered_limits/:registered_limit_id",
      policy: "identity:delete_registered_limit",
      success: 204,
      handler(request) {
        limits.deleteRegistered(registered(request));
        return undefined;
      },
    }),
    route({
      name: "limits:list",
      method: "GET",
      path: "/v3/limits",
      policy: "identity:list_limits",
      success: 200,
      handler(request) {
        return listOf(request, {
          key: "limits",
          table: ownLimits,
          filters: [...Object.keys(key), "project_id", "domain_id"],
          conditions: visible(request),
          views: (rows) => rows.map((row) => limitView(row, request.baseUrl)),
        });
      },
    }),
    route<{ limits: (Pick<NewLimit, "service_id" | "resource_name" | "resource_limit"> & Partial<NewLimit>)[] }>({
      name: "limits:create",
      method: "POST",
      path: "/v3/limits",
      policy: "identity:create_limits",
      request: limitList,
      success: 201,
      handler({ body, baseUrl }) {
        const unset = { region_id: null, description: null, project_id: null, domain_id: null };
        const made = limits.create(body.limits.map((one) => ({ ...unset, ...one })));
        return { body: { limits: made.map((row) => limitView(row, baseUrl)) } };
      },
    }),
    route({
      name: "limits:model",
      method: "GET",
      path: "/v3/limits/model",
      policy: "identity:get_limit_model",
      success: 200,
      handler: () => ({
        body: {
          model: {
            name: "flat",
            description: "Limit enforcement and validation does not take project hierarchy into consideration.",
          },
        },
      }),
    }),
    route({
      name: "limits:show",
      method: "GET",
      path: "/v3/limits/:limit_id",
      policy: "identity:get_limit",
      of: limit,
      success: 200,
      handler: (request) => ({ body: { limit: limitView(request.thing, request.baseUrl) } }),
    }),
    route<{ limit: Partial<Pick<LimitRow, "resource_limit" | "description">> }, LimitRow>({
      name: "limits:update",
      method: "PATCH",
      path: "/v3/limits/:limit_id",
      policy: "identity:update_limit",
      of: { ...limit, first: true },
      request: resourceSchema("limit", ownProperties, { closed: true }),
      success: 200,
      handler(request) {
        const row = limits.update(request.thing, request.body.limit);
        return { body: { limit: limitView(row, request.baseUrl) } };
      },
    }),
    route({
      name: "limits:delete",
      method: "DELETE",
      path: "/v3/limits/:limit_id",
      policy: "identity:delete_limit",
      of: { ...limit, first: true },
      success: 204,
      handler({ thing }) {
        limits.delete(thing);
        return undefined;
      },
    }),
  ];
}
