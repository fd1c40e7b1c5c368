import type { Kernel } from "../../../../kernel/module.ts";
import { s3Error } from "../../errors.ts";
import { type Acl, aclOfHeaders, isPublicAcl } from "../../manager/s3/acl.ts";
import { bucketSettings, type ObjectSettings, ownerOf } from "../../manager/s3/settings-of-buckets.ts";
import { parseTagging } from "../../schemas/s3/tags.ts";
import type { ContainerRow } from "../../store/containers.ts";
import { sentLock } from "./lock-headers.ts";
import type { S3Request } from "./place.ts";

export const isProject =
  (kernel: Kernel) =>
  (id: string): boolean =>
    kernel.facade("identity").getProject(id) !== null;

/** Errors: 400 for a canned list where the bucket has done away with lists, but for the one that says the same. */
export function requireLists(bucket: ContainerRow, headers: Headers): void {
  const canned = headers.get("x-amz-acl");
  const isEnforced = bucketSettings(bucket).ownership === "BucketOwnerEnforced";
  if (isEnforced && canned !== null && canned !== "bucket-owner-full-control")
    throw s3Error("AccessControlListNotSupported");
}

/** Whether a list may be set on something of this bucket. Errors: 400, 403. */
export function checkAcl(bucket: ContainerRow, acl: Acl | null): void {
  if (acl === null) return;
  const { ownership, publicAccess } = bucketSettings(bucket);
  const isOwners = acl.grants.every(
    ({ grantee, permission }) =>
      "project" in grantee && grantee.project === ownerOf(bucket) && permission === "FULL_CONTROL",
  );
  if (ownership === "BucketOwnerEnforced" && !isOwners) throw s3Error("AccessControlListNotSupported");
  if (publicAccess?.blockPublicAcls === true && isPublicAcl(acl)) throw s3Error("AccessDenied");
}

/** What S3 keeps of an object that is put with these headers. Errors: 400, 403. */
export function sentSettings(
  kernel: Kernel,
  { headers, context }: Pick<S3Request, "headers" | "context">,
  bucket: ContainerRow,
): ObjectSettings {
  const bucketOwner = ownerOf(bucket);
  const writer = context.projectId ?? bucketOwner;
  const { ownership } = bucketSettings(bucket);
  const given = headers.get("x-amz-acl") === "bucket-owner-full-control" && ownership === "BucketOwnerPreferred";
  const owner = ownership === "BucketOwnerEnforced" || given ? bucketOwner : writer;
  requireLists(bucket, headers);
  const acl = aclOfHeaders(headers, owner, bucketOwner, isProject(kernel));
  checkAcl(bucket, acl);
  const tagging = headers.get("x-amz-tagging");
  const redirect = headers.get("x-amz-website-redirect-location");
  if (redirect !== null && !/^(?:\/|https?:\/\/)/.test(redirect))
    throw s3Error(
      "InvalidArgument",
      "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.",
    );
  return {
    ...(owner === bucketOwner ? {} : { owner }),
    ...(acl === null || (owner === bucketOwner && headers.get("x-amz-acl") === "private") ? {} : { acl }),
    ...(tagging === null || tagging === "" ? {} : { tags: parseTagging(tagging) }),
    ...(redirect === null ? {} : { redirect }),
    ...sentLock(headers, bucket, kernel.clock.now()),
  };
}

/** `system` of an object: nothing where S3 keeps nothing of it. */
export const systemOf = (s3: ObjectSettings): { s3?: Readonly<Record<string, unknown>> } =>
  Object.keys(s3).length === 0 ? {} : { s3: { ...s3 } };
