import { badRequest, notFound } from "../../../kernel/errors.ts";
import { type AnyRoute, type ApiRequest, route } from "../../../kernel/http/route.ts";
import type { Access } from "../manager/access.ts";
import type { ImageManager } from "../manager/images.ts";
import type { ImageListing } from "../manager/listing.ts";
import { parsePatch, patchDialect } from "../manager/patch.ts";
import { imagesView, imageView } from "../views/images.ts";

export interface ImageRouteDeps {
  images: ImageManager;
  listing: ImageListing;
  access: Access;
  /** Page sizes. */
  pages: { pageSizeDefault: number; pageSizeMax: number };
}

export function imageRoutes({ images, listing, access, pages }: ImageRouteDeps): AnyRoute[] {
  return [
    route<Record<string, unknown>>({
      name: "images:create",
      method: "POST",
      path: "/v2/images",
      policy: "add_image",
      success: 201,
      handler(request) {
        const image = images.create(request.context, jsonObject(request.body));
        return {
          body: imageView(image),
          headers: {
            location: `${request.baseUrl}/v2/images/${image.id}`,
            "openstack-image-import-methods": "glance-direct,web-download,copy-image",
            // With the two that glance keeps for itself.
            "openstack-image-store-ids": "file,os_glance_staging_store,os_glance_tasks_store",
          },
        };
      },
    }),
    route({
      name: "images:list",
      method: "GET",
      path: "/v2/images",
      policy: "get_images",
      success: 200,
      handler(request) {
        const limit = pageSize(request, pages);
        const rows = listing.list(request.context, { query: request.query, limit });
        return { body: imagesView(rows, request.query, limit) };
      },
    }),
    route({
      name: "images:show",
      method: "GET",
      path: "/v2/images/:image_id",
      policy: "get_image",
      success: 200,
      handler: (request) => ({
        body: imageView(access.authorized(request.context, request.param("image_id"), "get_image")),
      }),
    }),
    // An empty id is no list: glance's routes know no path with a slash at the end.
    nothingThere("images:show-nothing", "GET"),
    nothingThere("images:delete-nothing", "DELETE"),
    route<unknown>({
      name: "images:update",
      method: "PATCH",
      path: "/v2/images/:image_id",
      policy: "modify_image",
      success: 200,
      handler(request) {
        const { legacy } = patchDialect(request.headers.get("content-type"));
        const changes = parsePatch(request.body, legacy);
        return { body: imageView(images.update(request.context, request.param("image_id"), changes)) };
      },
    }),
    route({
      name: "images:delete",
      method: "DELETE",
      path: "/v2/images/:image_id",
      policy: "delete_image",
      success: 204,
      async handler(request) {
        await images.delete(request.context, request.param("image_id"));
        return {};
      },
    }),
    route({
      name: "images:deactivate",
      method: "POST",
      path: "/v2/images/:image_id/actions/deactivate",
      policy: "deactivate",
      success: 204,
      handler: (request) => void images.setActive(request.context, request.param("image_id"), false),
    }),
    route({
      name: "images:reactivate",
      method: "POST",
      path: "/v2/images/:image_id/actions/reactivate",
      policy: "reactivate",
      success: 204,
      handler: (request) => void images.setActive(request.context, request.param("image_id"), true),
    }),
    route({
      name: "image-tags:add",
      method: "PUT",
      path: "/v2/images/:image_id/tags/:tag",
      policy: "modify_image",
      success: 204,
      handler: (request) => void images.addTag(request.context, request.param("image_id"), request.param("tag")),
    }),
    route({
      name: "image-tags:remove",
      method: "DELETE",
      path: "/v2/images/:image_id/tags/:tag",
      policy: "modify_image",
      success: 204,
      handler: (request) => void images.removeTag(request.context, request.param("image_id"), request.param("tag")),
    }),
  ];
}

function nothingThere(name: string, method: "GET" | "DELETE"): AnyRoute {
  return route({
    name,
    method,
    path: "/v2/images/",
    policy: "get_images",
    success: 404,
    handler() {
      throw notFound("The resource could not be found.");
    },
  });
}

function jsonObject(body: unknown): Record<string, unknown> {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw badRequest("Request body must be a JSON object.");
  }
  return body as Record<string, unknown>;
}

/** Errors: 400 for nonsense or a negative number. 0 is a page without images. */
function pageSize(request: ApiRequest, pages: ImageRouteDeps["pages"]): number {
  const text = request.query.get("limit");
  if (text === null) return Math.min(pages.pageSizeDefault, pages.pageSizeMax);
  if (/^-\d+$/.test(text)) throw badRequest("limit param must be positive");
  if (!/^\d{1,9}$/.test(text)) throw badRequest("limit param must be an integer");
  return Math.min(Number(text), pages.pageSizeMax);
}
