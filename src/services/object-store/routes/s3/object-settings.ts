import { type AnyRoute, type ApiResponse, type Lookup, route } from "../../../../kernel/http/route.ts";
import { textOf } from "../../../../kernel/xml/parse.ts";
import { type XmlNode, xmlDocument } from "../../../../kernel/xml/write.ts";
import { s3Error } from "../../errors.ts";
import type { Managers } from "../../manager/index.ts";
import type { Needed } from "../../manager/s3/access.ts";
import { requireLonger } from "../../manager/s3/object-lock.ts";
import { bucketSettings, type ObjectSettings, objectSettings } from "../../manager/s3/settings-of-buckets.ts";
import { tagsOf } from "../../schemas/s3/tags.ts";
import type { ContainerRow } from "../../store/containers.ts";
import type { ObjectRow } from "../../store/objects.ts";
import { S3_XMLNS } from "../../views/s3/names.ts";
import { taggingDocument } from "../../views/s3/settings.ts";
import { readXml } from "./body.ts";
import { countOf } from "./listings.ts";
import { retentionOf } from "./lock-headers.ts";
import { etagOf, versionHeader } from "./object-headers.ts";
import { OBJECT, objectDeletes, ofVersion } from "./objects.ts";
import { bucketOf, type S3Place, type S3Places, type S3Request } from "./place.ts";
import { objectReads } from "./reads.ts";

