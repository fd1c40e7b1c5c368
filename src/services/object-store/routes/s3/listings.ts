import { type AnyRoute, type ApiResponse, route } from "../../../../kernel/http/route.ts";
import { s3Error } from "../../errors.ts";
import type { Managers } from "../../manager/index.ts";
import { objectSettings, ownerOf } from "../../manager/s3/settings-of-buckets.ts";
import { versionListing } from "../../manager/version-listing.ts";
import type { ContainerRow } from "../../store/containers.ts";
import type { ListedObject } from "../../store/objects.ts";
import { timestampOf } from "../../values/stamps.ts";
import {
  type Encoding,
  type ListedEntry,
  listingV1,
  listingV2,
  type ObjectListing,
  versionsListing,
} from "../../views/s3/listings.ts";
import { urlEncoded } from "../../views/s3/names.ts";
import { bucketOf, type S3Place, type S3Places, type S3Request, versionStamp } from "./place.ts";
import { withCors } from "./preflight.ts";

const MOST = 1000;
const LARGEST = 2_147_483_647;

/** A number of the query. Errors: 400. */
export function countOf(query: URLSearchParams, name: string, usual: number, most = MOST): number {
  const text = query.get(name);
  if (text === null || text === "") return usual;
  const count = Number(text);
  if (!/^\d+$/.test(text) || count > LARGEST)
    throw s3Error("InvalidArgument", `Argument ${name} must be an integer between 0 and ${LARGEST}`, {
      ArgumentName: name,
      ArgumentValue: text,
    });
  return Math.min(count, most);
}

/** `encoding-type`. Errors: 400. */
export function encodingOf(query: URLSearchParams): Encoding {
  const type = query.get("encoding-type");
  if (type === null || type === "") return { type: null, apply: (name) => name };
  if (type !== "url")
    throw s3Error("InvalidArgument", "Invalid Encoding Method specified in Request", {
      ArgumentName: "encoding-type",
      ArgumentValue: type,
    });
  return { type, apply: urlEncoded };
}

