import { badRequest, notFound } from "../../../kernel/errors.ts";
import { mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, type ApiRequest, route } from "../../../kernel/http/route.ts";
import { isUuidLike, uuid } from "../../../kernel/ids/ids.ts";
import type { Picture, Provider } from "../manager/picture.ts";
import type { PlacementManager } from "../manager/placement.ts";
import {
  createProvider,
  type InventoryBody,
  putAggregates,
  putAggregatesList,
  putInventories,
  putInventory,
  putTraits,
  updateProvider,
} from "../schemas/placement.ts";
import type { InventoryRow } from "../store/placement.ts";
import { aggregatesView, inventoriesView, inventoryView, providerView, traitsView } from "../views/placement.ts";
import { parseResources } from "./candidates.ts";

const BASE = "/resource_providers";
const ONE = `${BASE}/:uuid`;

interface ProviderBody {
  uuid?: string;
  name: string;
  parent_provider_uuid?: string | null;
}

export function providerRoutes(placement: PlacementManager): AnyRoute[] {
  const save = async (request: ApiRequest<ProviderBody>, isNew: boolean) => {
    const { body, microversion } = request;
    if (body.parent_provider_uuid !== undefined && microversion < mv("1.14")) {
      throw badRequest(
        "JSON does not validate: Additional properties are not allowed ('parent_provider_uuid' was unexpected)",
      );
    }
    const provider = await placement.saveProvider({
      uuid: isNew ? (body.uuid ?? uuid()) : request.param("uuid"),
      name: body.name,
      parent: body.parent_provider_uuid,
      isNew,
    });
    return { provider, view: providerView(provider, microversion, prefixOf(request)) };
  };
  return [
    route({
      name: "resource-providers:list",
      method: "GET",
      path: BASE,
      policy: "placement:resource_providers:list",
      success: 200,
      async handler(request) {
        const found = await placement.read((picture) => filtered(picture, request, placement));
        const prefix = prefixOf(request);
        return {
          body: { resource_providers: found.map((provider) => providerView(provider, request.microversion, prefix)) },
        };
      },
    }),
    route<ProviderBody>({
      name: "resource-providers:create",
      method: "POST",
      path: BASE,
      policy: "placement:resource_providers:create",
      request: createProvider,
      success: 201,
      async handler(request) {
        const { provider, view } = await save(request, true);
        const headers = { location: `${request.baseUrl}${BASE}/${provider.uuid}` };
        return request.microversion >= mv("1.20") ? { status: 200, headers, body: view } : { headers };
      },
    }),
    route({
      name: "resource-providers:show",
      method: "GET",
      path: ONE,
      policy: "placement:resource_providers:show",
      success: 200,
      handler: async (request) => ({
        body: await placement.read((picture) =>
          providerView(picture.provider(request.param("uuid")), request.microversion, prefixOf(request)),
        ),
      }),
    }),
    route<ProviderBody>({
      name: "resource-providers:update",
      method: "PUT",
      path: ONE,
      policy: "placement:resource_providers:update",
      request: updateProvider,
      success: 200,
      handler: async (request) => ({ body: (await save(request, false)).view }),
    }),
    route({
      name: "resource-providers:delete",
      method: "DELETE",
      path: ONE,
      policy: "placement:resource_providers:delete",
      success: 204,
      async handler({ param }) {
        await placement.deleteProvider(param("uuid"));
        return {};
      },
    }),
    ...inventoryRoutes(placement),
    ...attributeRoutes(placement),
  ];
}