/** Tags, locks and attributes of single objects. */
export function objectSettingRoutes(managers: Managers, places: S3Places): AnyRoute[] {
  const { objects, core, contents } = managers;
  const { found, readable } = objectReads(managers, places);
  const { bypasses } = objectDeletes(managers, places);
  const read = { of: "object", permission: "READ" } as const;
  const write = { of: "object", permission: "WRITE" } as const;

  const rowOf = (request: S3Request): ObjectRow =>
    found(request, bucketOf(request.thing), request.thing.key, request.query.get("versionId"));

  /** Read anew after the body has come: somebody else may have changed it meanwhile. */
  function change(request: S3Request, changes: (current: ObjectSettings) => ObjectSettings): ApiResponse {
    const row = rowOf(request);
    objects.setSystem(row, { ...row.system, s3: { ...changes(objectSettings(row)) } });
    return { headers: versionHeader(bucketOf(request.thing), row) };
  }

  const record = (
    name: string,
    method: "GET" | "PUT" | "DELETE",
    action: string,
    act: string | ((lookup: Lookup) => string),
    needed: Needed | null,
    handler: (request: S3Request) => Promise<ApiResponse> | ApiResponse,
  ) =>
    route<unknown, S3Place>({
      name,
      method,
      path: OBJECT,
      action,
      policy: "object-store:s3",
      of: places.object(act, needed, method === "GET"),
      body: "stream",
      success: method === "DELETE" ? 204 : 200,
      handler,
    });
  const tagging = (verb: string) => (lookup: Lookup) => `${ofVersion(`s3:${verb}Object`)(lookup)}Tagging`;

  return [
    record("s3-objects:show-tags", "GET", "tagging", tagging("Get"), read, (request) => {
      const row = rowOf(request);
      return {
        headers: versionHeader(bucketOf(request.thing), row),
        body: taggingDocument(objectSettings(row).tags ?? []),
      };
    }),
    record("s3-objects:set-tags", "PUT", "tagging", tagging("Put"), write, async (request) => {
      rowOf(request);
      const tags = tagsOf(await readXml(request), "object");
      return change(request, (current) => ({ ...current, tags }));
    }),
    record("s3-objects:delete-tags", "DELETE", "tagging", tagging("Delete"), write, (request) => ({
      ...change(request, ({ tags: _, ...rest }) => rest),
      status: 204,
    })),
    record("s3-objects:show-retention", "GET", "retention", "s3:GetObjectRetention", null, (request) => {
      requireLock(request);
      const { retention } = objectSettings(rowOf(request));
      if (retention === undefined) throw s3Error("NoSuchObjectLockConfiguration");
      return {
        body: xmlDocument([
          "Retention",
          [
            ["Mode", retention.mode],
            ["RetainUntilDate", new Date(retention.until).toISOString()],
          ],
          S3_XMLNS,
        ]),
      };
    }),
    record("s3-objects:set-retention", "PUT", "retention", "s3:PutObjectRetention", null, setRetention),
    record("s3-objects:show-legal-hold", "GET", "legal-hold", "s3:GetObjectLegalHold", null, (request) => {
      requireLock(request);
      const { legalHold } = objectSettings(rowOf(request));
      if (legalHold === undefined) throw s3Error("NoSuchObjectLockConfiguration");
      return { body: xmlDocument(["LegalHold", [["Status", legalHold ? "ON" : "OFF"]], S3_XMLNS]) };
    }),
    record("s3-objects:set-legal-hold", "PUT", "legal-hold", "s3:PutObjectLegalHold", null, async (request) => {
      requireLock(request);
      const root = await readXml(request);
      const status = textOf(root, "Status");
      if (root.name !== "LegalHold" || (status !== "ON" && status !== "OFF")) throw s3Error("MalformedXML");
      return change(request, (current) => ({ ...current, legalHold: status === "ON" }));
    }),
    record(
      "s3-objects:show-attributes",
      "GET",
      "attributes",
      (lookup) => `${ofVersion("s3:GetObject")(lookup)}Attributes`,
      read,
      attributes,
    ),
  ];

  async function setRetention(request: S3Request): Promise<ApiResponse> {
    const bucket = requireLock(request);
    const root = await readXml(request);
    if (root.name !== "Retention") throw s3Error("MalformedXML");
    const now = core.kernel.clock.now();
    const mode = textOf(root, "Mode");
    const until = textOf(root, "RetainUntilDate");
    if (mode !== undefined && mode !== "GOVERNANCE" && mode !== "COMPLIANCE") throw s3Error("MalformedXML");
    const next = mode === undefined && until === undefined ? undefined : retentionOf(mode, until, now);
    return change(request, (current) => {
      requireLonger(current.retention, next, now, bypasses(request, bucket, request.thing.key));
      const { retention: _, ...rest } = current;
      return next === undefined ? rest : { ...rest, retention: next };
    });
  }

  function attributes(request: S3Request): ApiResponse {
    const { headers, thing } = request;
    const bucket = bucketOf(thing);
    const own = rowOf(request);
    const { readable: bytes, row } = readable(request, bucket, own);
    const asked = (headers.get("x-amz-object-attributes") ?? "").split(",").map((name) => name.trim());
    const known = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"];
    if (!asked.some((name) => known.includes(name)) || asked.some((name) => !known.includes(name)))
      throw s3Error("InvalidArgument", "Invalid attribute name specified.", {
        ArgumentName: "x-amz-object-attributes",
      });
    const { checksum, parts } = objectSettings(row);
    const nodes: (XmlNode | null)[] = [
      asked.includes("ETag") ? ["ETag", etagOf(bytes).replaceAll('"', "")] : null,
      asked.includes("Checksum") && checksum !== undefined
        ? [
            "Checksum",
            [
              [`Checksum${checksum.algorithm}`, checksum.value],
              ["ChecksumType", checksum.type],
            ],
          ]
        : null,
      asked.includes("ObjectParts") && parts !== undefined ? partsNode(headers, row, parts) : null,
      asked.includes("StorageClass") ? ["StorageClass", "STANDARD"] : null,
      asked.includes("ObjectSize") ? ["ObjectSize", bytes.size] : null,
    ];
    return {
      headers: { ...versionHeader(bucket, own), "last-modified": new Date(bytes.modified).toUTCString() },
      body: xmlDocument(["GetObjectAttributesResponse", nodes, S3_XMLNS]),
    };
  }

  function partsNode(headers: Headers, { blob }: ObjectRow, count: number): XmlNode {
    const query = new URLSearchParams({
      max: headers.get("x-amz-max-parts") ?? "",
      marker: headers.get("x-amz-part-number-marker") ?? "",
    });
    const limit = countOf(query, "max", 1000);
    const marker = countOf(query, "marker", 0, Number.MAX_SAFE_INTEGER);
    const all = blob === null ? [] : contents.parts(blob).filter(({ number }) => number > marker);
    const shown = all.slice(0, limit);
    const checksums = shown.map(
      ({ system }) => (system as { checksum?: { algorithm: string; value: string } }).checksum,
    );
    // As AWS does, parts are only told one by one where each has a checksum.
    const told = checksums.every((each) => each !== undefined) ? shown : [];
    return [
      "ObjectParts",
      [
        ["PartsCount", count],
        ["PartNumberMarker", marker],
        ["NextPartNumberMarker", shown.at(-1)?.number ?? 0],
        ["MaxParts", limit],
        ["IsTruncated", all.length > limit],
        ...told.map((part, index): XmlNode => {
          const checksum = checksums[index];
          return [
            "Part",
            [
              ["PartNumber", part.number],
              ["Size", part.size],
              checksum === undefined ? null : [`Checksum${checksum.algorithm}`, checksum.value],
            ],
          ];
        }),
      ],
    ];
  }
}

/** Errors: 400. */
function requireLock({ thing }: S3Request): ContainerRow {
  const bucket = bucketOf(thing);
  if (bucketSettings(bucket).lock === undefined)
    throw s3Error("InvalidRequest", "Bucket is missing Object Lock Configuration");
  return bucket;
}
