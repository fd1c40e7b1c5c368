import { ApiError } from "../../../kernel/errors.ts";
import { type AnyRoute, type ApiRequest, type ApiResponse, route } from "../../../kernel/http/route.ts";
import { badRequest, containerNotFound, notAuthorized, versionsLeft } from "../errors.ts";
import { cleanAcl } from "../manager/acl.ts";
import type { ContainerChanges } from "../manager/containers.ts";
import type { Managers } from "../manager/index.ts";
import { checkKept, MASTERS_ONLY, metadataChanges } from "../manager/metadata.ts";
import { isMaster } from "../policies.ts";
import type { ContainerRow } from "../store/containers.ts";
import { LIMITS, POLICY } from "../values/limits.ts";
import { httpDateOf, timestampOf } from "../values/stamps.ts";
import { SYNC_KEY, SYNC_TO, syncProblem } from "../values/sync.ts";
import { CONTENT_TYPES, containerListing } from "../views/listings.ts";
import { isTrue, listed, listQuery, wantedFormat } from "./accept.ts";
import { withCors } from "./cors.ts";
import type { Place, Places } from "./touched.ts";
import { listVersions } from "./versions.ts";
import { webContainer } from "./web.ts";

export function containerRoutes(managers: Managers, { container }: Places): AnyRoute[] {
  const { containers } = managers;
  return [
    route<unknown, Place>({
      name: "containers:show",
      method: "GET",
      path: "/v1/:account/:container",
      policy: "object-store:read_container",
      of: container.read,
      success: 200,
      async handler(request) {
        const { thing } = request;
        if (thing.container === undefined) throw containerNotFound();
        const web = await webContainer(managers, request, thing.container);
        if (web !== null) return web;
        // A signed URL of a prefix opens what static web shows of it, and no listing.
        if (thing.signed !== null) throw notAuthorized("401 Unauthorized: Temp URL invalid\n");
        return withCors(thing.container, request, show(request, thing.container));
      },
    }),
    route<unknown, Place>({
      name: "containers:put",
      method: "PUT",
      path: "/v1/:account/:container",
      policy: "object-store:write_container",
      of: container.write,
      body: "stream",
      success: 201,
      handler({ thing, headers }) {
        const { accountId, containerName } = thing;
        if (Buffer.byteLength(containerName) > LIMITS.max_container_name_length) {
          throw badRequest(
            `Container name length of ${Buffer.byteLength(containerName)} longer than ${LIMITS.max_container_name_length}`,
          );
        }
        const policy = headers.get("x-storage-policy");
        if (policy !== null && policy !== POLICY)
          throw badRequest(`Invalid X-Storage-Policy '${policy}'`, "InvalidRequest", { "content-type": "text/plain" });
        const { created } = containers.put(accountId, containerName, changes(headers));
        return { status: created ? 201 : 202 };
      },
    }),
    route<unknown, Place>({
      name: "containers:update",
      method: "POST",
      path: "/v1/:account/:container",
      policy: "object-store:write_container",
      of: container.write,
      body: "stream",
      success: 204,
      handler({ thing, headers }) {
        containers.post(thing.accountId, thing.containerName, changes(headers));
        return undefined;
      },
    }),
    route<unknown, Place>({
      name: "containers:delete",
      method: "DELETE",
      path: "/v1/:account/:container",
      policy: "object-store:write_container",
      of: container.write,
      body: "stream",
      success: 204,
      handler({ thing }) {
        const { container: row } = thing;
        if (row !== undefined && row.object_count === 0 && containers.hasVersions(row)) throw versionsLeft();
        containers.delete(thing.accountId, thing.containerName);
        return undefined;
      },
    }),
  ];

  function show(request: ApiRequest<unknown, Place>, row: ContainerRow): ApiResponse {
    const { thing, context, method, query } = request;
    const wanted = wantedFormat(request);
    const headers = containerHeaders(row, isMaster(context, thing.owned) && thing.signed === null);
    const contentType = CONTENT_TYPES[wanted.format];
    if (method === "HEAD") {
      const vary: Record<string, string> = wanted.varies ? { vary: "Accept" } : {};
      return { status: 204, headers: { "content-type": contentType, ...headers, ...vary, "content-length": "0" } };
    }
    if (query.has("versions")) {
      const body = listVersions(managers, row, listQuery(request), query.get("version_marker"));
      return { status: 200, headers: { "content-type": CONTENT_TYPES.json, ...headers }, raw: body };
    }
    const body = containerListing(wanted.format, row.name, containers.list(row, listQuery(request)));
    return listed(body, wanted, contentType, headers);
  }
}

