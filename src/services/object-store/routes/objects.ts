import { ApiError } from "../../../kernel/errors.ts";
import { type AnyRoute, type ApiRequest, type ApiResponse, route } from "../../../kernel/http/route.ts";
import { badRequest, containerNotFound, lengthRequired, objectNotFound, unprocessable } from "../errors.ts";
import { postedAttributes, sentAttributes } from "../manager/attributes.ts";
import type { Managers } from "../manager/index.ts";
import { parseDynamic, rawManifest } from "../manager/large-objects.ts";
import { checkQuotas } from "../manager/quotas.ts";
import { isReseller } from "../policies.ts";
import type { ContainerRow } from "../store/containers.ts";
import type { ObjectRow } from "../store/objects.ts";
import { hasConditions, requireConditions } from "../values/conditions.ts";
import { isJoined } from "../values/etags.ts";
import { LIMITS } from "../values/limits.ts";
import { httpDateOf, timestampOf } from "../values/stamps.ts";
import { copyFrom, copyTo } from "./copies.ts";
import { withCors } from "./cors.ts";
import { objectHeaders, signedHeaders } from "./object-headers.ts";
import { reply } from "./reply.ts";
import { linkAttributes, linkHeaders, redirectPost } from "./symlinks.ts";
import { type Place, type Places, refused } from "./touched.ts";
import { versionStamp } from "./versions.ts";
import { marksFolder, webFolder } from "./web.ts";

export type ObjectRequest = ApiRequest<unknown, Place>;
export const OBJECT_PATH = "/v1/:account/:container/:object";

