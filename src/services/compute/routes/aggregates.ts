import { type Microversion, mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, type ApiResponse, type JsonSchema, route } from "../../../kernel/http/route.ts";
import { isoMicrosNaive } from "../../../kernel/time/clock.ts";
import type { AggregateManager } from "../manager/aggregates.ts";
import { uuid as imageId, name, object } from "../schemas/parameter-types.ts";
import type { Aggregate } from "../store/aggregates.ts";

const policy = (verb: string) => `os_compute_api:os-aggregates:${verb}`;
const zone: JsonSchema = { type: ["string", "null"], minLength: 1, maxLength: 255, pattern: "^[^:]*$" };
const createBody = object({ aggregate: object({ name, availability_zone: zone }, ["name"]) }, ["aggregate"]);
const updateBody = object(
  { aggregate: { ...(object({ name, availability_zone: zone }) as object), minProperties: 1 } },
  ["aggregate"],
);
const hostBody = (key: string) => object({ [key]: object({ host: name }, ["host"]) }, [key]);
const metadataBody = object(
  {
    set_metadata: object(
      { metadata: { type: "object", additionalProperties: { type: ["string", "null"], maxLength: 255 } } },
      ["metadata"],
    ),
  },
  ["set_metadata"],
);

const imagesBody = object({ cache: { type: "array", minItems: 1, items: object({ id: imageId }, ["id"]) } }, ["cache"]);

/** Host aggregates, which also make availability zones. */
export function aggregateRoutes(aggregates: AggregateManager): AnyRoute[] {
  return [
    route({
      name: "aggregates:list",
      method: "GET",
      path: "/os-aggregates",
      policy: policy("index"),
      success: 200,
      handler: ({ microversion }) => ({
        body: { aggregates: aggregates.list().map((item) => view(item, microversion)) },
      }),
    }),
    route<{ aggregate: { name: string; availability_zone?: string | null } }>({
      name: "aggregates:create",
      method: "POST",
      path: "/os-aggregates",
      policy: policy("create"),
      request: createBody,
      success: 200,
      handler({ body, microversion }) {
        const { name, availability_zone = null } = body.aggregate;
        // A new one has neither hosts nor metadata to show.
        const { hosts: _, metadata: __, ...shown } = view(aggregates.create(name, availability_zone), microversion);
        return { body: { aggregate: shown } };
      },
    }),
    route({
      name: "aggregates:show",
      method: "GET",
      path: "/os-aggregates/:id",
      policy: policy("show"),
      success: 200,
      handler: ({ param, microversion }) => answer(aggregates.get(param("id")), microversion),
    }),
    route<{ aggregate: { name?: string; availability_zone?: string | null } }>({
      name: "aggregates:update",
      method: "PUT",
      path: "/os-aggregates/:id",
      policy: policy("update"),
      request: updateBody,
      success: 200,
      handler({ param, body, microversion }) {
        const { name, availability_zone: zone } = body.aggregate;
        return answer(aggregates.update(param("id"), { name, zone }), microversion);
      },
    }),
    route({
      name: "aggregates:delete",
      method: "DELETE",
      path: "/os-aggregates/:id",
      policy: policy("delete"),
      success: 200,
      handler({ param }) {
        aggregates.delete(param("id"));
        return undefined;
      },
    }),
    route<{ add_host: { host: string } }>({
      name: "aggregates:add_host",
      method: "POST",
      path: "/os-aggregates/:id/action",
      action: "add_host",
      policy: policy("add_host"),
      request: hostBody("add_host"),
      success: 200,
      handler: ({ param, body, microversion }) =>
        answer(aggregates.addHost(param("id"), body.add_host.host), microversion),
    }),
    route<{ remove_host: { host: string } }>({
      name: "aggregates:remove_host",
      method: "POST",
      path: "/os-aggregates/:id/action",
      action: "remove_host",
      policy: policy("remove_host"),
      request: hostBody("remove_host"),
      success: 200,
      handler: ({ param, body, microversion }) =>
        answer(aggregates.removeHost(param("id"), body.remove_host.host), microversion),
    }),
    route<{ cache: { id: string }[] }>({
      name: "aggregates:images",
      method: "POST",
      path: "/os-aggregates/:id/images",
      policy: "compute:aggregates:images",
      microversions: { min: mv("2.81") },
      request: imagesBody,
      success: 202,
      handler({ param, body }) {
        const images = body.cache.map(({ id }) => id);
        aggregates.cacheImages(param("id"), images);
        return undefined;
      },
    }),
    route<{ set_metadata: { metadata: Record<string, string | null> } }>({
      name: "aggregates:set_metadata",
      method: "POST",
      path: "/os-aggregates/:id/action",
      action: "set_metadata",
      policy: policy("set_metadata"),
      request: metadataBody,
      success: 200,
      handler: ({ param, body, microversion }) =>
        answer(aggregates.setMetadata(param("id"), body.set_metadata.metadata), microversion),
    }),
  ];
}

const view = (aggregate: Aggregate, version: Microversion) => ({
  id: aggregate.number,
  ...(version >= mv("2.41") ? { uuid: aggregate.uuid } : {}),
  name: aggregate.name,
  hosts: aggregate.hosts,
  metadata: aggregate.metadata,
  created_at: isoMicrosNaive(aggregate.createdAt),
  updated_at: aggregate.updatedAt === null ? null : isoMicrosNaive(aggregate.updatedAt),
  deleted_at: null,
  deleted: false,
  availability_zone: aggregate.metadata.availability_zone ?? null,
});

const answer = (aggregate: Aggregate, version: Microversion): ApiResponse => ({
  body: { aggregate: view(aggregate, version) },
});
