import { type AnyRoute, type ApiRequest, route } from "../../../kernel/http/route.ts";
import type { Managers } from "../manager/index.ts";
import { nullableString, resourceSchema } from "../schemas/resource.ts";
import type { EndpointGroupRow } from "../store/rows.ts";
import { type Json, text, textOrNull } from "./attributes.ts";
import { listOf } from "./collection.ts";

const properties = {
  name: { type: "string", minLength: 1, maxLength: 255 },
  description: nullableString,
  filters: { type: "object" },
};

const path = "/v3/OS-EP-FILTER/endpoint_groups";

export const endpointGroupView = (row: EndpointGroupRow, base: string) => ({
  id: row.id,
  name: row.name,
  description: row.description,
  filters: JSON.parse(row.filters) as Json,
  links: { self: `${base}${path}/${row.id}` },
});

/** Endpoint groups of OS-EP-FILTER; projects associated with one see its endpoints only. */
export function endpointFilterRoutes({ core: { store }, endpointGroups: groups }: Managers): AnyRoute[] {
  const view = endpointGroupView;
  const load = ({ param }: ApiRequest): EndpointGroupRow => groups.get(param("group_id"));
  return [
    route({
      name: "endpoint-groups:list",
      method: "GET",
      path,
      policy: "identity:list_endpoint_groups",
      success: 200,
      handler(request) {
        return listOf(request, {
          key: "endpoint_groups",
          table: store.endpointGroups,
          filters: ["name"],
          views: (rows) => rows.map((row) => view(row, request.baseUrl)),
        });
      },
    }),
    route<{ endpoint_group: Json }>({
      name: "endpoint-groups:create",
      method: "POST",
      path,
      policy: "identity:create_endpoint_group",
      request: resourceSchema("endpoint_group", properties, { required: ["name", "filters"] }),
      success: 201,
      handler(request) {
        const { endpoint_group: group } = request.body;
        const row = groups.create({
          name: text(group.name),
          description: textOrNull(group.description),
          filters: group.filters as Json,
        });
        return { body: { endpoint_group: view(row, request.baseUrl) } };
      },
    }),
    route({
      name: "endpoint-groups:show",
      method: "GET",
      path: `${path}/:group_id`,
      policy: "identity:get_endpoint_group",
      success: 200,
      handler: (request) => ({ body: { endpoint_group: view(load(request), request.baseUrl) } }),
    }),
    route<{ endpoint_group: Json }>({
      name: "endpoint-groups:update",
      method: "PATCH",
      path: `${path}/:group_id`,
      policy: "identity:update_endpoint_group",
      request: resourceSchema("endpoint_group", properties, { minProperties: 1 }),
      success: 200,
      handler(request) {
        const row = load(request);
        const { endpoint_group: group } = request.body;
        const updated = groups.update(row, {
          ...(typeof group.name === "string" ? { name: group.name } : {}),
          ...(group.description === undefined ? {} : { description: textOrNull(group.description) }),
          ...(group.filters === undefined ? {} : { filters: group.filters as Json }),
        });
        return { body: { endpoint_group: view(updated, request.baseUrl) } };
      },
    }),
    route({
      name: "endpoint-groups:delete",
      method: "DELETE",
      path: `${path}/:group_id`,
      policy: "identity:delete_endpoint_group",
      success: 204,
      handler(request) {
        groups.delete(load(request));
        return undefined;
      },
    }),
  ];
}
