import { ApiError, badRequest, notFound } from "../../../kernel/errors.ts";
import { mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, type ApiRequest, route } from "../../../kernel/http/route.ts";
import { isoSeconds } from "../../../kernel/time/clock.ts";
import type { ImageFacade, ImageInfo } from "../../image/facade.ts";
import type { Core } from "../manager/core.ts";
import { metadata, object } from "../schemas/parameter-types.ts";
import { linkBase, links, nextLink, pageLimit } from "./paths.ts";

const POLICY = "os_compute_api:image-proxy";
const OLD = { max: mv("2.35") };
const OLD_METADATA = { max: mv("2.38") };
type AnyRequest = ApiRequest<unknown> | ApiRequest<never>;

const STATUS: Readonly<Record<string, { status: string; progress: number }>> = {
  active: { status: "ACTIVE", progress: 100 },
  queued: { status: "SAVING", progress: 25 },
  saving: { status: "SAVING", progress: 50 },
  deleted: { status: "DELETED", progress: 0 },
  pending_delete: { status: "DELETED", progress: 0 },
};

/** Images under nova's old names: until 2.35, their metadata until 2.38. */
export function imageProxyRoutes(core: Core): AnyRoute[] {
  const image = (): ImageFacade => core.kernel.facade("image");
  const find = (request: AnyRequest): ImageInfo => {
    try {
      return image().get(request.context, request.param("id"));
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) throw notFound("Image not found.");
      throw error;
    }
  };
  const allLinks = (request: AnyRequest, { id }: ImageInfo) => [
    ...links(request, linkBase(request), `images/${id}`),
    {
      rel: "alternate",
      type: "application/vnd.openstack.image",
      href: `${core.kernel.settings.api.baseUrl}/image/images/${id}`,
    },
  ];
  const summary = (request: AnyRequest, item: ImageInfo) => ({
    id: item.id,
    name: item.name,
    links: allLinks(request, item),
  });
  const detail = (request: AnyRequest, item: ImageInfo) => {
    const server = item.properties.instance_uuid;
    return {
      id: item.id,
      name: item.name,
      minRam: item.minRam,
      minDisk: item.minDisk,
      metadata: item.properties,
      created: isoSeconds(item.createdAt),
      updated: isoSeconds(item.updatedAt),
      ...(STATUS[item.status] ?? { status: "UNKNOWN", progress: 0 }),
      "OS-EXT-IMG-SIZE:size": item.size ?? 0,
      links: allLinks(request, item),
      ...(server === undefined
        ? {}
        : {
            server: { id: server, links: links(request, linkBase(request), `servers/${server}`) },
          }),
    };
  };
  const list = (request: ApiRequest<unknown>, detailed: boolean) => {
    const found = filtered(image().list(request.context), request.query);
    const marker = request.query.get("marker");
    const start = marker === null ? 0 : found.findIndex(({ id }) => id === marker) + 1;
    if (marker !== null && start === 0) throw badRequest(`marker [${marker}] not found`);
    const limit = pageLimit(request, core.kernel.settings.compute.maxLimit);
    const page = found.slice(start, start + limit);
    const last = page.at(-1);
    const view = detailed ? detail : summary;
    return {
      body: {
        images: page.map((item) => view(request, item)),
        ...(found.length > start + limit && last !== undefined
          ? { images_links: [nextLink(request, detailed ? "/images/detail" : "/images", last.id)] }
          : {}),
      },
    };
  };
  const change = (request: AnyRequest, changes: Record<string, string | null>): Record<string, string> => {
    const limit = core.quotas.limit(request.context.projectId ?? "", "metadata_items");
    const item = find(request);
    if (limit >= 0 && Object.keys({ ...item.properties, ...changes }).length > limit) {
      throw new ApiError(403, "Image metadata limit exceeded");
    }
    return { ...image().updateProperties(request.context, item.id, changes).properties };
  };
  const item = (found: ImageInfo, key: string): string => {
    const value = found.properties[key];
    if (value === undefined) throw notFound("Metadata item was not found");
    return value;
  };
  const base = { policy: POLICY, microversions: OLD_METADATA, success: 200 } as const;
  const path = "/images/:id/metadata";
  return [
    route({
      name: "images:list",
      method: "GET",
      path: "/images",
      policy: POLICY,
      microversions: OLD,
      success: 200,
      handler: (request) => list(request, false),
    }),
    route({
      name: "images:detail",
      method: "GET",
      path: "/images/detail",
      policy: POLICY,
      microversions: OLD,
      success: 200,
      handler: (request) => list(request, true),
    }),
    route({
      name: "images:show",
      method: "GET",
      path: "/images/:id",
      policy: POLICY,
      microversions: OLD,
      success: 200,
      handler: (request) => ({ body: { image: detail(request, find(request)) } }),
    }),
    route({
      name: "images:delete",
      method: "DELETE",
      path: "/images/:id",
      policy: POLICY,
      microversions: OLD,
      success: 204,
      async handler(request) {
        await image().delete(request.context, find(request).id);
        return {};
      },
    }),
    route({
      ...base,
      name: "image-metadata:list",
      method: "GET",
      path,
      handler: (request) => ({ body: { metadata: find(request).properties } }),
    }),
    route<{ metadata: Record<string, string> }>({
      ...base,
      name: "image-metadata:create",
      method: "POST",
      path,
      request: object({ metadata }, ["metadata"]),
      handler: (request) => ({ body: { metadata: change(request, request.body.metadata) } }),
    }),
    route<{ metadata: Record<string, string> }>({
      ...base,
      name: "image-metadata:replace",
      method: "PUT",
      path,
      request: object({ metadata }, ["metadata"]),
      handler(request) {
        const gone = Object.fromEntries(Object.keys(find(request).properties).map((key) => [key, null]));
        return { body: { metadata: change(request, { ...gone, ...request.body.metadata }) } };
      },
    }),
    route({
      ...base,
      name: "image-metadata:show",
      method: "GET",
      path: `${path}/:key`,
      handler: (request) => ({ body: { meta: { [request.param("key")]: item(find(request), request.param("key")) } } }),
    }),
    route<{ meta: Record<string, string> }>({
      ...base,
      name: "image-metadata:update",
      method: "PUT",
      path: `${path}/:key`,
      request: object({ meta: metadata }, ["meta"]),
      handler(request) {
        const key = request.param("key");
        const value = request.body.meta[key];
        if (value === undefined) throw badRequest("Request body and URI mismatch");
        change(request, { [key]: value });
        return { body: { meta: { [key]: value } } };
      },
    }),
    route({
      ...base,
      name: "image-metadata:delete",
      method: "DELETE",
      path: `${path}/:key`,
      success: 204,
      handler(request) {
        const key = request.param("key");
        item(find(request), key);
        change(request, { [key]: null });
        return {};
      },
    }),
  ];
}

/** name, status, server, type, minRam, minDisk, changes-since, property-… */
function filtered(images: readonly ImageInfo[], query: URLSearchParams): ImageInfo[] {
  const tests: ((image: ImageInfo) => boolean)[] = [];
  for (const [key, value] of query) {
    if (key === "name") tests.push(({ name }) => name === value);
    if (key === "status") tests.push(({ status }) => (STATUS[status]?.status ?? "UNKNOWN") === value.toUpperCase());
    if (key === "server") tests.push(({ properties }) => properties.instance_uuid === value.split("/").at(-1));
    if (key === "type") tests.push(({ properties }) => (properties.image_type ?? "base") === value);
    if (key === "minRam") tests.push(({ minRam }) => minRam >= Number(value));
    if (key === "minDisk") tests.push(({ minDisk }) => minDisk >= Number(value));
    if (key === "changes-since")
      tests.push(({ updatedAt }) => updatedAt >= Math.floor(Date.parse(value) / 1000) * 1000);
    if (key.startsWith("property-")) {
      const property = key.slice("property-".length);
      tests.push(({ properties }) => properties[property] === value);
    }
  }
  return images.filter((image) => tests.every((passes) => passes(image)));
}
