import { badRequest, conflict, forbidden } from "../../../kernel/errors.ts";
import { type AnyRoute, type ApiRequest, route, type Touched } from "../../../kernel/http/route.ts";
import { hexId } from "../../../kernel/ids/ids.ts";
import type { IdentityContext } from "../context.ts";
import { missing, storeConflict } from "../errors.ts";
import type { EndpointRow, RegionRow, ServiceRow } from "../store/rows.ts";
import { endpointView, regionView, serviceView } from "../views/views.ts";
import {
  boolean,
  collection,
  extras,
  filtered,
  type Json,
  mergeExtras,
  nullableString,
  requireSameId,
  resourceSchema,
  text,
  textOrNull,
} from "./shared.ts";

/** Services, endpoints and regions: what the catalog is made of. */
export function catalogRoutes(identity: IdentityContext): AnyRoute[] {
  return [...serviceRoutes(identity), ...endpointRoutes(identity), ...regionRoutes(identity)];
}

const SERVICE_KNOWN = ["id", "name", "type", "description", "enabled", "links"];
const serviceProperties = {
  name: { type: ["string", "null"], maxLength: 255 },
  type: { type: "string", minLength: 1, maxLength: 255 },
  description: nullableString,
  enabled: boolean,
};

function serviceRoutes({ store, kernel }: IdentityContext): AnyRoute[] {
  const load = (request: ApiRequest<unknown>): ServiceRow => {
    const row = store.services.get(request.param("service_id"));
    if (row === undefined) throw missing("service", request.param("service_id"));
    return row;
  };
  return [
    route({
      name: "services:list",
      method: "GET",
      path: "/v3/services",
      policy: "identity:list_services",
      success: 200,
      handler(request) {
        const views = store.services.list().map((row) => serviceView(row, request.baseUrl));
        return collection(request, "services", filtered(request, views, ["type", "name"]));
      },
    }),
    route<{ service: Json }>({
      name: "services:create",
      method: "POST",
      path: "/v3/services",
      policy: "identity:create_service",
      request: resourceSchema("service", serviceProperties, { required: ["type"] }),
      success: 201,
      handler(request) {
        const { service } = request.body;
        const row = store.services.insert({
          id: hexId(),
          type: text(service.type),
          name: textOrNull(service.name) ?? "",
          description: textOrNull(service.description),
          enabled: service.enabled === false ? 0 : 1,
          extra: JSON.stringify(extras(service, SERVICE_KNOWN)),
        });
        return { body: { service: serviceView(row, request.baseUrl) } };
      },
    }),
    route({
      name: "services:show",
      method: "GET",
      path: "/v3/services/:service_id",
      policy: "identity:get_service",
      success: 200,
      handler: (request) => ({ body: { service: serviceView(load(request), request.baseUrl) } }),
    }),
    route<{ service: Json }>({
      name: "services:update",
      method: "PATCH",
      path: "/v3/services/:service_id",
      policy: "identity:update_service",
      request: resourceSchema("service", serviceProperties, { minProperties: 1 }),
      success: 200,
      handler(request) {
        const row = load(request);
        const { service } = request.body;
        requireSameId(service, row.id, "service");
        store.services.update(row.id, {
          ...(typeof service.type === "string" ? { type: service.type } : {}),
          ...(service.name === undefined ? {} : { name: textOrNull(service.name) ?? "" }),
          ...(service.description === undefined ? {} : { description: textOrNull(service.description) }),
          ...(typeof service.enabled === "boolean" ? { enabled: service.enabled ? 1 : 0 } : {}),
          extra: mergeExtras(row.extra, extras(service, SERVICE_KNOWN)),
        });
        return { body: { service: serviceView(load(request), request.baseUrl) } };
      },
    }),
    route({
      name: "services:delete",
      method: "DELETE",
      path: "/v3/services/:service_id",
      policy: "identity:delete_service",
      success: 204,
      handler(request) {
        const row = load(request);
        kernel.db.transaction(() => {
          store.endpoints.deleteWhere({ service_id: row.id });
          store.services.delete(row.id);
        });
        return undefined;
      },
    }),
  ];
}

const ENDPOINT_KNOWN = ["id", "service_id", "interface", "region", "region_id", "url", "enabled", "links"];
const endpointProperties = {
  enabled: boolean,
  interface: { type: "string", enum: ["admin", "internal", "public"] },
  region_id: nullableString,
  region: { type: ["string", "null"] },
  service_id: { type: "string" },
  url: { type: "string", minLength: 1, maxLength: 225, pattern: "^[a-zA-Z0-9+.-]+:.+" },
};