function inventoryRoutes(placement: PlacementManager): AnyRoute[] {
  return [
    route({
      name: "inventories:list",
      method: "GET",
      path: `${ONE}/inventories`,
      policy: "placement:resource_providers:inventories:list",
      success: 200,
      handler: async ({ param }) => ({
        body: await placement.read((picture) => inventoriesView(picture.provider(param("uuid")))),
      }),
    }),
    route<{ resource_provider_generation: number; inventories: Record<string, InventoryBody> }>({
      name: "inventories:replace",
      method: "PUT",
      path: `${ONE}/inventories`,
      policy: "placement:resource_providers:inventories:update",
      request: putInventories,
      success: 200,
      async handler({ param, body }) {
        const rows = Object.entries(body.inventories).map(([name, wanted]) =>
          inventoryRow(param("uuid"), name, wanted),
        );
        return {
          body: inventoriesView(
            await placement.setInventories(param("uuid"), body.resource_provider_generation, () => rows),
          ),
        };
      },
    }),
    route({
      name: "inventories:delete-all",
      method: "DELETE",
      path: `${ONE}/inventories`,
      policy: "placement:resource_providers:inventories:delete",
      microversions: { min: mv("1.5") },
      success: 204,
      async handler({ param }) {
        await placement.setInventories(param("uuid"), null, () => []);
        return {};
      },
    }),
    route({
      name: "inventories:show",
      method: "GET",
      path: `${ONE}/inventories/:resource_class`,
      policy: "placement:resource_providers:inventories:show",
      success: 200,
      handler: async ({ param }) => ({
        body: await placement.read((picture) => {
          const provider = picture.provider(param("uuid"));
          const row = provider.inventories.get(param("resource_class"));
          if (row === undefined) {
            throw notFound(`No inventory of class ${param("resource_class")} for ${param("uuid")}`);
          }
          return { ...inventoryView(row), resource_provider_generation: provider.generation };
        }),
      }),
    }),
    route<InventoryBody>({
      name: "inventories:update",
      method: "PUT",
      path: `${ONE}/inventories/:resource_class`,
      policy: "placement:resource_providers:inventories:update",
      request: putInventory,
      success: 200,
      async handler({ param, body }) {
        const row = inventoryRow(param("uuid"), param("resource_class"), body);
        const provider = await placement.setInventories(
          param("uuid"),
          body.resource_provider_generation ?? null,
          (have) => [...new Map(have).set(row.resource_class, row).values()],
        );
        return { body: { ...inventoryView(row), resource_provider_generation: provider.generation } };
      },
    }),
    route({
      name: "inventories:delete",
      method: "DELETE",
      path: `${ONE}/inventories/:resource_class`,
      policy: "placement:resource_providers:inventories:delete",
      success: 204,
      async handler({ param }) {
        const name = param("resource_class");
        await placement.setInventories(param("uuid"), null, (have) => {
          if (!have.has(name)) throw notFound(`No inventory of class ${name} found for delete`);
          return [...have.values()].filter((row) => row.resource_class !== name);
        });
        return {};
      },
    }),
  ];
}

function attributeRoutes(placement: PlacementManager): AnyRoute[] {
  return [
    route({
      name: "provider-usages:show",
      method: "GET",
      path: `${ONE}/usages`,
      policy: "placement:resource_providers:usages",
      success: 200,
      handler: async ({ param }) => ({
        body: await placement.read((picture) => {
          const provider = picture.provider(param("uuid"));
          return { resource_provider_generation: provider.generation, usages: picture.usages(provider) };
        }),
      }),
    }),
    route({
      name: "provider-aggregates:list",
      method: "GET",
      path: `${ONE}/aggregates`,
      policy: "placement:resource_providers:aggregates:list",
      microversions: { min: mv("1.1") },
      success: 200,
      handler: async ({ param, microversion }) => ({
        body: await placement.read((picture) => aggregatesView(picture.provider(param("uuid")), microversion)),
      }),
    }),
    route<string[] | { aggregates: string[]; resource_provider_generation: number }>({
      name: "provider-aggregates:replace",
      method: "PUT",
      path: `${ONE}/aggregates`,
      policy: "placement:resource_providers:aggregates:update",
      microversions: { min: mv("1.1") },
      request: (version) => (version >= mv("1.19") ? putAggregates : putAggregatesList),
      success: 200,
      async handler({ param, body, microversion }) {
        const provider = Array.isArray(body)
          ? await placement.setAggregates(param("uuid"), null, body)
          : await placement.setAggregates(param("uuid"), body.resource_provider_generation, body.aggregates);
        return { body: aggregatesView(provider, microversion) };
      },
    }),
    route({
      name: "provider-traits:list",
      method: "GET",
      path: `${ONE}/traits`,
      policy: "placement:resource_providers:traits:list",
      microversions: { min: mv("1.6") },
      success: 200,
      handler: async ({ param }) => ({
        body: await placement.read((picture) => traitsView(picture.provider(param("uuid")))),
      }),
    }),
    route<{ traits: string[]; resource_provider_generation: number }>({
      name: "provider-traits:replace",
      method: "PUT",
      path: `${ONE}/traits`,
      policy: "placement:resource_providers:traits:update",
      microversions: { min: mv("1.6") },
      request: putTraits,
      success: 200,
      handler: async ({ param, body }) => ({
        body: traitsView(await placement.setTraits(param("uuid"), body.resource_provider_generation, body.traits)),
      }),
    }),
    route({
      name: "provider-traits:delete",
      method: "DELETE",
      path: `${ONE}/traits`,
      policy: "placement:resource_providers:traits:delete",
      microversions: { min: mv("1.6") },
      success: 204,
      async handler({ param }) {
        await placement.setTraits(param("uuid"), null, []);
        return {};
      },
    }),
    route({
      name: "provider-allocations:list",
      method: "GET",
      path: `${ONE}/allocations`,
      policy: "placement:resource_providers:allocations:list",
      success: 200,
      handler: async ({ param, microversion }) => ({
        body: await placement.read((picture) => providerAllocations(picture, param("uuid"), microversion)),
      }),
    }),
  ];
}