export function objectRoutes(managers: Managers, places: Places): AnyRoute[] {
  const { objects, contents, core, legacy, reading } = managers;
  const { object } = places;
  const { maxFileSize } = core.kernel.settings.objectStore;
  return [
    route<unknown, Place>({
      name: "objects:show",
      method: "GET",
      path: OBJECT_PATH,
      policy: "object-store:read_object",
      of: object.read,
      success: 200,
      handler: async (request) => withCors(request.thing.container, request, await show(request)),
    }),
    route<unknown, Place>({
      name: "objects:put",
      method: "PUT",
      path: OBJECT_PATH,
      policy: "object-store:write_object",
      of: object.write,
      body: "stream",
      success: 201,
      handler: async (request) => withCors(request.thing.container, request, await put(request)),
    }),
    route<unknown, Place>({
      name: "objects:update",
      method: "POST",
      path: OBJECT_PATH,
      policy: "object-store:write_object",
      of: object.write,
      body: "stream",
      success: 202,
      handler: (request) => withCors(request.thing.container, request, post(request)),
    }),
    route<unknown, Place>({
      name: "objects:delete",
      method: "DELETE",
      path: OBJECT_PATH,
      policy: "object-store:write_object",
      of: object.write,
      body: "stream",
      success: 204,
      handler: async (request) => withCors(request.thing.container, request, await remove(request)),
    }),
    route<unknown, Place>({
      name: "objects:copy",
      method: "COPY",
      path: OBJECT_PATH,
      policy: "object-store:read_object",
      of: object.read,
      body: "stream",
      success: 201,
      handler: (request) => copyTo(managers, places, request),
    }),
  ];

  async function show(request: ObjectRequest): Promise<ApiResponse> {
    const { thing, query, headers: sent } = request;
    const container = containerOf(thing);
    const current = query.has("version-id") ? null : objects.get(container.id, thing.name);
    if (current === undefined || (current !== null && marksFolder(current, container))) {
      const web = await webFolder(managers, request, container);
      if (web !== null) return web;
    }
    const found = foundObject(request, container);
    const row = found.marker ? null : found.row;
    if (row === null) {
      const headers = { "x-object-version-id": timestampOf(found.row.stamp) };
      return { status: 404, headers };
    }
    const mayRead = readable(request);
    const isLinkItself = query.get("symlink") === "get";
    const at = isLinkItself ? { container, row, via: null } : reading.follow(container, row, mayRead);
    const isManifest = query.get("multipart-manifest") === "get";
    const bytes = isManifest || isLinkItself ? reading.own(at.row) : reading.whole(at.container, at.row, mayRead);
    const all = objectHeaders(at.row, bytes);
    if (isLinkItself) Object.assign(all, linkHeaders(row));
    if (at.via !== null) all["content-location"] = encodeURI(at.via);
    if (container.versioning !== "off") all["x-object-version-id"] = found.isNull ? "null" : timestampOf(row.stamp);
    const { signed } = thing;
    const headers = signed === null ? all : signedHeaders(all, { query, name: thing.name, expires: signed.expires });
    const isSlo = row.system.slo !== undefined;
    if (isManifest && (isSlo || isJoined(row)) && request.method === "GET") {
      // What came in parts over S3 is made of no other objects.
      const manifest = isSlo ? (bytes.atHand() ?? (await contents.all(at.row.blob))) : Buffer.from("[]");
      const raw = query.get("format") === "raw" ? rawManifest(manifest) : Buffer.from(manifest);
      return {
        status: 200,
        headers: {
          ...headers,
          "content-type": "application/json; charset=utf-8",
          "content-length": String(Buffer.byteLength(raw)),
        },
        raw,
      };
    }
    return reply({ method: request.method, headers: sent }, { readable: bytes, headers });
  }

  /** The version that is asked for, or the current one. Errors: 404, 400. */
  function foundObject(
    { thing, query }: ObjectRequest,
    container: ContainerRow,
  ): { row: ObjectRow; marker: boolean; isNull: boolean } {
    const id = query.get("version-id");
    if (id !== null) {
      const stamp = versionStamp(id);
      if (container.versioning === "off" && stamp !== "null") throw notVersioned();
      const { marker, ...row } = objects.version(container.id, thing.name, stamp);
      return { row, marker, isNull: stamp === "null" };
    }
    const row = objects.get(container.id, thing.name);
    if (row === undefined)
      throw objectNotFound(container.versioning === "off" ? {} : { "x-object-version-id": "null" });
    return { row, marker: false, isNull: false };
  }

  async function put(request: ObjectRequest): Promise<ApiResponse> {
    const { thing, headers, query, bytes, context } = request;
    const container = containerOf(thing);
    checkName(thing.name);
    const now = core.stamps.seconds();
    if (query.has("version-id")) return restore(request, container);
    checkPutHeaders(headers, thing);
    if (headers.get("x-copy-from") !== null) return copyFrom(managers, places, request);
    const attributes = sentAttributes(headers, thing.name, now);
    const manifest = headers.get("x-object-manifest");
    if (manifest !== null && manifest !== "") parseDynamic(manifest);
    if (bytes === null) throw badRequest("");
    if (bytes.unframed === true) throw lengthRequired();
    const link = linkAttributes(managers, places, request);
    const unlimited = isReseller(context);
    const expected = bytes.announced;
    // Known before anything is sent: nobody uploads what is refused anyway.
    if (!unlimited && expected !== null) checkQuotas(thing.account(), container, expected);
    if (hasConditions(headers)) requireConditions(headers, objects.get(container.id, thing.name));
    const received = await contents.receive(bytes, { limit: maxFileSize, expected });
    const etag = headers
      .get("etag")
      ?.replace(/^"(.*)"$/, "$1")
      .toLowerCase();
    if (etag !== undefined && etag !== "" && etag !== received.md5) {
      contents.discard(received);
      throw unprocessable();
    }
    if (link !== null && received.size > 0) {
      contents.discard(received);
      throw badRequest("Symlink requests require a zero byte body", "InvalidRequest", { "content-type": "text/plain" });
    }
    const row = await objects.putTogether(
      container,
      thing.name,
      received,
      { ...attributes, ...(link === null ? {} : { system: { symlink: link } }) },
      {
        unlimited,
        check(current) {
          requireConditions(headers, current);
          legacy.archive(container, current);
        },
      },
    );
    return { status: 201, headers: putHeaders(row, container) };
  }

  /** `PUT ?version-id=`: an older version is the current one again. */
  function restore({ thing, query }: ObjectRequest, container: ContainerRow): ApiResponse {
    const stamp = versionStamp(query.get("version-id") ?? "");
    if (container.versioning === "off" || stamp === "null") throw notVersioned();
    const row = objects.restore(container, thing.name, stamp);
    const path = `/v1/${thing.accountId}/${encodeURI(thing.containerName)}/${encodeURI(thing.name)}`;
    return {
      status: 201,
      headers: { ...putHeaders(row, container), "content-location": `${path}?version-id=${timestampOf(stamp)}` },
    };
  }

  function post(request: ObjectRequest): ApiResponse {
    const { thing, headers } = request;
    const container = containerOf(thing);
    const row = objects.get(container.id, thing.name);
    if (row === undefined) throw objectNotFound();
    if (row.system.symlink !== undefined && request.query.get("symlink") !== "get")
      return redirectPost(request, container, row);
    const attributes = postedAttributes(headers, core.stamps.seconds());
    const removed = headers.get("x-remove-delete-at") !== null;
    objects.post(container.id, thing.name, () => ({ ...attributes, ...(removed ? { delete_at: null } : {}) }));
    return { status: 202 };
  }

  async function remove({ thing, query, headers }: ObjectRequest): Promise<ApiResponse> {
    const container = containerOf(thing);
    const id = query.get("version-id");
    if (id !== null) {
      if (container.versioning === "off" && id !== "null") throw notVersioned();
      const version = objects.deleteVersion(container, thing.name, versionStamp(id));
      const current = objects.get(container.id, thing.name);
      const currentId = current === undefined ? "null" : timestampOf(current.stamp);
      return {
        status: 204,
        headers: { "x-object-version-id": timestampOf(version.stamp), "x-object-current-version-id": currentId },
      };
    }
    const check = (current: ObjectRow | undefined) => requireConditions(headers, current);
    if (legacy.delete(container, thing.name, check)) return { status: 204 };
    const { deleted, marker } = await objects.deleteTogether(container, thing.name, { check });
    if (deleted === undefined && marker === null) throw objectNotFound();
    return { status: 204, headers: marker === null ? {} : { "x-object-version-id": timestampOf(marker.stamp) } };
  }

  /** Asked before segments and targets of links elsewhere are read. */
  function readable(request: ObjectRequest) {
    const { thing, headers } = request;
    return (account: string, container: string): void => {
      if (account === thing.accountId && container === thing.containerName) return;
      const elsewhere = places.elsewhere(thing, account, container, "read", headers);
      if (!request.allowed("object-store:read_object", elsewhere.owned)) throw refused(thing);
    };
  }
}

