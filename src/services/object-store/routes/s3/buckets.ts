import { type AnyRoute, type ApiResponse, caller, route } from "../../../../kernel/http/route.ts";
import { childOf, textOf, type XmlElement } from "../../../../kernel/xml/parse.ts";
import { s3Error } from "../../errors.ts";
import type { Managers } from "../../manager/index.ts";
import { aclOfHeaders } from "../../manager/s3/acl.ts";
import { type BucketSettings, bucketSettings, type Ownership } from "../../manager/s3/settings-of-buckets.ts";
import { tagsOf } from "../../schemas/s3/tags.ts";
import { bucketListing, locationDocument } from "../../views/s3/buckets.ts";
import { readXml } from "./body.ts";
import { checkNoGrants } from "./bucket-settings.ts";
import { countOf, encodingOf } from "./listings.ts";
import { bucketOf, isBucketName, type S3Place, type S3Places, type S3Request } from "./place.ts";
import { withCors } from "./preflight.ts";
import { checkAcl, isProject } from "./sent-settings.ts";

const MOST = 10_000;

export function bucketRoutes(managers: Managers, places: S3Places): AnyRoute[] {
  const { containers, accounts, core } = managers;
  const { kernel } = core;
  const region = kernel.settings.regionName;
  const nameOf = (id: string): string => kernel.facade("identity").getProject(id)?.name ?? id;
  return [
    route({
      name: "s3-buckets:list",
      method: "GET",
      path: "/",
      policy: "object-store:s3_list_buckets",
      of: caller,
      body: "stream",
      success: 200,
      handler({ context, query }) {
        const { projectId } = context;
        if (projectId === null) throw s3Error("AccessDenied");
        const limit = countOf(query, "max-buckets", MOST, MOST);
        const prefix = query.get("prefix") ?? "";
        const token = query.get("continuation-token");
        const marker = token === null ? "" : Buffer.from(token, "base64").toString();
        const encode = encodingOf(query);
        const all = accounts.list(`AUTH_${projectId}`, { limit: MOST + 1, prefix, marker });
        // Swift's containers may have names that no bucket can have.
        const named = all.flatMap((each) => ("subdir" in each || !isBucketName(each.name) ? [] : [each]));
        const shown = named.slice(0, limit);
        const last = shown.at(-1);
        const next = named.length > limit && last !== undefined ? Buffer.from(last.name).toString("base64") : null;
        return { body: bucketListing({ owner: projectId, buckets: shown, next, prefix, region, nameOf, encode }) };
      },
    }),
    route<unknown, S3Place>({
      name: "s3-buckets:create",
      method: "PUT",
      path: "/:bucket",
      policy: "object-store:s3",
      of: places.newBucket,
      body: "stream",
      success: 200,
      handler: create,
    }),
    route<unknown, S3Place>({
      name: "s3-buckets:delete",
      method: "DELETE",
      path: "/:bucket",
      policy: "object-store:s3",
      of: places.bucket("s3:DeleteBucket", null, false),
      body: "stream",
      success: 204,
      handler(request) {
        const { thing } = request;
        const bucket = bucketOf(thing);
        containers.delete(bucket.account, bucket.name);
        return withCors(bucket, request, { status: 204 });
      },
    }),
    route<unknown, S3Place>({
      name: "s3-buckets:location",
      method: "GET",
      path: "/:bucket",
      action: "location",
      policy: "object-store:s3",
      of: places.bucket("s3:GetBucketLocation", null, true),
      body: "stream",
      success: 200,
      handler: ({ thing }) => ({ body: locationDocument(bucketSettings(bucketOf(thing)).region ?? "") }),
    }),
  ];

  async function create(request: S3Request): Promise<ApiResponse> {
    const { thing, headers, context } = request;
    const { bucketName: name } = thing;
    const projectId = context.projectId ?? "";
    if (!isBucketName(name)) throw s3Error("InvalidBucketName", "", { BucketName: name });
    const asked = await creation(request);
    const settings: BucketSettings = { isBucket: true, ...asked };
    const acl = aclOfHeaders(headers, projectId, projectId, isProject(kernel));
    if (acl !== null && headers.get("x-amz-acl") !== "private") settings.acl = acl;
    const ownership = headers.get("x-amz-object-ownership");
    if (ownership !== null) settings.ownership = ownershipOf(ownership);
    if (settings.ownership === "BucketOwnerEnforced" && settings.acl !== undefined) checkNoGrants(settings.acl);
    if (headers.get("x-amz-bucket-object-lock-enabled")?.toLowerCase() === "true") settings.lock = {};
    const account = `AUTH_${projectId}`;
    containers.put(account, name, {
      system: { s3: settings },
      ...(settings.lock === undefined ? {} : { versioning: "enabled" as const }),
      check(_, current) {
        if (current !== undefined) throw s3Error("BucketAlreadyOwnedByYou", "", { BucketName: name });
        const other = containers.named(name);
        if (other !== undefined && bucketSettings(other).isBucket === true)
          throw s3Error("BucketAlreadyExists", "", { BucketName: name });
        checkAcl({ account, name, system: { s3: settings } } as never, acl);
      },
    });
    return { headers: { location: `/${name}` } };
  }

  /** `<CreateBucketConfiguration>`: where it is to be, and its tags. Errors: 400. */
  async function creation(request: S3Request): Promise<Pick<BucketSettings, "region" | "tags">> {
    if ((request.bytes?.announced ?? 1) === 0) return {};
    const root = await readXml(request).catch((error: unknown) => {
      if (request.bytes?.announced === null) return null;
      throw error;
    });
    if (root === null) return {};
    if (root.name !== "CreateBucketConfiguration") throw s3Error("MalformedXML");
    const location = textOf(root, "LocationConstraint")?.trim() ?? "";
    // Any region is taken by who signs; a bucket is in this one, or in none that is named.
    if (location !== "" && location !== region && location !== "us-east-1" && location !== "default")
      throw s3Error("InvalidLocationConstraint", "", { LocationConstraint: location });
    const tags = tagsIn(root);
    return {
      ...(location === "" || location === "us-east-1" ? {} : { region: location }),
      ...(tags === undefined ? {} : { tags }),
    };
  }
}

function tagsIn(root: XmlElement) {
  const tags = childOf(root, "Tags");
  return tags === undefined
    ? undefined
    : tagsOf({ name: "Tagging", attributes: {}, text: "", children: [{ ...tags, name: "TagSet" }] }, "bucket");
}

/** Errors: 400. */
export function ownershipOf(text: string): Ownership {
  if (text === "BucketOwnerEnforced" || text === "BucketOwnerPreferred" || text === "ObjectWriter") return text;
  throw s3Error("InvalidArgument", `Invalid x-amz-object-ownership header: ${text}`);
}
