import { conflict, notFound } from "../../../kernel/errors.ts";
import { type AnyRoute, type ApiRequest, route } from "../../../kernel/http/route.ts";
import { hexId } from "../../../kernel/ids/ids.ts";
import type { IdentityContext } from "../context.ts";
import { expecting } from "../errors.ts";
import type { EndpointGroupRow } from "../store/rows.ts";
import { collection, filtered, type Json, nullableString, resourceSchema, text, textOrNull } from "./shared.ts";

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

export const endpointGroupNotFound = (id: string) => notFound(`Could not find Endpoint Group: ${id}.`);

const FILTERS = ["service_id", "region_id", "interface"];

/** Errors: 400 for a filter that endpoints have not. */
function requireFilters(filters: unknown): void {
  const names = Object.keys(filters ?? {});
  if (names.some((name) => !FILTERS.includes(name))) throw expecting(FILTERS.join(" or "), "endpoint_group");
}

/** Endpoint groups of OS-EP-FILTER; projects associated with one see its endpoints only. */
export function endpointFilterRoutes({ store }: IdentityContext): AnyRoute[] {
  const view = endpointGroupView;
  const load = (request: ApiRequest<unknown>): EndpointGroupRow => {
    const id = request.param("group_id");
    const row = store.endpointGroups.get(id);
    if (row === undefined) throw endpointGroupNotFound(id);
    return row;
  };
  const requireFreeName = (name: string, exceptId: string | null) => {
    const taken = store.endpointGroups.find({ name });
    if (taken !== undefined && taken.id !== exceptId) {
      throw conflict(`Conflict occurred attempting to store endpoint_group - Duplicate entry found with name ${name}.`);
    }
  };
  return [
    route({
      name: "endpoint-groups:list",
      method: "GET",
      path,
      policy: "identity:list_endpoint_groups",
      success: 200,
      handler(request) {
        const views = store.endpointGroups.list().map((row) => view(row, request.baseUrl));
        return collection(request, "endpoint_groups", filtered(request, views, ["name"]));
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
        requireFilters(group.filters);
        requireFreeName(text(group.name), null);
        const row = store.endpointGroups.insert({
          id: hexId(),
          name: text(group.name),
          description: textOrNull(group.description),
          filters: JSON.stringify(group.filters),
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
        requireFilters(group.filters);
        if (typeof group.name === "string") requireFreeName(group.name, row.id);
        store.endpointGroups.update(row.id, {
          ...(typeof group.name === "string" ? { name: group.name } : {}),
          ...(group.description === undefined ? {} : { description: textOrNull(group.description) }),
          ...(group.filters === undefined ? {} : { filters: JSON.stringify(group.filters) }),
        });
        return { body: { endpoint_group: view(load(request), request.baseUrl) } };
      },
    }),
    route({
      name: "endpoint-groups:delete",
      method: "DELETE",
      path: `${path}/:group_id`,
      policy: "identity:delete_endpoint_group",
      success: 204,
      handler(request) {
        store.endpointGroups.delete(load(request).id);
        return undefined;
      },
    }),
  ];
}