function providerAllocations(picture: Picture, uuid: string, version: number) {
  const provider = picture.provider(uuid);
  const allocations: Record<string, { resources: Record<string, number>; consumer_generation?: number }> = {};
  for (const { consumer, provider: of, resource_class, used } of picture.allocations) {
    if (of !== uuid) continue;
    const generation = picture.consumers.get(consumer)?.generation ?? 1;
    allocations[consumer] ??= { resources: {}, ...(version >= mv("1.28") ? { consumer_generation: generation } : {}) };
    allocations[consumer].resources[resource_class] = used;
  }
  return { allocations, resource_provider_generation: provider.generation };
}

/** Errors: 400 for filters that make no sense. */
function filtered(picture: Picture, request: ApiRequest, placement: PlacementManager): Provider[] {
  const { query, microversion } = request;
  let found = [...picture.providers.values()];
  for (const [name, value] of query) {
    switch (name) {
      case "name":
        found = found.filter((provider) => provider.name === value);
        break;
      case "uuid":
        if (!isUuidLike(value)) throw badRequest(`Invalid query string parameters: '${value}' is not a 'uuid'`);
        found = found.filter((provider) => provider.uuid === value);
        break;
      case "in_tree": {
        const root = picture.providers.get(value)?.root;
        found = found.filter((provider) => provider.root === root);
        break;
      }
      case "member_of": {
        const wanted = value.replace(/^in:/, "").split(",");
        found = found.filter((provider) => provider.aggregates.some((aggregate) => wanted.includes(aggregate)));
        break;
      }
      case "required":
        found = withTraits(found, value, placement.names("trait"));
        break;
      case "resources": {
        const resources = parseResources(value);
        found = found.filter((provider) => picture.fits(provider, resources));
        break;
      }
      default:
        throw badRequest(
          `Invalid query string parameters: Additional properties are not allowed ('${name}' was unexpected)`,
        );
    }
  }
  if (query.has("in_tree") && microversion < mv("1.14")) {
    throw badRequest(
      "Invalid query string parameters: Additional properties are not allowed ('in_tree' was unexpected)",
    );
  }
  return found;
}

/** `A,!B`: has A and has not B. Errors: 400 for a trait that does not exist. */
export function withTraits(providers: Provider[], text: string, known: readonly string[]): Provider[] {
  const names = text.split(",");
  const unknown = names.map((name) => name.replace(/^!/, "")).filter((name) => !known.includes(name));
  if (unknown.length > 0) throw badRequest(`No such trait(s): ${unknown.join(", ")}.`);
  return providers.filter(({ traits }) =>
    names.every((name) => (name.startsWith("!") ? !traits.has(name.slice(1)) : traits.has(name))),
  );
}

function inventoryRow(provider: string, name: string, wanted: InventoryBody): InventoryRow {
  return {
    provider,
    resource_class: name,
    total: wanted.total,
    reserved: wanted.reserved ?? 0,
    min_unit: wanted.min_unit ?? 1,
    max_unit: wanted.max_unit ?? 2_147_483_647,
    step_size: wanted.step_size ?? 1,
    allocation_ratio: wanted.allocation_ratio ?? 1,
  };
}

/** The path under which the client reached placement: "/placement" or "". */
export function prefixOf(request: ApiRequest): string {
  return new URL(request.baseUrl).pathname.replace(/\/$/, "");
}
