import { wantedPage } from "../../../kernel/db/paging.ts";
import { badRequest, notFound } from "../../../kernel/errors.ts";
import { type AnyRoute, type ApiRequest, caller, route } from "../../../kernel/http/route.ts";
import { inSlices, READ_SLICE } from "../../../kernel/turns/slices.ts";
import type { ImageManager } from "../manager/images.ts";
import type { ImageListing } from "../manager/listing.ts";
import { type PatchChange, parsePatch, patchDialect } from "../manager/patch.ts";
import type { ImageRow } from "../store/images.ts";
import { imageView } from "../views/images.ts";
import { linksOf, type Pages, pagingOf } from "./pages.ts";
import type { TouchedImages } from "./touched.ts";

export interface ImageRouteDeps {
  images: ImageManager;
  listing: ImageListing;
  touched: TouchedImages;
  pages: Pages;
}

export function imageRoutes({ images, listing, touched: { image }, pages }: ImageRouteDeps): AnyRoute[] {
  return [
    route<Record<string, unknown>>({
      name: "images:create",
      method: "POST",
      path: "/v2/images",
      policy: "add_image",
      of: caller,
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
      of: caller,
      success: 200,
      async handler({ context, query, pause }) {
        const { rows, last } = await listing.page(context, query, wantedPage(query, pagingOf(pages)), pause);
        const links = linksOf("/v2/images", query, last);
        const images = await inSlices(rows, pause, (slice) => slice.map(imageView));
        return { body: { images, ...links, schema: "/v2/schemas/images" }, isLong: images.length > READ_SLICE };
      },
    }),
    route({
      name: "images:show",
      method: "GET",
      path: "/v2/images/:image_id",
      policy: "get_image",
      of: image(),
      success: 200,
      handler: (request) => ({
        body: imageView(request.thing),
      }),
    }),
    route<unknown, ImageRow>({
      name: "images:update",
      method: "PATCH",
      path: "/v2/images/:image_id",
      policy: "modify_image",
      of: image(),
      accepts: (sent) => void changesOf(sent),
      success: 200,
      handler: (request) => ({
        body: imageView(images.update(request.context, request.thing, changesOf(request))),
      }),
    }),
    route({
      name: "images:delete",
      method: "DELETE",
      path: "/v2/images/:image_id",
      policy: "delete_image",
      of: image((id) => notFound(`Failed to find image ${id} to delete`)),
      success: 204,
      async handler(request) {
        await images.delete(request.thing);
        return {};
      },
    }),
    route({
      name: "images:deactivate",
      method: "POST",
      path: "/v2/images/:image_id/actions/deactivate",
      policy: "deactivate",
      of: image(),
      success: 204,
      handler: ({ thing }) => void images.setActive(thing, false),
    }),
    route({
      name: "images:reactivate",
      method: "POST",
      path: "/v2/images/:image_id/actions/reactivate",
      policy: "reactivate",
      of: image(),
      success: 204,
      handler: ({ thing }) => void images.setActive(thing, true),
    }),
    route({
      name: "image-tags:add",
      method: "PUT",
      path: "/v2/images/:image_id/tags/:tag",
      policy: "modify_image",
      of: image((id) => notFound(`Image ${id} not found.`)),
      success: 204,
      handler: ({ thing, param }) => void images.addTag(thing, param("tag")),
    }),
    route({
      name: "image-tags:remove",
      method: "DELETE",
      path: "/v2/images/:image_id/tags/:tag",
      policy: "modify_image",
      of: image((id) => notFound(`Image ${id} not found.`)),
      success: 204,
      handler: ({ thing, param }) => void images.removeTag(thing, param("tag")),
    }),
  ];
}

/** Errors: 400, 415. */
function changesOf({ headers, body }: Pick<ApiRequest, "headers" | "body">): PatchChange[] {
  const { legacy } = patchDialect(headers.get("content-type"));
  return parsePatch(body, legacy);
}

function jsonObject(body: unknown): Record<string, unknown> {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw badRequest("Request body must be a JSON object.");
  }
  return body as Record<string, unknown>;
}
