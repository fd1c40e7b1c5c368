import { badRequest, conflict, notFound } from "../../../kernel/errors.ts";
import { type Microversion, mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, type ApiRequest, type JsonSchema, route } from "../../../kernel/http/route.ts";
import { uuid } from "../../../kernel/ids/ids.ts";
import { isoMicrosNaive } from "../../../kernel/time/clock.ts";
import type { Core } from "../manager/core.ts";
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
export function aggregateRoutes(core: Core): AnyRoute[] {
  const { aggregates, kernel } = core;
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
  const find = (request: ApiRequest): Aggregate => {
    const id = request.param("id");
    requireNumber(id);
    const found = Number.isSafeInteger(Number(id)) ? aggregates.get(Number(id)) : undefined;
    if (found === undefined) throw notFound(`Aggregate ${id} could not be found.`);
    return found;
  };
  /** Hosts are rows of their own in nova: the aggregate itself does not become newer. */
  const saveHosts = (aggregate: Aggregate): Aggregate => {
    aggregates.update(aggregate);
    return aggregate;
  };
  const save = (aggregate: Aggregate): Aggregate => {
    const changed = { ...aggregate, updatedAt: kernel.clock.now() };
    aggregates.update(changed);
    return changed;
  };
  const requireFreeName = (wanted: string) => {
    if (aggregates.list().some((other) => other.name === wanted)) {
      throw conflict(`Aggregate ${wanted} already exists.`);
    }
  };
  /** Servers would change their zone under their feet. */
  const requireQuiet = (aggregate: Aggregate, nextZone: string | null | undefined) => {
    if (aggregate.hosts.length === 0 || (aggregate.metadata.availability_zone ?? null) === (nextZone ?? null)) return;
    if (core.servers.hostUsage().servers > 0) {
      throw badRequest(
        `Cannot update aggregate ${aggregate.number}. Reason: One or more hosts contain instances in this zone.`,
      );
    }
  };
  const metadataOf = (metadata: Readonly<Record<string, string>>, changes: Readonly<Record<string, string | null>>) => {
    const next: Record<string, string> = { ...metadata };
    for (const [key, value] of Object.entries(changes)) {
      if (value === null) delete next[key];
      else next[key] = value;
    }
    return next;
  };
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
      handler(request) {
        const wanted = request.body.aggregate;
        requireFreeName(wanted.name);
        const az = wanted.availability_zone ?? null;
        const made = aggregates.insert({
          uuid: uuid(),
          name: wanted.name,
          metadata: az === null ? {} : { availability_zone: az },
          createdAt: kernel.clock.now(),
        });
        // A new one has neither hosts nor metadata to show.
        const { hosts: _, metadata: __, ...shown } = view(made, request.microversion);
        return { body: { aggregate: shown } };
      },
    }),
    route({
      name: "aggregates:show",
      method: "GET",
      path: "/os-aggregates/:id",
      policy: policy("show"),
      success: 200,
      handler: (request) => ({ body: { aggregate: view(find(request), request.microversion) } }),
    }),
    route<{ aggregate: { name?: string; availability_zone?: string | null } }>({
      name: "aggregates:update",
      method: "PUT",
      path: "/os-aggregates/:id",
      policy: policy("update"),
      request: updateBody,
      success: 200,
      handler(request) {
        const aggregate = find(request);
        const wanted = request.body.aggregate;
        if (wanted.name !== undefined && wanted.name !== aggregate.name) requireFreeName(wanted.name);
        const az = wanted.availability_zone;
        if (az !== undefined) requireQuiet(aggregate, az);
        const metadata =
          az === undefined ? aggregate.metadata : metadataOf(aggregate.metadata, { availability_zone: az });
        const saved = save({ ...aggregate, name: wanted.name ?? aggregate.name, metadata });
        return { body: { aggregate: view(saved, request.microversion) } };
      },
    }),
    route({
      name: "aggregates:delete",
      method: "DELETE",
      path: "/os-aggregates/:id",
      policy: policy("delete"),
      success: 200,
      handler(request) {
        const aggregate = find(request);
        if (aggregate.hosts.length > 0) {
          throw badRequest(`Cannot remove host aggregate ${aggregate.number}: it is not empty`);
        }
        aggregates.delete(aggregate.number);
        return {};
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
      handler(request) {
        const aggregate = find(request);
        const { host } = request.body.add_host;
        if (core.hosts.hypervisor()?.hostname !== host) throw notFound(`Compute host ${host} could not be found.`);
        if (aggregate.hosts.includes(host)) throw conflict(`Aggregate ${aggregate.number} already has host ${host}.`);
        const az = aggregate.metadata.availability_zone;
        const other = aggregates
          .list()
          .find(
            ({ hosts, metadata }) =>
              hosts.includes(host) && metadata.availability_zone !== undefined && metadata.availability_zone !== az,
          );
        if (az !== undefined && other !== undefined) {
          throw conflict(
            `Cannot add host to aggregate ${aggregate.number}. Reason: One or more hosts already in availability zone(s) ['${other.metadata.availability_zone}'].`,
          );
        }
        const saved = saveHosts({ ...aggregate, hosts: [...aggregate.hosts, host] });
        return { body: { aggregate: view(saved, request.microversion) } };
      },
    }),
    route<{ remove_host: { host: string } }>({
      name: "aggregates:remove_host",
      method: "POST",
      path: "/os-aggregates/:id/action",
      action: "remove_host",
      policy: policy("remove_host"),
      request: hostBody("remove_host"),
      success: 200,
      handler(request) {
        const aggregate = find(request);
        const { host } = request.body.remove_host;
        if (!aggregate.hosts.includes(host)) {
          throw notFound(`Cannot remove host ${host} in aggregate ${aggregate.number}`);
        }
        const saved = saveHosts({ ...aggregate, hosts: aggregate.hosts.filter((item) => item !== host) });
        return { body: { aggregate: view(saved, request.microversion) } };
      },
    }),
    route<{ cache: { id: string }[] }>({
      name: "aggregates:images",
      method: "POST",
      path: "/os-aggregates/:id/images",
      policy: "compute:aggregates:images",
      microversions: { min: mv("2.81") },
      request: imagesBody,
      success: 202,
      handler(request) {
        requireNumber(request.param("id"));
        const ids = request.body.cache.map(({ id }) => id);
        if (new Set(ids).size !== ids.length) throw badRequest("Duplicate images in request");
        const { hosts } = find(request);
        // Nothing is to be fetched: the one host has the image service's own files, which guests' disks lie on.
        kernel.tracer.note("note", "images are on the host already", { images: ids, hosts });
        return {};
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
      handler(request) {
        const aggregate = find(request);
        const changes = request.body.set_metadata.metadata;
        if ("availability_zone" in changes) requireQuiet(aggregate, changes.availability_zone);
        const saved = save({ ...aggregate, metadata: metadataOf(aggregate.metadata, changes) });
        return { body: { aggregate: view(saved, request.microversion) } };
      },
    }),
  ];
}

/** Errors: 400. */
function requireNumber(id: string): void {
  if (!/^\s*[-+]?\d+\s*$/.test(id)) throw badRequest("Invalid input received: id must be an integer");
}
