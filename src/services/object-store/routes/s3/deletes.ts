import { ApiError } from "../../../../kernel/errors.ts";
import { type AnyRoute, type ApiResponse, route } from "../../../../kernel/http/route.ts";
import { inSlices, SLICE } from "../../../../kernel/turns/slices.ts";
import { childrenOf, textOf, type XmlElement } from "../../../../kernel/xml/parse.ts";
import { type XmlNode, xmlDocument } from "../../../../kernel/xml/write.ts";
import { s3Error } from "../../errors.ts";
import type { Managers } from "../../manager/index.ts";
import { S3_XMLNS } from "../../views/s3/names.ts";
import { checkKey } from "./attributes.ts";
import { readXml } from "./body.ts";
import { objectDeletes } from "./objects.ts";
import { bucketOf, type S3Place, type S3Places, type S3Request } from "./place.ts";
import { withCors } from "./preflight.ts";

const MOST = 1000;

interface Wanted {
  key: string;
  version: string | null;
  conditions: Headers;
}

/** `POST ?delete`: up to 1000 objects at once, each with its own answer. */
export function deleteRoutes(managers: Managers, places: S3Places): AnyRoute[] {
  const { remove } = objectDeletes(managers, places);
  return [
    route<unknown, S3Place>({
      name: "s3-objects:delete-many",
      method: "POST",
      path: "/:bucket",
      action: "delete",
      policy: "object-store:s3",
      // Each object is asked for by itself: who may delete none is told so of each.
      of: places.bucket("s3:ListBucket", { of: "bucket", permission: "WRITE" }, false),
      body: "stream",
      success: 200,
      handler: deleteMany,
    }),
  ];

  async function deleteMany(request: S3Request): Promise<ApiResponse> {
    const bucket = bucketOf(request.thing);
    const root = await readXml(request);
    const wanted = wantedOf(root);
    const isQuiet = textOf(root, "Quiet")?.trim().toLowerCase() === "true";
    const said = await inSlices(wanted, request.pause, (slice) => slice.map(answerOf), SLICE);
    return withCors(bucket, request, { body: xmlDocument(["DeleteResult", said, S3_XMLNS]) });

    function answerOf(one: Wanted): XmlNode | null {
      try {
        return deleted(one);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        const { type, message } = error;
        const code = type === "NoSuchVersion" ? "NoSuchVersion" : type;
        return [
          "Error",
          [
            ["Key", one.key],
            one.version === null ? null : ["VersionId", one.version],
            ["Code", code],
            ["Message", message],
          ],
        ];
      }
    }

    function deleted({ key, version, conditions }: Wanted): XmlNode | null {
      checkKey(key);
      const action = version === null ? "s3:DeleteObject" : "s3:DeleteObjectVersion";
      const act = { action, needed: { of: "bucket", permission: "WRITE" } as const, reads: false };
      if (!places.may(request, bucket, key, act, version)) throw s3Error("AccessDenied");
      const { version: id, marker } = remove(request, bucket, key, version, conditions);
      if (isQuiet) return null;
      return [
        "Deleted",
        [
          ["Key", key],
          id === null ? null : ["VersionId", id],
          marker === null ? null : ["DeleteMarker", true],
          marker === null ? null : ["DeleteMarkerVersionId", marker],
        ],
      ];
    }
  }
}

/** Errors: 400. */
function wantedOf(root: XmlElement): Wanted[] {
  const objects = root.name === "Delete" ? childrenOf(root, "Object") : [];
  if (objects.length === 0 || objects.length > MOST) throw s3Error("MalformedXML");
  return objects.map((object) => {
    const key = textOf(object, "Key");
    if (key === undefined || key === "") throw s3Error("MalformedXML");
    const conditions = new Headers();
    const put = (name: string, value: string | undefined) => {
      if (value !== undefined && value !== "") conditions.set(name, value.trim());
    };
    put("if-match", textOf(object, "ETag"));
    put("x-amz-if-match-last-modified-time", textOf(object, "LastModifiedTime"));
    put("x-amz-if-match-size", textOf(object, "Size"));
    return { key, version: textOf(object, "VersionId") ?? null, conditions };
  });
}