function endpointRoutes({ store, kernel }: IdentityContext): AnyRoute[] {
  const endpoint: Touched<EndpointRow> = {
    kind: "endpoint",
    first: true,
    find({ param }) {
      const row = store.endpoints.get(param("endpoint_id"));
      if (row === undefined) throw missing("endpoint", param("endpoint_id"));
      return row;
    },
    owner: () => ({}),
  };
  /** The old attribute `region` makes a region that is missing; `region_id` must name one. Errors: 400. */
  const regionOf = (endpoint: Json): string | null => {
    const named = textOrNull(endpoint.region_id);
    if (named !== null) {
      if (store.regions.get(named) === undefined) throw missingRegion(named);
      return named;
    }
    const old = textOrNull(endpoint.region);
    if (old !== null && store.regions.get(old) === undefined) {
      store.regions.insert({ id: old, description: "", parent_region_id: null, extra: "{}" });
    }
    return old;
  };
  const requireService = (id: string) => {
    if (store.services.get(id) === undefined) throw badRequest(invalidInput(`Could not find service: ${id}.`));
  };
  const requireGoodUrl = (url: string) => {
    const keys = [...url.matchAll(/[$%]\(([^)]*)\)s/g)].map((match) => match[1] ?? "");
    const known = [
      "project_id",
      "tenant_id",
      "user_id",
      "public_bind_host",
      "admin_bind_host",
      "compute_host",
      "admin_port",
      "public_port",
    ];
    if (keys.some((key) => !known.includes(key)) || /[$%]\([^)]*\)(?!s)/.test(url)) {
      throw badRequest(`The endpoint URL is invalid: ${url}.`);
    }
  };
  return [
    route({
      name: "endpoints:list",
      method: "GET",
      path: "/v3/endpoints",
      policy: "identity:list_endpoints",
      success: 200,
      handler(request) {
        const views = store.endpoints.list().map((row) => endpointView(row, request.baseUrl));
        const names = ["interface", "service_id", "region_id", "enabled"];
        return collection(request, "endpoints", filtered(request, views, names));
      },
    }),
    route<{ endpoint: Json }>({
      name: "endpoints:create",
      method: "POST",
      path: "/v3/endpoints",
      policy: "identity:create_endpoint",
      request: resourceSchema("endpoint", endpointProperties, { required: ["interface", "service_id", "url"] }),
      success: 201,
      handler(request) {
        const { endpoint } = request.body;
        requireGoodUrl(text(endpoint.url));
        requireService(text(endpoint.service_id));
        const row = kernel.db.transaction(() =>
          store.endpoints.insert({
            id: hexId(),
            service_id: text(endpoint.service_id),
            interface: text(endpoint.interface),
            region_id: regionOf(endpoint),
            url: text(endpoint.url),
            enabled: endpoint.enabled === false ? 0 : 1,
            extra: JSON.stringify(extras(endpoint, ENDPOINT_KNOWN)),
          }),
        );
        return { body: { endpoint: endpointView(row, request.baseUrl) } };
      },
    }),
    route({
      name: "endpoints:show",
      method: "GET",
      path: "/v3/endpoints/:endpoint_id",
      policy: "identity:get_endpoint",
      of: endpoint,
      success: 200,
      handler: (request) => ({ body: { endpoint: endpointView(request.thing, request.baseUrl) } }),
    }),
    route<{ endpoint: Json }, EndpointRow>({
      name: "endpoints:update",
      method: "PATCH",
      path: "/v3/endpoints/:endpoint_id",
      policy: "identity:update_endpoint",
      of: endpoint,
      request: resourceSchema("endpoint", endpointProperties, { minProperties: 1 }),
      success: 200,
      handler(request) {
        const row = request.thing;
        const { endpoint } = request.body;
        requireSameId(endpoint, row.id, "endpoint");
        if (typeof endpoint.url === "string") requireGoodUrl(endpoint.url);
        if (typeof endpoint.service_id === "string") requireService(endpoint.service_id);
        kernel.db.transaction(() => {
          const moves = endpoint.region !== undefined || endpoint.region_id !== undefined;
          store.endpoints.update(row.id, {
            ...(typeof endpoint.service_id === "string" ? { service_id: endpoint.service_id } : {}),
            ...(typeof endpoint.interface === "string" ? { interface: endpoint.interface } : {}),
            ...(typeof endpoint.url === "string" ? { url: endpoint.url } : {}),
            ...(typeof endpoint.enabled === "boolean" ? { enabled: endpoint.enabled ? 1 : 0 } : {}),
            ...(moves ? { region_id: regionOf(endpoint) } : {}),
            extra: mergeExtras(row.extra, extras(endpoint, ENDPOINT_KNOWN)),
          });
        });
        return { body: { endpoint: endpointView(store.endpoints.get(row.id) ?? row, request.baseUrl) } };
      },
    }),
    route({
      name: "endpoints:delete",
      method: "DELETE",
      path: "/v3/endpoints/:endpoint_id",
      policy: "identity:delete_endpoint",
      of: endpoint,
      success: 204,
      handler({ thing }) {
        kernel.db.transaction(() => store.endpoints.delete(thing.id));
        return undefined;
      },
    }),
  ];
}

