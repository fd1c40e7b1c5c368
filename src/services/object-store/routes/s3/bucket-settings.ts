import { type AnyRoute, type ApiResponse, route } from "../../../../kernel/http/route.ts";
import { hexId } from "../../../../kernel/ids/ids.ts";
import { textOf, type XmlElement } from "../../../../kernel/xml/parse.ts";
import { xmlDocument } from "../../../../kernel/xml/write.ts";
import { s3Error } from "../../errors.ts";
import type { Managers } from "../../manager/index.ts";
import { bucketAcl, policyOf } from "../../manager/s3/access.ts";
import { type Acl, isPublicAcl } from "../../manager/s3/acl.ts";
import { isPublicPolicy, parsePolicy } from "../../manager/s3/bucket-policy.ts";
import { type BucketSettings, bucketSettings } from "../../manager/s3/settings-of-buckets.ts";
import {
  corsRules,
  lifecycleRules,
  objectLockOf,
  ownershipRule,
  publicAccessOf,
  websiteOf,
} from "../../schemas/s3/bucket-settings.ts";
import { tagsOf } from "../../schemas/s3/tags.ts";
import type { Versioning } from "../../states.ts";
import type { ContainerRow } from "../../store/containers.ts";
import { S3_XMLNS } from "../../views/s3/names.ts";
import {
  corsDocument,
  lifecycleDocument,
  objectLockDocument,
  publicAccessDocument,
  taggingDocument,
  websiteDocument,
} from "../../views/s3/settings.ts";
import { readText, readXml } from "./body.ts";
import { bucketOf, type S3Place, type S3Places, type S3Request } from "./place.ts";

type Handler = (request: S3Request) => Promise<ApiResponse> | ApiResponse;

/** A setting that is a document: read, written and removed the same way. */
interface Setting<Key extends keyof BucketSettings> {
  subresource: string;
  /** "s3:GetBucketCORS", "s3:PutBucketCORS" (which also removes it). */
  act: string;
  key: Key;
  missing: Parameters<typeof s3Error>[0];
  parse(root: XmlElement, bucket: ContainerRow): NonNullable<BucketSettings[Key]>;
  document(value: NonNullable<BucketSettings[Key]>): string;
  /** What a PUT answers: AWS says 200, and 204 for tags. */
  success?: number;
}

