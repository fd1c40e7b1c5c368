import { type AnyRoute, type ApiResponse, type Lookup, route } from "../../../../kernel/http/route.ts";
import { s3Error } from "../../errors.ts";
import type { Managers } from "../../manager/index.ts";
import { checkQuotas } from "../../manager/quotas.ts";
import { requireUnlocked } from "../../manager/s3/object-lock.ts";
import type { ContainerRow } from "../../store/containers.ts";
import type { ObjectRow } from "../../store/objects.ts";
import { checksumHeader } from "../../values/checksums.ts";
import { secondsOf, timestampOf } from "../../values/stamps.ts";
import { checkKey, checkOffered, sentAttributes } from "./attributes.ts";
import { receiveBody } from "./body.ts";
import { hasDeleteConditions, requireDelete, requireWrite } from "./conditions.ts";
import { writtenHeaders } from "./object-headers.ts";
import { bucketOf, type S3Place, type S3Places, type S3Request, versionStamp } from "./place.ts";
import { withCors } from "./preflight.ts";
import { objectReads } from "./reads.ts";
import { sentSettings, systemOf } from "./sent-settings.ts";

export const OBJECT = "/:bucket/:key";

/** "s3:GetObject", or with a version named "s3:GetObjectVersion". */
export const ofVersion =
  (action: string) =>
  (lookup: Lookup): string =>
    `${action}${lookup.query.has("versionId") ? "Version" : ""}`;

export function objectRoutes(managers: Managers, places: S3Places): AnyRoute[] {
  const { objects, accounts, core } = managers;
  const { kernel } = core;
  const { show } = objectReads(managers, places);
  const { remove } = objectDeletes(managers, places);
  return [
    route<unknown, S3Place>({
      name: "s3-objects:show",
      method: "GET",
      path: OBJECT,
      policy: "object-store:s3",
      of: places.object(ofVersion("s3:GetObject"), { of: "object", permission: "READ" }, true),
      body: "stream",
      success: 200,
      handler: show,
    }),
    route<unknown, S3Place>({
      name: "s3-objects:put",
      method: "PUT",
      path: OBJECT,
      policy: "object-store:s3",
      of: places.object("s3:PutObject", { of: "bucket", permission: "WRITE" }, false),
      body: "stream",
      success: 200,
      handler: put,
    }),
    route<unknown, S3Place>({
      name: "s3-objects:delete",
      method: "DELETE",
      path: OBJECT,
      policy: "object-store:s3",
      of: places.object(ofVersion("s3:DeleteObject"), { of: "bucket", permission: "WRITE" }, false),
      body: "stream",
      success: 204,
      handler(request) {
        const bucket = bucketOf(request.thing);
        const { headers } = remove(request, bucket, request.thing.key, request.query.get("versionId"), request.headers);
        return withCors(bucket, request, { status: 204, headers });
      },
    }),
  ];

  async function put(request: S3Request): Promise<ApiResponse> {
    const { thing, headers } = request;
    const bucket = bucketOf(thing);
    checkKey(thing.key);
    checkOffered(headers);
    const attributes = sentAttributes(headers);
    const settings = sentSettings(kernel, request, bucket);
    // Known before anything is sent: nobody uploads what is refused anyway.
    requireWrite(headers, objects.get(bucket.id, thing.key));
    const { received, checksum } = await receiveBody(managers, request, {
      allows: (size) => checkQuotas(accounts.get(bucket.account), bucket, size),
    });
    const kept =
      checksum === null ? settings : { ...settings, checksum: { ...checksum, type: "FULL_OBJECT" as const } };
    const row = await objects.putTogether(
      bucket,
      thing.key,
      received,
      { ...attributes, system: systemOf(kept) },
      {
        check: (current) => requireWrite(headers, current),
      },
    );
    return withCors(bucket, request, {
      headers: {
        etag: `"${row.etag}"`,
        ...writtenHeaders(bucket, row),
        ...(checksum === null
          ? {}
          : { [checksumHeader(checksum.algorithm)]: checksum.value, "x-amz-checksum-type": "FULL_OBJECT" }),
      },
    });
  }
}

/** Deletes of single objects and of many. */
export function objectDeletes(managers: Managers, places: S3Places) {
  const { objects, core } = managers;

  /** Whether the caller may pass over GOVERNANCE, and said so. */
  function bypasses(request: S3Request, bucket: ContainerRow, key: string): boolean {
    if (request.headers.get("x-amz-bypass-governance-retention")?.toLowerCase() !== "true") return false;
    return places.may(request, bucket, key, { action: "s3:BypassGovernanceRetention", needed: null, reads: false });
  }

  /** Errors: 403 for what is locked, 412. */
  function remove(
    request: S3Request,
    bucket: ContainerRow,
    key: string,
    id: string | null,
    conditions: Headers,
  ): { headers: Record<string, string>; version: string | null; marker: string | null } {
    if (id !== null) return removeVersion(request, bucket, key, id, conditions);
    const check = (row: ObjectRow | undefined) => {
      // A marker is there, and has neither bytes nor an etag.
      const marker =
        row === undefined && bucket.versioning !== "off" ? core.objects.newestVersion(bucket.id, key) : undefined;
      const current = row ?? (marker === undefined ? undefined : { ...marker, etag: "", size: -1 });
      requireDelete(
        conditions,
        current === undefined ? undefined : { ...current, modified: secondsOf(current.stamp) * 1000 },
      );
      // Where versions are kept, the object only steps back.
      if (row !== undefined && bucket.versioning === "off")
        requireUnlocked(row, core.kernel.clock.now(), bypasses(request, bucket, key));
    };
    const isNothing = () =>
      objects.get(bucket.id, key) === undefined && core.objects.newestVersion(bucket.id, key) === undefined;
    // What never was does not get a marker by a delete that is of something.
    if (hasDeleteConditions(conditions) && isNothing()) return { headers: {}, version: null, marker: null };
    const { marker } = objects.delete(bucket, key, { check });
    if (marker === null) return { headers: {}, version: null, marker: null };
    const made = marker.unversioned ? "null" : timestampOf(marker.stamp);
    return { headers: { "x-amz-delete-marker": "true", "x-amz-version-id": made }, version: null, marker: made };
  }

  function removeVersion(request: S3Request, bucket: ContainerRow, key: string, id: string, conditions: Headers) {
    const stamp = versionStamp(id);
    const row = places.rowOf(bucket, key, id);
    requireDelete(conditions, row === undefined ? undefined : { ...row, modified: secondsOf(row.stamp) * 1000 });
    const headers: Record<string, string> = { "x-amz-version-id": id };
    // What is not there is as deleted.
    if (row === undefined) return { headers, version: id, marker: null };
    const { marker } = objects.deleteVersion(bucket, key, stamp, { bypass: bypasses(request, bucket, key) });
    if (marker) headers["x-amz-delete-marker"] = "true";
    return { headers, version: id, marker: marker ? id : null };
  }

  return { remove, bypasses };
}

/** Errors: 404. */
export function requireRow(row: ObjectRow | undefined): ObjectRow {
  if (row === undefined) throw s3Error("NoSuchKey");
  return row;
}
