import type { ApiRequest } from "../../../../kernel/http/route.ts";
import { s3Error } from "../../errors.ts";
import type { Readable } from "../../manager/reading.ts";
import { expiryOf } from "../../manager/s3/lifecycle.ts";
import { objectSettings } from "../../manager/s3/settings-of-buckets.ts";
import type { ContainerRow } from "../../store/containers.ts";
import type { ObjectRow } from "../../store/objects.ts";
import { type Checksum, checksumHeader } from "../../values/checksums.ts";
import { httpDateOf, timestampOf } from "../../values/stamps.ts";
import { OVERRIDES } from "./attributes.ts";
import { signedOf } from "./place.ts";

/** "null" for what was put while the bucket kept no versions; undefined where it never has. */
export const versionId = (
  bucket: ContainerRow,
  { stamp, unversioned }: Pick<ObjectRow, "stamp" | "unversioned">,
): string | undefined => (bucket.versioning === "off" ? undefined : unversioned ? "null" : timestampOf(stamp));

export function versionHeader(
  bucket: ContainerRow,
  row: Pick<ObjectRow, "stamp" | "unversioned">,
): Record<string, string> {
  const id = versionId(bucket, row);
  return id === undefined ? {} : { "x-amz-version-id": id };
}

/** What a write answers: AWS and s3api tell no version of what is put while versions are suspended. */
export const writtenHeaders = (bucket: ContainerRow, row: ObjectRow): Record<string, string> => ({
  "last-modified": httpDateOf(row.stamp),
  ...(row.unversioned ? {} : versionHeader(bucket, row)),
  ...expiryHeader(bucket, row),
});

/** When a rule of the bucket ends the object. */
function expiryHeader(bucket: ContainerRow, row: ObjectRow): Record<string, string> {
  const expiry = expiryOf(bucket, row);
  if (expiry === null) return {};
  const date = new Date(expiry.at).toUTCString();
  return { "x-amz-expiration": `expiry-date="${date}", rule-id="${expiry.rule}"` };
}

/** An etag as S3 shows it: of what Swift joins out of segments it is not the md5 of the bytes, which "-N" says. */
export const etagOf = ({ etag, isLarge }: Pick<Readable, "etag" | "isLarge">): string =>
  `"${etag}${isLarge ? "-N" : ""}"`;

export const checksumHeaders = (checksum: Checksum | undefined): Record<string, string> =>
  checksum === undefined
    ? {}
    : { [checksumHeader(checksum.algorithm)]: checksum.value, "x-amz-checksum-type": checksum.type };

/** What GET and HEAD of an object answer beside its length. Errors: 400. */
export function objectHeaders(
  { headers: sent, query, context }: Pick<ApiRequest, "headers" | "query" | "context">,
  bucket: ContainerRow,
  row: ObjectRow,
  readable: Readable,
): Record<string, string> {
  const { tags = [], checksum, retention, legalHold, redirect } = objectSettings(row);
  const headers: Record<string, string> = {
    "content-type": row.content_type,
    etag: etagOf(readable),
    "last-modified": new Date(readable.modified).toUTCString(),
    "accept-ranges": "bytes",
    ...versionHeader(bucket, row),
  };
  for (const [name, value] of Object.entries(row.headers)) {
    if (name === "x-object-manifest") continue;
    headers[name.replace(/^x-object-meta-/, "x-amz-meta-")] = value;
  }
  if (tags.length > 0) headers["x-amz-tagging-count"] = String(tags.length);
  if (sent.get("x-amz-checksum-mode")?.toUpperCase() === "ENABLED") Object.assign(headers, checksumHeaders(checksum));
  if (retention !== undefined) {
    headers["x-amz-object-lock-mode"] = retention.mode;
    headers["x-amz-object-lock-retain-until-date"] = new Date(retention.until).toISOString();
  }
  if (legalHold !== undefined) headers["x-amz-object-lock-legal-hold"] = legalHold ? "ON" : "OFF";
  if (redirect !== undefined) headers["x-amz-website-redirect-location"] = redirect;
  Object.assign(headers, expiryHeader(bucket, row));
  for (const name of OVERRIDES) {
    const value = query.get(`response-${name}`);
    if (value === null) continue;
    if (signedOf(context) === null)
      throw s3Error("InvalidRequest", "Request specific response headers cannot be used for anonymous GET requests.");
    if (/[\r\n]/.test(value)) throw s3Error("InvalidArgument");
    headers[name] = value;
  }
  return headers;
}