export function bucketSettingRoutes(managers: Managers, places: S3Places): AnyRoute[] {
  const { containers } = managers;
  const record = (
    name: string,
    method: "GET" | "PUT" | "DELETE",
    action: string,
    act: string,
    handler: Handler,
    success = method === "DELETE" ? 204 : 200,
  ) =>
    route<unknown, S3Place>({
      name: `s3-buckets:${name}`,
      method,
      path: "/:bucket",
      action,
      policy: "object-store:s3",
      of: places.bucket(act, null, method === "GET"),
      body: "stream",
      success,
      handler,
    });

  /** Read anew after the body has come: somebody else may have changed it meanwhile. Errors: 404. */
  function change(
    { thing }: S3Request,
    changes: (current: BucketSettings, bucket: ContainerRow) => BucketSettings,
    versioning?: Versioning,
  ): void {
    const { account, name } = bucketOf(thing);
    const current = containers.get(account, name);
    if (current === undefined) throw s3Error("NoSuchBucket");
    const s3 = changes(bucketSettings(current), current);
    containers.post(account, name, { system: { s3 }, ...(versioning === undefined ? {} : { versioning }) });
  }

  function documented<Key extends keyof BucketSettings>(setting: Setting<Key>): AnyRoute[] {
    const { subresource, act, key, missing, parse, document, success = 200 } = setting;
    return [
      record(`show-${subresource}`, "GET", subresource, `s3:Get${act}`, ({ thing }) => {
        const value = bucketSettings(bucketOf(thing))[key];
        if (value === undefined) throw s3Error(missing);
        return { body: document(value as NonNullable<BucketSettings[Key]>) };
      }),
      record(
        `set-${subresource}`,
        "PUT",
        subresource,
        `s3:Put${act}`,
        async (request) => {
          const value = parse(await readXml(request), bucketOf(request.thing));
          change(request, (current) => ({ ...current, [key]: value }));
          return {};
        },
        success,
      ),
      record(`delete-${subresource}`, "DELETE", subresource, `s3:Put${act}`, (request) => {
        change(request, ({ [key]: _, ...rest }) => rest as BucketSettings);
        return {};
      }),
    ];
  }

  return [
    ...documented({
      subresource: "cors",
      act: "BucketCORS",
      key: "cors",
      missing: "NoSuchCORSConfiguration",
      parse: corsRules,
      document: corsDocument,
    }),
    ...documented({
      subresource: "tagging",
      act: "BucketTagging",
      key: "tags",
      missing: "NoSuchTagSet",
      parse: (root) => tagsOf(root, "bucket"),
      document: taggingDocument,
      success: 204,
    }),
    ...documented({
      subresource: "lifecycle",
      act: "LifecycleConfiguration",
      key: "lifecycle",
      missing: "NoSuchLifecycleConfiguration",
      parse: (root) => lifecycleRules(root, hexId),
      document: lifecycleDocument,
    }),
    ...documented({
      subresource: "website",
      act: "BucketWebsite",
      key: "website",
      missing: "NoSuchWebsiteConfiguration",
      parse: websiteOf,
      document: websiteDocument,
    }),
    ...documented({
      subresource: "ownershipControls",
      act: "BucketOwnershipControls",
      key: "ownership",
      missing: "OwnershipControlsNotFoundError",
      parse(root, bucket) {
        const ownership = ownershipRule(root);
        if (ownership === "BucketOwnerEnforced") checkNoGrants(bucketAcl(bucket));
        return ownership;
      },
      document: (ownership) =>
        xmlDocument(["OwnershipControls", [["Rule", [["ObjectOwnership", ownership]]]], S3_XMLNS]),
    }),
    ...documented({
      subresource: "publicAccessBlock",
      act: "BucketPublicAccessBlock",
      key: "publicAccess",
      missing: "NoSuchPublicAccessBlockConfiguration",
      parse: publicAccessOf,
      document: publicAccessDocument,
    }),
    record("show-versioning", "GET", "versioning", "s3:GetBucketVersioning", ({ thing }) => {
      const { versioning } = bucketOf(thing);
      const status = { off: null, enabled: "Enabled", suspended: "Suspended" }[versioning];
      return { body: xmlDocument(["VersioningConfiguration", status === null ? [] : [["Status", status]], S3_XMLNS]) };
    }),
    record("set-versioning", "PUT", "versioning", "s3:PutBucketVersioning", setVersioning),
    record("show-object-lock", "GET", "object-lock", "s3:GetBucketObjectLockConfiguration", ({ thing }) => {
      const { lock } = bucketSettings(bucketOf(thing));
      if (lock === undefined) throw s3Error("ObjectLockConfigurationNotFoundError");
      return { body: objectLockDocument(lock) };
    }),
    record("set-object-lock", "PUT", "object-lock", "s3:PutBucketObjectLockConfiguration", async (request) => {
      const lock = objectLockOf(await readXml(request));
      change(request, (current, bucket) => {
        if (bucket.versioning !== "enabled")
          throw s3Error(
            "InvalidBucketState",
            "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
          );
        return { ...current, lock };
      });
      return {};
    }),
    record("show-policy", "GET", "policy", "s3:GetBucketPolicy", ({ thing }) => {
      const { policy } = bucketSettings(bucketOf(thing));
      if (policy === undefined) throw s3Error("NoSuchBucketPolicy");
      return { headers: { "content-type": "application/json" }, raw: policy };
    }),
    record("set-policy", "PUT", "policy", "s3:PutBucketPolicy", setPolicy, 204),
    record("delete-policy", "DELETE", "policy", "s3:DeleteBucketPolicy", (request) => {
      change(request, ({ policy: _, ...rest }) => rest);
      return {};
    }),
    record("show-policy-status", "GET", "policyStatus", "s3:GetBucketPolicyStatus", ({ thing }) => {
      const bucket = bucketOf(thing);
      const policy = policyOf(bucket);
      const { ignorePublicAcls = false } = bucketSettings(bucket).publicAccess ?? {};
      const isPublic =
        (policy !== null && isPublicPolicy(policy)) || (!ignorePublicAcls && isPublicAcl(bucketAcl(bucket)));
      return { body: xmlDocument(["PolicyStatus", [["IsPublic", isPublic]], S3_XMLNS]) };
    }),
  ];

  async function setVersioning(request: S3Request): Promise<ApiResponse> {
    const root = await readXml(request);
    const status = textOf(root, "Status")?.trim();
    if (root.name !== "VersioningConfiguration" || (status !== "Enabled" && status !== "Suspended"))
      throw s3Error("MalformedXML");
    if (textOf(root, "MfaDelete")?.trim() === "Enabled")
      throw s3Error("NotImplemented", "Multi-factor authentication for deletes is not supported.");
    const bucket = bucketOf(request.thing);
    const { headers } = bucket;
    if (headers["x-versions-location"] !== undefined || headers["x-history-location"] !== undefined)
      throw s3Error(
        "InvalidBucketState",
        "Versioning cannot be enabled: the container keeps versions in another by X-Versions-Location or X-History-Location.",
      );
    change(
      request,
      (current) => {
        if (status === "Suspended" && current.lock !== undefined)
          throw s3Error(
            "InvalidBucketState",
            "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.",
          );
        return current;
      },
      status === "Enabled" ? "enabled" : "suspended",
    );
    return {};
  }

  async function setPolicy(request: S3Request): Promise<ApiResponse> {
    const policy = await readText(request, 64 * 1024);
    const bucket = bucketOf(request.thing);
    const parsed = parsePolicy(policy, bucket.name);
    if (bucketSettings(bucket).publicAccess?.blockPublicPolicy === true && isPublicPolicy(parsed))
      throw s3Error("AccessDenied");
    change(request, (current) => ({ ...current, policy }));
    return {};
  }
}

/** Errors: 400 where somebody beside the owner is in a list that would have no meaning any more. */
export function checkNoGrants({ owner, grants }: Acl): void {
  if (grants.some(({ grantee }) => !("project" in grantee) || grantee.project !== owner))
    throw s3Error("InvalidBucketAclWithObjectOwnership");
}
