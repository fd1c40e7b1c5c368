import { badRequest, conflict, forbidden, notFound, type Words } from "../../../kernel/errors.ts";
import { mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, type ApiRequest, route } from "../../../kernel/http/route.ts";
import { READ_SLICE } from "../../../kernel/turns/slices.ts";
import type { Core } from "../manager/core.ts";
import { metadata, object } from "../schemas/parameter-types.ts";
import { askImage } from "./asking.ts";
import { linkedPage, markerNotFound } from "./paging.ts";
import { linkBase, links } from "./paths.ts";

const POLICY = "os_compute_api:image-proxy";
const OLD = { max: mv("2.35") };
const OLD_METADATA = { max: mv("2.38") };

/** An image as glance shows it: its own attributes, and beside them what it carries. */
interface GlanceImage {
  id: string;
  name: string | null;
  status: string;
  size: number | null;
  min_ram: number;
  min_disk: number;
  created_at: string;
  updated_at: string;
}

/** What of it glance's schema has; the rest are properties. */
const ATTRIBUTES = new Set(
  (
    "id name status size virtual_size min_ram min_disk created_at updated_at disk_format container_format visibility checksum protected " +
    "owner os_hidden os_hash_algo os_hash_value tags self file schema stores direct_url locations"
  ).split(" "),
);

/** The same in one piece. */
interface Image extends GlanceImage {
  properties: Readonly<Record<string, string>>;
}

const imageOf = (shown: GlanceImage): Image => ({
  ...shown,
  properties: Object.fromEntries(Object.entries(shown).filter(([name]) => !ATTRIBUTES.has(name))),
});

const STATUS: Readonly<Record<string, { status: string; progress: number }>> = {
  active: { status: "ACTIVE", progress: 100 },
  queued: { status: "SAVING", progress: 25 },
  saving: { status: "SAVING", progress: 50 },
  deleted: { status: "DELETED", progress: 0 },
  pending_delete: { status: "DELETED", progress: 0 },
};

/** Images under nova's old names: until 2.35, their metadata until 2.38. */
export function imageProxyRoutes(core: Core): AnyRoute[] {
  const ask = askImage(core.kernel);
  const missing = { 404: () => notFound("Image not found.") };
  const find = async ({ context, param }: ApiRequest): Promise<Image> =>
    imageOf(await ask<GlanceImage>(context, "images:show", { params: { image_id: param("id") }, words: missing }));
  /** So many that fit, behind a marker: of what glance finds by the filters that it knows, nova looks at the rest itself. */
  const imagesBehind = async (
    { context, query }: ApiRequest,
    marker: string | null,
    wanted: number,
  ): Promise<Image[]> => {
    const known = glanceFilters(query);
    const found: Image[] = [];
    const words: Words = marker === null ? {} : { 400: () => markerNotFound(marker) };
    for (let behind = marker; ; ) {
      const asked = {
        ...known,
        limit: String(Math.min(wanted, READ_SLICE)),
        ...(behind === null ? {} : { marker: behind }),
      };
      const page = await ask<{ images: GlanceImage[]; next?: string }>(context, "images:list", { query: asked, words });
      found.push(...filtered(page.images.map(imageOf), query));
      behind = page.images.at(-1)?.id ?? null;
      if (page.next === undefined || behind === null || found.length >= wanted) return found.slice(0, wanted);
    }
  };
  const allLinks = (request: ApiRequest, { id }: Image) => [
    ...links(request, linkBase(request), `images/${id}`),
    {
      rel: "alternate",
      type: "application/vnd.openstack.image",
      href: `${core.kernel.settings.api.baseUrl}/image/images/${id}`,
    },
  ];
  const summary = (request: ApiRequest, item: Image) => ({
    id: item.id,
    name: item.name,
    links: allLinks(request, item),
  });
  const detail = (request: ApiRequest, item: Image) => {
    const server = item.properties.instance_uuid;
    return {
      id: item.id,
      name: item.name,
      minRam: item.min_ram,
      minDisk: item.min_disk,
      metadata: item.properties,
      created: item.created_at,
      updated: item.updated_at,
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
  const list = async (request: ApiRequest, detailed: boolean) => {
    const { rows, links } = await linkedPage<Image, string>(request, {
      place: (marker) => marker,
      read: (marker, wanted) => imagesBehind(request, marker, wanted),
      path: detailed ? "/images/detail" : "/images",
      key: "images_links",
      id: ({ id }) => id,
      max: core.kernel.settings.compute.maxLimit,
      lost: markerNotFound,
    });
    const view = detailed ? detail : summary;
    return { body: { images: rows.map((item) => view(request, item)), ...links } };
  };
  /** Nothing but these are its properties afterwards. Errors: 403 beyond the limit, and for an image that is not the caller's. */
  const setProperties = async (request: ApiRequest, image: Image, wanted: Readonly<Record<string, string>>) => {
    const { context } = request;
    const limit = core.quotas.limit(context.projectId ?? "", "metadata_items", context.userId);
    if (limit >= 0 && Object.keys(wanted).length > limit) throw forbidden("Image metadata limit exceeded");
    const shown = await ask<GlanceImage>(context, "images:update", {
      params: { image_id: image.id },
      body: patchOf(image.properties, wanted),
      headers: { "content-type": "application/openstack-images-v2.1-json-patch" },
      words: { ...missing, 403: () => forbidden(`Not authorized for image ${image.id}.`) },
    });
    return imageOf(shown).properties;
  };
  const item = (found: Image, key: string): string => {
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
      handler: async (request) => ({ body: { image: detail(request, await find(request)) } }),
    }),
    route({
      name: "images:delete",
      method: "DELETE",
      path: "/images/:id",
      policy: POLICY,
      microversions: OLD,
      success: 204,
      async handler({ context, param }) {
        await ask(context, "images:delete", {
          params: { image_id: param("id") },
          words: {
            ...missing,
            403: () => forbidden("You are not allowed to delete the image."),
            409: ({ message }) => conflict(`Conflict deleting image. Reason: ${message}.`),
          },
        });
        return {};
      },
    }),
    route({
      ...base,
      name: "image-metadata:list",
      method: "GET",
      path,
      handler: async (request) => ({ body: { metadata: (await find(request)).properties } }),
    }),
    route<{ metadata: Record<string, string> }>({
      ...base,
      name: "image-metadata:create",
      method: "POST",
      path,
      request: object({ metadata }, ["metadata"]),
      async handler(request) {
        const image = await find(request);
        const wanted = { ...image.properties, ...request.body.metadata };
        return { body: { metadata: await setProperties(request, image, wanted) } };
      },
    }),
    route<{ metadata: Record<string, string> }>({
      ...base,
      name: "image-metadata:replace",
      method: "PUT",
      path,
      request: object({ metadata }, ["metadata"]),
      handler: async (request) => ({
        body: { metadata: await setProperties(request, await find(request), request.body.metadata) },
      }),
    }),
    route({
      ...base,
      name: "image-metadata:show",
      method: "GET",
      path: `${path}/:key`,
      async handler(request) {
        const key = request.param("key");
        return { body: { meta: { [key]: item(await find(request), key) } } };
      },
    }),
    route<{ meta: Record<string, string> }>({
      ...base,
      name: "image-metadata:update",
      method: "PUT",
      path: `${path}/:key`,
      request: object({ meta: metadata }, ["meta"]),
      async handler(request) {
        const key = request.param("key");
        const value = request.body.meta[key];
        if (value === undefined) throw badRequest("Request body and URI mismatch");
        const image = await find(request);
        await setProperties(request, image, { ...image.properties, [key]: value });
        return { body: { meta: { [key]: value } } };
      },
    }),
    route({
      ...base,
      name: "image-metadata:delete",
      method: "DELETE",
      path: `${path}/:key`,
      success: 204,
      async handler(request) {
        const key = request.param("key");
        const image = await find(request);
        item(image, key);
        const { [key]: _gone, ...others } = image.properties;
        await setProperties(request, image, others);
        return {};
      },
    }),
  ];
}

