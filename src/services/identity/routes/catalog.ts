import { conflict } from "../../../kernel/errors.ts";
import { type AnyRoute, type ApiRequest, route, type Touched } from "../../../kernel/http/route.ts";
import { hexId } from "../../../kernel/ids/ids.ts";
import type { Place } from "../manager/endpoints.ts";
import type { Managers } from "../manager/index.ts";
import { boolean, nullableString, resourceSchema } from "../schemas/resource.ts";
import type { EndpointRow } from "../store/rows.ts";
import { endpointView, regionView, serviceView } from "../views/views.ts";
import { extras, type Json, text, textOrNull } from "./attributes.ts";
import { listOf } from "./collection.ts";
import { memberRoutes } from "./member.ts";

/** Services, endpoints and regions: what the catalog is made of. */
export function catalogRoutes(managers: Managers): AnyRoute[] {
  return [...serviceRoutes(managers), ...endpointRoutes(managers), ...regionRoutes(managers)];
}

const SERVICE_KNOWN = ["id", "name", "type", "description", "enabled", "links"];
const serviceProperties = {
  name: { type: ["string", "null"], maxLength: 255 },
  type: { type: "string", minLength: 1, maxLength: 255 },
  description: nullableString,
  enabled: boolean,
};

function serviceRoutes({ core, services }: Managers): AnyRoute[] {
  const { store } = core;
  return [
    route({
      name: "services:list",
      method: "GET",
      path: "/v3/services",
      policy: "identity:list_services",
      success: 200,
      handler(request) {
        return listOf(request, {
          key: "services",
          table: store.services,
          filters: ["type", "name"],
          views: (rows) => rows.map((row) => serviceView(row, request.baseUrl)),
        });
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
        const row = services.create({
          type: text(service.type),
          name: textOrNull(service.name) ?? "",
          description: textOrNull(service.description),
          enabled: service.enabled === false ? 0 : 1,
          extra: JSON.stringify(extras(service, SERVICE_KNOWN)),
        });
        return { body: { service: serviceView(row, request.baseUrl) } };
      },
    }),
    ...memberRoutes({
      key: "service",
      plural: "services",
      path: "/v3/services/:service_id",
      find: ({ param }) => services.get(param("service_id")),
      view: (request, row) => serviceView(row, request.baseUrl),
      properties: serviceProperties,
      known: SERVICE_KNOWN,
      changes: (sent) => ({
        ...(typeof sent.type === "string" ? { type: sent.type } : {}),
        ...(sent.name === undefined ? {} : { name: textOrNull(sent.name) ?? "" }),
        ...(sent.description === undefined ? {} : { description: textOrNull(sent.description) }),
        ...(typeof sent.enabled === "boolean" ? { enabled: sent.enabled ? 1 : 0 } : {}),
      }),
      update: (row, changes) => services.update(row, changes),
      delete: (row) => services.delete(row),
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

function endpointRoutes({ core, endpoints }: Managers): AnyRoute[] {
  const { store } = core;
  const endpoint: Touched<EndpointRow> = {
    kind: "endpoint",
    first: true,
    find: ({ param }) => endpoints.get(param("endpoint_id")),
    owner: () => ({}),
  };
  const placeOf = ({ region_id, region }: Json): Place => ({ id: textOrNull(region_id), name: textOrNull(region) });
  return [
    route({
      name: "endpoints:list",
      method: "GET",
      path: "/v3/endpoints",
      policy: "identity:list_endpoints",
      success: 200,
      handler(request) {
        return listOf(request, {
          key: "endpoints",
          table: store.endpoints,
          filters: ["interface", "service_id", "region_id", "enabled"],
          views: (rows) => rows.map((row) => endpointView(row, request.baseUrl)),
        });
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
        const given = {
          service_id: text(endpoint.service_id),
          interface: text(endpoint.interface),
          url: text(endpoint.url),
          enabled: endpoint.enabled === false ? 0 : 1,
          extra: JSON.stringify(extras(endpoint, ENDPOINT_KNOWN)),
        };
        const row = endpoints.create(given, placeOf(endpoint));
        return { body: { endpoint: endpointView(row, request.baseUrl) } };
      },
    }),
    ...memberRoutes({
      key: "endpoint",
      plural: "endpoints",
      path: "/v3/endpoints/:endpoint_id",
      find: endpoint,
      view: (request, row) => endpointView(row, request.baseUrl),
      properties: endpointProperties,
      known: ENDPOINT_KNOWN,
      changes: (sent) => ({
        // Null: it stays where it is.
        place: sent.region !== undefined || sent.region_id !== undefined ? placeOf(sent) : null,
        ...(typeof sent.service_id === "string" ? { service_id: sent.service_id } : {}),
        ...(typeof sent.interface === "string" ? { interface: sent.interface } : {}),
        ...(typeof sent.url === "string" ? { url: sent.url } : {}),
        ...(typeof sent.enabled === "boolean" ? { enabled: sent.enabled ? 1 : 0 } : {}),
      }),
      update: (row, { place, ...changes }) => endpoints.update(row, changes, place),
      delete: (row) => endpoints.delete(row),
    }),
  ];
}

const REGION_KNOWN = ["id", "description", "parent_region_id", "links", "url"];
const regionProperties = {
  id: { type: "string", maxLength: 255 },
  description: nullableString,
  parent_region_id: nullableString,
};

function regionRoutes({ core, regions }: Managers): AnyRoute[] {
  const { store } = core;
  const create = (request: ApiRequest<{ region: Json }>, id: string) => {
    const { region } = request.body;
    const row = regions.create({
      id,
      description: text(region.description),
      parent_region_id: textOrNull(region.parent_region_id),
      extra: JSON.stringify(extras(region, REGION_KNOWN)),
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
        return listOf(request, {
          key: "regions",
          table: store.regions,
          filters: ["parent_region_id"],
          views: (rows) => rows.map((row) => regionView(row, request.baseUrl)),
        });
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
    ...memberRoutes({
      key: "region",
      plural: "regions",
      path: "/v3/regions/:region_id",
      find: ({ param }) => regions.get(param("region_id")),
      view: (request, row) => regionView(row, request.baseUrl),
      properties: regionProperties,
      known: REGION_KNOWN,
      changes: (sent) => ({
        ...(sent.description === undefined ? {} : { description: text(sent.description) }),
        ...(sent.parent_region_id === undefined ? {} : { parent_region_id: textOrNull(sent.parent_region_id) }),
      }),
      update: (row, changes) => regions.update(row, changes),
      delete: (row) => regions.delete(row),
    }),
  ];
}