const REGION_KNOWN = ["id", "description", "parent_region_id", "links", "url"];
const regionProperties = {
  id: { type: "string", maxLength: 255 },
  description: nullableString,
  parent_region_id: nullableString,
};

function regionRoutes({ store, kernel }: IdentityContext): AnyRoute[] {
  const load = (request: ApiRequest<unknown>): RegionRow => {
    const row = store.regions.get(request.param("region_id"));
    if (row === undefined) throw missing("region", request.param("region_id"));
    return row;
  };
  const requireParent = (region: Json, id: string | null) => {
    let parent = textOrNull(region.parent_region_id);
    while (parent !== null) {
      if (parent === id) throw badRequest(`Region ${id} cannot be a descendant of itself.`);
      const row = store.regions.get(parent);
      if (row === undefined) throw missing("region", parent);
      parent = row.parent_region_id;
    }
  };
  const create = (request: ApiRequest<{ region: Json }>, id: string) => {
    const { region } = request.body;
    const row = kernel.db.transaction(() => {
      if (store.regions.get(id) !== undefined) {
        throw storeConflict("region", `Duplicate ID, ${id}.`);
      }
      requireParent(region, id);
      return store.regions.insert({
        id,
        description: text(region.description),
        parent_region_id: textOrNull(region.parent_region_id),
        extra: JSON.stringify(extras(region, REGION_KNOWN)),
      });
    });
    return { body: { region: regionView(row, request.baseUrl) } };
  };
  return [
    route({
      name: "regions:list",
      method: "GET",
      path: "/v3/regions",
      policy: "identity:list_regions",
      success: 200,
      handler(request) {
        const views = store.regions.list().map((row) => regionView(row, request.baseUrl));
        return collection(request, "regions", filtered(request, views, ["parent_region_id"]));
      },
    }),
    route<{ region: Json }>({
      name: "regions:create",
      method: "POST",
      path: "/v3/regions",
      policy: "identity:create_region",
      request: resourceSchema("region", regionProperties),
      success: 201,
      handler: (request) => create(request, textOrNull(request.body.region.id) || hexId()),
    }),
    route<{ region: Json }>({
      name: "regions:create-with-id",
      method: "PUT",
      path: "/v3/regions/:region_id",
      policy: "identity:create_region",
      request: resourceSchema("region", regionProperties),
      success: 201,
      handler(request) {
        const id = request.param("region_id");
        const given = request.body.region.id;
        if (given !== undefined && given !== id) {
          throw conflict(`Conflicting region IDs specified: "${id}" != "${String(given)}"`);
        }
        return create(request, id);
      },
    }),
    route({
      name: "regions:show",
      method: "GET",
      path: "/v3/regions/:region_id",
      policy: "identity:get_region",
      success: 200,
      handler: (request) => ({ body: { region: regionView(load(request), request.baseUrl) } }),
    }),
    route<{ region: Json }>({
      name: "regions:update",
      method: "PATCH",
      path: "/v3/regions/:region_id",
      policy: "identity:update_region",
      request: resourceSchema("region", regionProperties, { minProperties: 1 }),
      success: 200,
      handler(request) {
        const row = load(request);
        const { region } = request.body;
        requireSameId(region, row.id, "region");
        kernel.db.transaction(() => {
          requireParent(region, row.id);
          store.regions.update(row.id, {
            ...(region.description === undefined ? {} : { description: text(region.description) }),
            ...(region.parent_region_id === undefined ? {} : { parent_region_id: textOrNull(region.parent_region_id) }),
            extra: mergeExtras(row.extra, extras(region, REGION_KNOWN)),
          });
        });
        return { body: { region: regionView(load(request), request.baseUrl) } };
      },
    }),
    route({
      name: "regions:delete",
      method: "DELETE",
      path: "/v3/regions/:region_id",
      policy: "identity:delete_region",
      success: 204,
      handler(request) {
        const row = load(request);
        if (store.endpoints.find({ region_id: row.id }) !== undefined) {
          throw forbidden(
            `Unable to delete region ${row.id} because it or its child regions have associated endpoints.`,
          );
        }
        kernel.db.transaction(() => {
          for (const child of store.regions.list({ parent_region_id: row.id })) {
            store.regions.update(child.id, { parent_region_id: null });
          }
          store.regions.delete(row.id);
        });
        return undefined;
      },
    }),
  ];
}

const invalidInput = (detail: string) =>
  `${detail} The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error.`;
const missingRegion = (id: string) => badRequest(invalidInput(`Could not find region: ${id}.`));