/** Errors: 404. */
export function containerOf({ container }: Place): ContainerRow {
  if (container === undefined) throw containerNotFound();
  return container;
}

export function putHeaders(row: ObjectRow, container: ContainerRow): Record<string, string> {
  return {
    etag: row.etag,
    "last-modified": httpDateOf(row.stamp),
    ...(container.versioning === "off" ? {} : { "x-object-version-id": timestampOf(row.stamp) }),
  };
}

/** Errors: 400. */
export function checkName(name: string): void {
  const length = Buffer.byteLength(name);
  if (length > LIMITS.max_object_name_length) {
    const message = `Object name length of ${length} longer than ${LIMITS.max_object_name_length}`;
    throw badRequest(message, "KeyTooLongError", { "content-type": "text/plain" });
  }
}

/** Errors: 400. */
function checkPutHeaders(headers: Headers, { signed }: Place): void {
  const noneMatch = headers.get("if-none-match");
  if (noneMatch !== null && !noneMatch.includes("*"))
    throw badRequest("If-None-Match only supports *", "InvalidRequest", { "content-type": "text/plain" });
  if (headers.get("x-static-large-object") !== null) {
    throw badRequest(
      "X-Static-Large-Object is a reserved header. To create a static large object add query param multipart-manifest=put.",
    );
  }
  // A signed URL must not reach what its signer did not mean (OSSA-2015-016).
  if (signed === null) return;
  for (const [name, shown] of [
    ["x-object-manifest", "X-Object-Manifest"],
    ["x-symlink-target", "X-Symlink-Target"],
    ["x-copy-from", "X-Copy-From"],
  ] as const) {
    if (headers.get(name) !== null) throw badRequest(`The header '${shown}' is not allowed in this tempurl`);
  }
}

const notVersioned = () =>
  new ApiError(400, "version-aware operations require that the container is versioned", {
    headers: { "content-type": "text/plain" },
  });
