import { badRequest } from "../../../kernel/errors.ts";
import { mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, type ApiRequest, route, type Touched } from "../../../kernel/http/route.ts";
import { isUuidLike } from "../../../kernel/ids/ids.ts";
import type { Picture } from "../manager/picture.ts";
import type { NewAllocations, PlacementManager } from "../manager/placement.ts";
import { putAllocations } from "../schemas/placement.ts";

interface AllocationsBody {
  allocations:
    | Record<string, { resources: Record<string, number> }>
    | { resource_provider: { uuid: string }; resources: Record<string, number> }[];
  project_id?: string;
  user_id?: string;
  consumer_generation?: number | null;
  consumer_type?: string;
}

/** The type of consumers that compute makes. */
const SERVERS = "INSTANCE";
/** What consumers made before 1.8, which had no owner, belong to. */
const NOBODY = "00000000-0000-0000-0000-000000000000";

/** The project whose usage is asked for. */
const projectAsked: Touched<string> = {
  kind: "project asked for",
  find({ query }) {
    const projectId = query.get("project_id");
    if (projectId === null) throw badRequest("Invalid query string parameters: 'project_id' is a required property");
    return projectId;
  },
  owner: (projectId) => ({ projectId }),
};

export function allocationRoutes(placement: PlacementManager): AnyRoute[] {
  return [
    route({
      name: "allocations:show",
      method: "GET",
      path: "/allocations/:consumer",
      policy: "placement:allocations:list",
      success: 200,
      handler: async ({ param, microversion }) => ({
        body: await placement.read((picture) => consumerView(picture, param("consumer"), microversion)),
      }),
    }),
    route<AllocationsBody>({
      name: "allocations:replace",
      method: "PUT",
      path: "/allocations/:consumer",
      policy: "placement:allocations:update",
      request: putAllocations,
      success: 204,
      async handler({ param, body, microversion }) {
        await placement.setAllocations([newAllocations(param("consumer"), body, microversion)]);
        return {};
      },
    }),
    route<Record<string, AllocationsBody>>({
      name: "allocations:replace-many",
      method: "POST",
      path: "/allocations",
      policy: "placement:allocations:update",
      microversions: { min: mv("1.13") },
      request: manySchema,
      success: 204,
      async handler({ body, microversion }) {
        await placement.setAllocations(
          Object.entries(body).map(([consumer, wanted]) => newAllocations(consumer, wanted, microversion)),
        );
        return {};
      },
    }),
    route({
      name: "allocations:delete",
      method: "DELETE",
      path: "/allocations/:consumer",
      policy: "placement:allocations:delete",
      success: 204,
      async handler({ param }) {
        await placement.deleteAllocations(param("consumer"));
        return {};
      },
    }),
    route({
      name: "usages:show",
      method: "GET",
      path: "/usages",
      policy: "placement:usages",
      of: projectAsked,
      microversions: { min: mv("1.9") },
      success: 200,
      handler: async (request) => ({
        body: { usages: await placement.read((picture) => totals(picture, request.thing, request)) },
      }),
    }),
  ];
}

const MANY = new Map<number, Record<string, unknown>>();
for (const since of [1038, 1028, 1013]) {
  MANY.set(since, {
    type: "object",
    minProperties: 1,
    propertyNames: { format: "uuid" },
    additionalProperties: putAllocations(since),
  });
}

function manySchema(version: number): Record<string, unknown> {
  return [...MANY].find(([since]) => version >= since)?.[1] ?? {};
}

function newAllocations(consumer: string, body: AllocationsBody, version: number): NewAllocations {
  if (!isUuidLike(consumer)) throw badRequest(`Malformed consumer uuid: ${consumer}`);
  const entries: [string, Record<string, number>][] = Array.isArray(body.allocations)
    ? body.allocations.map(({ resource_provider, resources }) => [resource_provider.uuid, resources])
    : Object.entries(body.allocations).map(([uuid, { resources }]) => [uuid, resources]);
  return {
    consumer,
    projectId: body.project_id ?? NOBODY,
    userId: body.user_id ?? NOBODY,
    type: body.consumer_type ?? "unknown",
    generation: version >= mv("1.28") ? (body.consumer_generation ?? null) : undefined,
    allocations: new Map(entries.map(([uuid, resources]) => [uuid, new Map(Object.entries(resources))])),
  };
}

/** An unknown consumer has no allocations: that is no error. */
function consumerView(picture: Picture, uuid: string, version: number) {
  const allocations: Record<string, { generation: number; resources: Record<string, number> }> = {};
  const { consumer, allocations: own } = picture.one(uuid);
  for (const { provider, resource_class, used } of own) {
    allocations[provider] ??= { generation: picture.providers.get(provider)?.generation ?? 0, resources: {} };
    allocations[provider].resources[resource_class] = used;
  }
  if (consumer === undefined || version < mv("1.12")) return { allocations };
  return {
    allocations,
    project_id: consumer.projectId,
    user_id: consumer.userId,
    ...(version >= mv("1.28") ? { consumer_generation: consumer.generation } : {}),
    ...(version >= mv("1.38") ? { consumer_type: consumer.type } : {}),
  };
}

/** Since 1.38 by consumer type, with the number of consumers. */
function totals(picture: Picture, projectId: string, request: ApiRequest): Record<string, unknown> {
  const userId = request.query.get("user_id");
  const wantedType = request.query.get("consumer_type");
  const byType: Record<string, Record<string, number>> = {};
  const sums: Record<string, number> = {};
  const counted = new Map<string, Set<string>>();
  const groupOf = (kind: string): Record<string, number> | null => {
    const type = wantedType === "all" ? "all" : kind;
    if (wantedType !== null && wantedType !== "all" && wantedType !== type) return null;
    byType[type] ??= { consumer_count: 0 };
    return byType[type];
  };
  const { allocations, consumers } = picture.placed();
  for (const { consumer: uuid, resource_class, used } of allocations) {
    const consumer = consumers.get(uuid);
    if (consumer === undefined || consumer.projectId !== projectId) continue;
    if (userId !== null && consumer.userId !== userId) continue;
    sums[resource_class] = (sums[resource_class] ?? 0) + used;
    const group = groupOf(consumer.type);
    if (group === null) continue;
    group[resource_class] = (group[resource_class] ?? 0) + used;
    const members = counted.get(consumer.type) ?? new Set();
    counted.set(consumer.type, members);
    if (!members.has(uuid)) group.consumer_count = (group.consumer_count ?? 0) + 1;
    members.add(uuid);
  }
  const { servers, resources } = picture.taken({ projectId, userId });
  const group = servers === 0 ? null : groupOf(SERVERS);
  if (group !== null) group.consumer_count = (group.consumer_count ?? 0) + servers;
  for (const [name, used] of Object.entries(resources)) {
    if (used === 0) continue;
    sums[name] = (sums[name] ?? 0) + used;
    if (group !== null) group[name] = (group[name] ?? 0) + used;
  }
  return request.microversion >= mv("1.38") ? byType : sums;
}