export function containerHeaders(row: ContainerRow, master: boolean): Record<string, string> {
  const all: Record<string, string> = {
    "x-container-object-count": String(row.object_count),
    "x-container-bytes-used": String(row.bytes_used),
    "x-timestamp": timestampOf(row.stamp),
    "last-modified": httpDateOf(row.changed),
    "accept-ranges": "bytes",
    "x-storage-policy": POLICY,
  };
  for (const [name, value] of Object.entries(row.headers)) if (master || !MASTERS_ONLY.has(name)) all[name] = value;
  if (row.versioning !== "off") all["x-versions-enabled"] = row.versioning === "enabled" ? "True" : "False";
  return all;
}

/** What a PUT or POST changes of a container. Errors: 400. */
function changes(headers: Headers): ContainerChanges {
  const changed: Record<string, string> = metadataChanges(headers, "container");
  for (const name of ["x-container-read", "x-container-write"]) {
    const value = headers.get(name);
    if (headers.get(name.replace("x-", "x-remove-")) !== null) changed[name] = "";
    if (value !== null) changed[name] = cleanAcl(name, value);
  }
  checkQuotaHeaders(changed);
  Object.assign(changed, syncHeaders(headers), versionLocations(headers));
  const enabled = headers.get("x-versions-enabled");
  return {
    headers: changed,
    ...(enabled === null ? {} : { versioning: isTrue(enabled) ? ("enabled" as const) : ("suspended" as const) }),
    check(kept, current) {
      checkKept(kept);
      const isLegacy = kept["x-versions-location"] !== undefined || kept["x-history-location"] !== undefined;
      const legacy =
        "Cannot enable object versioning on a container that is already using the legacy versioned writes feature.";
      if (isLegacy && enabled !== null && isTrue(enabled))
        throw badRequest(legacy, "InvalidRequest", { "content-type": "text/plain" });
      const modern =
        "Cannot set X-Versions-Location or X-History-Location on a container with object versioning enabled.";
      const isModern = current !== undefined && current.versioning !== "off";
      if (isModern && (changed["x-versions-location"] ?? changed["x-history-location"] ?? "") !== "")
        throw badRequest(modern);
    },
  };
}

function checkQuotaHeaders(changed: Readonly<Record<string, string>>): void {
  for (const [name, what] of [
    ["x-container-meta-quota-bytes", "bytes"],
    ["x-container-meta-quota-count", "count"],
  ] as const) {
    const value = changed[name];
    if (value !== undefined && !/^\d*$/.test(value)) throw badRequest(`Invalid ${what} quota.`);
  }
}

/** Errors: 400. */
function syncHeaders(headers: Headers): Record<string, string> {
  const to = headers.get(SYNC_TO);
  const key = headers.get(SYNC_KEY);
  const problem = to === null ? null : syncProblem(to);
  if (problem !== null) throw badRequest(problem);
  return { ...(to === null ? {} : { [SYNC_TO]: to }), ...(key === null ? {} : { [SYNC_KEY]: key }) };
}

function versionLocations(headers: Headers): Record<string, string> {
  const found: Record<string, string> = {};
  const names = ["x-versions-location", "x-history-location"] as const;
  const given = names.filter((name) => (headers.get(name) ?? "") !== "");
  if (given.length > 1)
    throw badRequest("Only one of X-History-Location or X-Versions-Location may be specified", "InvalidRequest", {
      "content-type": "text/plain",
    });
  for (const name of names) {
    const value = headers.get(name);
    if (headers.get(name.replace("x-", "x-remove-")) !== null || value === "") found[name] = "";
    else if (value !== null) {
      if (decodeURIComponent(value).includes("/"))
        throw new ApiError(
          412,
          `Invalid ${name === "x-versions-location" ? "X-Versions-Location" : "X-History-Location"} header: container name cannot contain slashes`,
        );
      found[name] = value;
      // One takes the place of the other.
      found[name === "x-versions-location" ? "x-history-location" : "x-versions-location"] = "";
    }
  }
  return found;
}
