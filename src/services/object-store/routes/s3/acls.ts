import { type AnyRoute, type ApiResponse, route } from "../../../../kernel/http/route.ts";
import { s3Error } from "../../errors.ts";
import type { Managers } from "../../manager/index.ts";
import { bucketAcl, objectAcl } from "../../manager/s3/access.ts";
import { type Acl, aclOfHeaders, granteeOf } from "../../manager/s3/acl.ts";
import { bucketSettings, objectSettings, ownerOf } from "../../manager/s3/settings-of-buckets.ts";
import { sentAcl } from "../../schemas/s3/acl.ts";
import { aclDocument } from "../../views/s3/acl.ts";
import { readXml } from "./body.ts";
import { versionHeader } from "./object-headers.ts";
import { OBJECT, ofVersion } from "./objects.ts";
import { bucketOf, type S3Place, type S3Places, type S3Request } from "./place.ts";
import { objectReads } from "./reads.ts";
import { checkAcl, isProject, requireLists } from "./sent-settings.ts";

export function aclRoutes(managers: Managers, places: S3Places): AnyRoute[] {
  const { containers, objects, core } = managers;
  const { kernel } = core;
  const { found } = objectReads(managers, places);
  const nameOf = (id: string): string => kernel.facade("identity").getProject(id)?.name ?? id;

  /** The list that a request brings, in its headers or as its body. Errors: 400, 403. */
  async function wanted(request: S3Request, current: Acl): Promise<Acl> {
    const bucket = bucketOf(request.thing);
    requireLists(bucket, request.headers);
    const named = aclOfHeaders(request.headers, current.owner, ownerOf(bucket), isProject(kernel));
    if (named !== null) {
      checkAcl(bucket, named);
      return named;
    }
    const { owner, grants } = sentAcl(await readXml(request));
    // Whose a thing is does not change by its list.
    if (owner !== undefined && owner !== current.owner) throw s3Error("AccessDenied");
    const acl: Acl = {
      owner: current.owner,
      grants: grants.map(({ kind, who, permission }) => ({
        grantee: granteeOf(kind, who, isProject(kernel)),
        permission,
      })),
    };
    checkAcl(bucket, acl);
    return acl;
  }

  return [
    route<unknown, S3Place>({
      name: "s3-buckets:show-acl",
      method: "GET",
      path: "/:bucket",
      action: "acl",
      policy: "object-store:s3",
      of: places.bucket("s3:GetBucketAcl", { of: "bucket", permission: "READ_ACP" }, true),
      body: "stream",
      success: 200,
      handler: ({ thing }) => ({ body: aclDocument(bucketAcl(bucketOf(thing)), nameOf) }),
    }),
    route<unknown, S3Place>({
      name: "s3-buckets:set-acl",
      method: "PUT",
      path: "/:bucket",
      action: "acl",
      policy: "object-store:s3",
      of: places.bucket("s3:PutBucketAcl", { of: "bucket", permission: "WRITE_ACP" }, false),
      body: "stream",
      success: 200,
      async handler(request) {
        const acl = await wanted(request, bucketAcl(bucketOf(request.thing)));
        const { account, name } = bucketOf(request.thing);
        const current = containers.get(account, name);
        if (current === undefined) throw s3Error("NoSuchBucket");
        containers.post(account, name, { system: { s3: { ...bucketSettings(current), acl } } });
        return {};
      },
    }),
    route<unknown, S3Place>({
      name: "s3-objects:show-acl",
      method: "GET",
      path: OBJECT,
      action: "acl",
      policy: "object-store:s3",
      of: places.object(ofAcl("s3:GetObject"), { of: "object", permission: "READ_ACP" }, true),
      body: "stream",
      success: 200,
      handler(request) {
        const bucket = bucketOf(request.thing);
        const row = found(request, bucket, request.thing.key, request.query.get("versionId"));
        return { headers: versionHeader(bucket, row), body: aclDocument(objectAcl(bucket, row), nameOf) };
      },
    }),
    route<unknown, S3Place>({
      name: "s3-objects:set-acl",
      method: "PUT",
      path: OBJECT,
      action: "acl",
      policy: "object-store:s3",
      of: places.object(ofAcl("s3:PutObject"), { of: "object", permission: "WRITE_ACP" }, false),
      body: "stream",
      success: 200,
      async handler(request): Promise<ApiResponse> {
        const bucket = bucketOf(request.thing);
        const read = () => found(request, bucket, request.thing.key, request.query.get("versionId"));
        const acl = await wanted(request, objectAcl(bucket, read()));
        const row = read();
        objects.setSystem(row, { ...row.system, s3: { ...objectSettings(row), acl } });
        return { headers: versionHeader(bucket, row) };
      },
    }),
  ];
}

/** "s3:GetObjectAcl", "s3:GetObjectVersionAcl". */
const ofAcl = (action: string) => (lookup: Parameters<ReturnType<typeof ofVersion>>[0]) =>
  `${ofVersion(action)(lookup)}Acl`;