export function listingRoutes(managers: Managers, places: S3Places): AnyRoute[] {
  const { containers, core } = managers;
  const nameOf = (id: string): string => core.kernel.facade("identity").getProject(id)?.name ?? id;
  const readBucket = { of: "bucket", permission: "READ" } as const;
  return [
    route<unknown, S3Place>({
      name: "s3-objects:list",
      method: "GET",
      path: "/:bucket",
      policy: "object-store:s3",
      of: places.bucket("s3:ListBucket", readBucket, true),
      body: "stream",
      success: 200,
      handler: (request) =>
        withCors(request.thing.bucket, request, request.method === "HEAD" ? head(request) : list(request)),
    }),
    route<unknown, S3Place>({
      name: "s3-versions:list",
      method: "GET",
      path: "/:bucket",
      action: "versions",
      policy: "object-store:s3",
      of: places.bucket("s3:ListBucketVersions", readBucket, true),
      body: "stream",
      success: 200,
      handler: (request) => withCors(request.thing.bucket, request, listVersions(request)),
    }),
  ];

  function head({ thing }: S3Request): ApiResponse {
    bucketOf(thing);
    return { headers: { "x-amz-bucket-region": core.kernel.settings.regionName }, raw: "" };
  }

  function entry(bucket: ContainerRow, row: ListedObject): ListedEntry {
    const { owner = ownerOf(bucket), checksum } = objectSettings(row);
    const { slo } = row.system;
    return {
      name: row.name,
      stamp: row.stamp,
      size: slo?.size ?? row.size,
      etag: slo === undefined ? `"${row.etag}"` : `"${slo.etag}-N"`,
      owner,
      checksum,
    };
  }

  function list(request: S3Request): ApiResponse {
    const { query, thing } = request;
    const bucket = bucketOf(thing);
    const isV2 = query.get("list-type") === "2";
    if (query.has("list-type") && !isV2) throw s3Error("InvalidArgument", "Invalid List Type specified in Request");
    // As s3api does, the answer tells what was asked for, and not that no page is longer than a thousand.
    const asked = countOf(query, "max-keys", MOST, LARGEST);
    const limit = Math.min(asked, MOST);
    const encode = encodingOf(query);
    const token = query.get("continuation-token");
    const marker = isV2
      ? token === null || token === ""
        ? (query.get("start-after") ?? "")
        : tokenMarker(token)
      : (query.get("marker") ?? "");
    const prefix = query.get("prefix") ?? "";
    const delimiter = query.get("delimiter") ?? "";
    const found = limit === 0 ? [] : containers.list(bucket, { limit: limit + 1, prefix, delimiter, marker });
    const shown = found.slice(0, limit);
    const isTruncated = found.length > limit;
    const last = shown.at(-1);
    const lastName = last === undefined ? "" : "subdir" in last ? last.subdir : last.name;
    const all: ObjectListing = {
      bucket: bucket.name,
      prefix,
      delimiter,
      limit: asked,
      isTruncated,
      encode,
      entries: shown.flatMap((each) => ("subdir" in each ? [] : [entry(bucket, each)])),
      prefixes: shown.flatMap((each) => ("subdir" in each ? [each.subdir] : [])),
      nameOf,
    };
    if (!isV2) return { body: listingV1(all, marker, isTruncated && delimiter !== "" ? lastName : null) };
    const next = isTruncated ? Buffer.from(lastName).toString("base64") : null;
    const withOwner = query.get("fetch-owner") === "true";
    return { body: listingV2(all, { token, next, startAfter: query.get("start-after"), withOwner }) };
  }

  function listVersions(request: S3Request): ApiResponse {
    const { query, thing } = request;
    const bucket = bucketOf(thing);
    // As s3api does, the answer tells what was asked for, and not that no page is longer than a thousand.
    const asked = countOf(query, "max-keys", MOST, LARGEST);
    const limit = Math.min(asked, MOST);
    const encode = encodingOf(query);
    const prefix = query.get("prefix") ?? "";
    const delimiter = query.get("delimiter") ?? "";
    const keyMarker = query.get("key-marker") ?? "";
    const versionMarker = query.get("version-id-marker") ?? "";
    if (keyMarker === "" && versionMarker !== "")
      throw s3Error("InvalidArgument", "A version-id marker cannot be specified without a key marker.");
    const stamp = versionMarker === "" ? null : markerStamp(bucket, keyMarker, versionMarker);
    const found =
      limit === 0
        ? []
        : versionListing(core.objects, bucket.id, { limit: limit + 1, prefix, delimiter, marker: keyMarker }, stamp);
    const shown = found.slice(0, limit);
    const idOf = (row: { unversioned: boolean; stamp: number }) =>
      row.unversioned || bucket.versioning === "off" ? "null" : timestampOf(row.stamp);
    const last = shown.at(-1);
    const next =
      found.length <= limit || last === undefined
        ? null
        : "subdir" in last
          ? { key: last.subdir, version: "" }
          : { key: last.name, version: idOf(last) };
    const body = versionsListing(
      {
        bucket: bucket.name,
        prefix,
        delimiter,
        limit: asked,
        isTruncated: found.length > limit,
        encode,
        entries: shown.flatMap((each) =>
          "subdir" in each
            ? []
            : [{ ...entry(bucket, each), version: idOf(each), latest: each.latest, marker: each.marker }],
        ),
        prefixes: shown.flatMap((each) => ("subdir" in each ? [each.subdir] : [])),
        nameOf,
      },
      { keyMarker, versionMarker, next },
    );
    return { body };
  }

  function markerStamp(bucket: ContainerRow, key: string, id: string): number | null {
    const stamp = versionStamp(id);
    if (stamp !== "null") return stamp;
    return places.rowOf(bucket, key, "null")?.stamp ?? null;
  }
}

/** Errors: 400. */
function tokenMarker(token: string): string {
  const marker = Buffer.from(token, "base64");
  if (marker.toString("base64").replace(/=+$/, "") !== token.replace(/=+$/, ""))
    throw s3Error("InvalidArgument", "The continuation token provided is incorrect", {
      ArgumentName: "continuation-token",
    });
  return marker.toString();
}
