import { badRequest } from "../../../kernel/errors.ts";
import { type AnyRoute, route } from "../../../kernel/http/route.ts";
import type { ImportManager, ImportRequest } from "../manager/imports.ts";
import type { ImageRow } from "../store/images.ts";
import type { TaskStore } from "../store/tasks.ts";
import { imageTaskView } from "../views/tasks.ts";
import type { TouchedImages } from "./touched.ts";

const METHODS = ["glance-direct", "web-download", "copy-image"];

export interface ImportRouteDeps {
  imports: ImportManager;
  tasks: TaskStore;
  touched: TouchedImages;
}

export function importRoutes({ imports, tasks, touched: { image } }: ImportRouteDeps): AnyRoute[] {
  return [
    route<unknown, ImageRow>({
      name: "image-import:start",
      method: "POST",
      path: "/v2/images/:image_id/import",
      policy: "modify_image",
      of: image(),
      accepts: ({ body }) => void importRequest(body),
      success: 202,
      async handler({ context, thing, body }) {
        await imports.start(context, thing, importRequest(body));
        return {};
      },
    }),
    route({
      name: "image-import:info",
      method: "GET",
      path: "/v2/info/import",
      policy: "image:info",
      success: 200,
      handler: () => ({
        body: { "import-methods": { description: "Import methods available.", type: "array", value: METHODS } },
      }),
    }),
    route({
      name: "image-stores:info",
      method: "GET",
      path: "/v2/info/stores",
      policy: "image:info",
      success: 200,
      handler: () => ({ body: { stores: [{ id: "file", default: "true" }] } }),
    }),
    route({
      name: "image-tasks:list",
      method: "GET",
      path: "/v2/images/:image_id/tasks",
      policy: "get_image",
      of: image(),
      success: 200,
      handler: ({ thing }) => ({ body: { tasks: tasks.ofImage(thing.id).map(imageTaskView) } }),
    }),
  ];
}

/** Errors: 400 in glance's words. */
function importRequest(body: unknown): ImportRequest {
  if (typeof body !== "object" || body === null) throw badRequest("Import request requires a 'method' field.");
  const { method, stores, all_stores, all_stores_must_succeed } = body as Record<string, unknown>;
  if (typeof method !== "object" || method === null) throw badRequest("Import request requires a 'method' field.");
  const { name, uri } = method as Record<string, unknown>;
  if (typeof name !== "string") throw badRequest("Import request requires a 'name' field.");
  if (!METHODS.includes(name)) throw badRequest(`Unknown import method name '${name}'.`);
  if (name === "web-download" && (typeof uri !== "string" || uri === "")) {
    throw badRequest(`URI is required for 'web-download' import method.`);
  }
  if (stores !== undefined && (!Array.isArray(stores) || stores.some((store) => typeof store !== "string"))) {
    throw badRequest("'stores' must be an array of store identifiers.");
  }
  return {
    method: { name, ...(typeof uri === "string" ? { uri } : {}) },
    ...(stores === undefined ? {} : { stores: stores as string[] }),
    ...(all_stores === undefined ? {} : { all_stores: all_stores === true }),
    ...(all_stores_must_succeed === undefined ? {} : { all_stores_must_succeed: all_stores_must_succeed === true }),
  };
}
