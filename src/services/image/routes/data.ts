import { open } from "node:fs/promises";
import { OpenBytes } from "../../../kernel/bytes/open-bytes.ts";
import { ApiError } from "../../../kernel/errors.ts";
import { type AnyRoute, type ApiRequest, type ApiResponse, route } from "../../../kernel/http/route.ts";
import type { DataManager } from "../manager/data.ts";
import type { ImageRow } from "../store/images.ts";
import type { TouchedImages } from "./touched.ts";

export function dataRoutes(data: DataManager, { image }: TouchedImages): AnyRoute[] {
  return [
    route({
      name: "image-data:upload",
      method: "PUT",
      path: "/v2/images/:image_id/file",
      policy: "upload_image",
      of: image(),
      body: "stream",
      accepts: requireOctets,
      success: 204,
      async handler(request) {
        await data.upload(request.thing, request.bytes ?? nothing(), {
          expected: announcedSize(request),
        });
        return {};
      },
    }),
    route({
      name: "image-data:stage",
      method: "PUT",
      path: "/v2/images/:image_id/stage",
      policy: "modify_image",
      of: image(),
      body: "stream",
      accepts: requireOctets,
      success: 204,
      async handler(request) {
        await data.stage(request.thing, request.bytes ?? nothing(), {
          expected: announcedSize(request),
        });
        return {};
      },
    }),
    route({
      name: "image-data:download",
      method: "GET",
      path: "/v2/images/:image_id/file",
      policy: "download_image",
      of: image(),
      success: 200,
      handler: (request) => download(request, data),
    }),
  ];
}

async function download(request: ApiRequest<unknown, ImageRow>, data: DataManager): Promise<ApiResponse> {
  const found = data.readable(request.context, request.thing);
  if (found === null) return { status: 204 };
  const size = found.image.size ?? 0;
  const range = requestedRange(request.headers, size);
  const { start, end } = range ?? { start: 0, end: size - 1 };
  const headers: Record<string, string> = {
    "content-type": "application/octet-stream",
    "content-length": String(end - start + 1),
  };
  // The sum is the whole image's, so a part does not carry it.
  if (range === null && found.image.checksum !== null) headers["content-md5"] = found.image.checksum;
  if (range !== null) headers["content-range"] = `bytes ${start}-${end}/${size}`;
  const status = range === null ? 200 : 206;
  if (request.method === "HEAD" || end < start) return { status, headers, raw: "" };
  const file = await open(found.path);
  return { status, headers, raw: new OpenBytes([{ file, start, end: end + 1 }], () => file.close()) };
}

/** One range of `Range`, or of `Content-Range` as old glance clients send it. Errors: 416. */
function requestedRange(headers: Headers, size: number): { start: number; end: number } | null {
  const text = headers.get("range");
  const old = headers.get("content-range");
  if (text === null && old === null) return null;
  const match =
    text === null ? /^bytes (\d+)-(\d+)\/(?:\d+|\*)$/.exec(old ?? "") : /^bytes=(\d*)-(\d*)$/.exec(text.trim());
  const unsatisfiable = () =>
    new ApiError(416, "The Range request could not be satisfied.", { headers: { "content-range": `bytes */${size}` } });
  if (match === null) throw unsatisfiable();
  const [, first = "", last = ""] = match;
  if (first === "" && last === "") throw unsatisfiable();
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (start > end || start >= size) throw unsatisfiable();
  return { start, end };
}

function requireOctets({ headers }: Pick<ApiRequest, "headers">): void {
  const type = headers.get("content-type")?.split(";")[0]?.trim();
  if (type !== "application/octet-stream") {
    throw new ApiError(415, `The request media type ${type ?? ""} is not supported by this server.`);
  }
}

/** The body's length, or what a client that streams in chunks says of it. */
function announcedSize(request: ApiRequest): number | null {
  const text = request.headers.get("content-length") ?? request.headers.get("x-openstack-image-size");
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