/** What glance can say of a query's filters; none that fits is left out. */
function glanceFilters(query: URLSearchParams): Record<string, string> {
  const known: Record<string, string> = {};
  // A name may begin with "in:" and hold anything.
  const named = (value: string) => `in:"${value.replace(/["\\]/g, "\\$&")}"`;
  for (const [key, value] of query) {
    const property = key.startsWith("property-") ? key.slice("property-".length) : "";
    if (key === "name") known.name = named(value);
    else if (key === "server") known.instance_uuid = value.split("/").at(-1) ?? "";
    else if (key === "minRam" && /^\d{1,15}$/.test(value)) known.min_ram = value;
    else if (key === "minDisk" && /^\d{1,15}$/.test(value)) known.min_disk = value;
    else if (key === "status" && value.toUpperCase() === "ACTIVE") known.status = "active";
    else if (/^[a-z]+_[a-z_]+$/.test(property) && !ATTRIBUTES.has(property) && !GLANCE_WORDS.has(property))
      known[property] = value;
  }
  return known;
}

/** What a list of glance takes for something else than a property. */
const GLANCE_WORDS = new Set(["sort_key", "sort_dir", "size_min", "size_max", "member_status"]);

/** name, status, server, type, minRam, minDisk, changes-since, property-… */
function filtered(images: readonly Image[], query: URLSearchParams): Image[] {
  const tests: ((image: Image) => boolean)[] = [];
  for (const [key, value] of query) {
    if (key === "name") tests.push(({ name }) => name === value);
    if (key === "status") tests.push(({ status }) => (STATUS[status]?.status ?? "UNKNOWN") === value.toUpperCase());
    if (key === "server") tests.push(({ properties }) => properties.instance_uuid === value.split("/").at(-1));
    if (key === "type") tests.push(({ properties }) => (properties.image_type ?? "base") === value);
    if (key === "minRam") tests.push(({ min_ram }) => min_ram >= Number(value));
    if (key === "minDisk") tests.push(({ min_disk }) => min_disk >= Number(value));
    if (key === "changes-since")
      tests.push(({ updated_at }) => Date.parse(updated_at) >= Math.floor(Date.parse(value) / 1000) * 1000);
    if (key.startsWith("property-")) {
      const property = key.slice("property-".length);
      tests.push(({ properties }) => properties[property] === value);
    }
  }
  return images.filter((image) => tests.every((passes) => passes(image)));
}

/** The JSON patch from the one to the other. */
function patchOf(now: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>>) {
  const path = (key: string) => `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
  return [
    ...Object.keys(now).flatMap((key) => (Object.hasOwn(wanted, key) ? [] : [{ op: "remove", path: path(key) }])),
    ...Object.entries(wanted).flatMap(([key, value]) =>
      now[key] === value ? [] : [{ op: "add", path: path(key), value }],
    ),
  ];
}
