import { createHash } from "node:crypto";
import { ApiError } from "../../../../kernel/errors.ts";
import { type AnyRoute, type ApiResponse, route } from "../../../../kernel/http/route.ts";
import type { Pause } from "../../../../kernel/turns/slices.ts";
import { xmlDocument } from "../../../../kernel/xml/write.ts";
import { s3Error } from "../../errors.ts";
import type { Managers } from "../../manager/index.ts";
import type { UploadSettings } from "../../manager/s3/settings-of-buckets.ts";
import { objectSettings } from "../../manager/s3/settings-of-buckets.ts";
import { type CompletedPart, completedParts } from "../../schemas/s3/completion.ts";
import type { ObjectRow } from "../../store/objects.ts";
import type { UploadPartRow, UploadRow } from "../../store/uploads.ts";
import {
  type Checksum,
  type ChecksumName,
  checksumHeader,
  isChecksumName,
  joinedChecksum,
  TYPES,
} from "../../values/checksums.ts";
import { spansOf } from "../../values/ranges.ts";
import { httpDateOf } from "../../values/stamps.ts";
import { S3_XMLNS, s3Time } from "../../views/s3/names.ts";
import { partsListing, uploadsListing } from "../../views/s3/uploads.ts";
import { checkKey, checkOffered, sentAttributes } from "./attributes.ts";
import { readXml, receiveBody } from "./body.ts";
import { requireWrite } from "./conditions.ts";
import { copySources } from "./copies.ts";
import { countOf, encodingOf } from "./listings.ts";
import { versionId, writtenHeaders } from "./object-headers.ts";
import { OBJECT } from "./objects.ts";
import { bucketOf, type S3Place, type S3Places, type S3Request } from "./place.ts";
import { withCors } from "./preflight.ts";
import { sentSettings, systemOf } from "./sent-settings.ts";

const SMALLEST = 5 * 1024 * 1024;
const MOST_PARTS = 10_000;

const uploadSettings = ({ system }: UploadRow): UploadSettings =>
  (system.s3 as UploadSettings | undefined) ?? { initiator: "" };
const partChecksum = ({ system }: UploadPartRow): { algorithm: ChecksumName; value: string } | undefined =>
  system.checksum as { algorithm: ChecksumName; value: string } | undefined;

export function uploadRoutes(managers: Managers, places: S3Places): AnyRoute[] {
  const { uploads, objects, core } = managers;
  const { kernel } = core;
  const { sourceOf, bytesOf } = copySources(managers, places);
  const write = { of: "bucket", permission: "WRITE" } as const;
  const record = (
    name: string,
    method: "GET" | "POST" | "PUT" | "DELETE",
    action: string,
    act: string,
    handler: (request: S3Request) => Promise<ApiResponse> | ApiResponse,
    success = 200,
  ) =>
    route<unknown, S3Place>({
      name,
      method,
      path: OBJECT,
      action,
      policy: "object-store:s3",
      of: places.object(act, method === "GET" ? null : write, false),
      body: "stream",
      success,
      handler: async (request) => withCors(request.thing.bucket, request, await handler(request)),
    });
  return [
    record("s3-uploads:create", "POST", "uploads", "s3:PutObject", begin),
    record("s3-uploads:put-part", "PUT", "uploadId", "s3:PutObject", putPart),
    record("s3-uploads:copy-part", "PUT", "uploadId+copy", "s3:PutObject", copyPart),
    record("s3-uploads:list-parts", "GET", "uploadId", "s3:ListMultipartUploadParts", listParts),
    record("s3-uploads:complete", "POST", "uploadId", "s3:PutObject", complete),
    record("s3-uploads:abort", "DELETE", "uploadId", "s3:AbortMultipartUpload", abort, 204),
    route<unknown, S3Place>({
      name: "s3-uploads:list",
      method: "GET",
      path: "/:bucket",
      action: "uploads",
      policy: "object-store:s3",
      of: places.bucket("s3:ListBucketMultipartUploads", { of: "bucket", permission: "READ" }, true),
      body: "stream",
      success: 200,
      handler: list,
    }),
  ];

  function begin(request: S3Request): ApiResponse {
    const { thing, headers, context } = request;
    const bucket = bucketOf(thing);
    checkKey(thing.key);
    checkOffered(headers);
    const algorithm = headers.get("x-amz-checksum-algorithm")?.toUpperCase();
    const type = headers.get("x-amz-checksum-type")?.toUpperCase();
    if (algorithm !== undefined && !isChecksumName(algorithm))
      throw s3Error(
        "InvalidRequest",
        "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]",
      );
    if (type !== undefined && algorithm === undefined)
      throw s3Error(
        "InvalidRequest",
        "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.",
      );
    const checksumType =
      algorithm === undefined ? undefined : TYPES[algorithm].find((each) => type === undefined || each === type);
    if (algorithm !== undefined && checksumType === undefined)
      throw s3Error(
        "InvalidRequest",
        `The ${type} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
      );
    const s3: UploadSettings = {
      ...sentSettings(kernel, request, bucket),
      initiator: context.projectId ?? "",
      ...(algorithm === undefined ? {} : { algorithm }),
      ...(checksumType === undefined ? {} : { checksumType }),
    };
    const upload = uploads.begin(bucket, thing.key, { ...sentAttributes(headers), system: { s3 } });
    const said: Record<string, string> = {};
    if (algorithm !== undefined) said["x-amz-checksum-algorithm"] = algorithm;
    if (checksumType !== undefined) said["x-amz-checksum-type"] = checksumType;
    const body = xmlDocument([
      "InitiateMultipartUploadResult",
      [
        ["Bucket", bucket.name],
        ["Key", thing.key],
        ["UploadId", upload.id],
      ],
      S3_XMLNS,
    ]);
    return { headers: said, body };
  }

  function uploadOf({ thing, query }: S3Request): UploadRow {
    return uploads.get(bucketOf(thing), thing.key, query.get("uploadId") ?? "");
  }

  function partNumber({ query }: S3Request): number {
    const text = query.get("partNumber") ?? "";
    const number = Number(text);
    if (!/^\d{1,5}$/.test(text) || number < 1 || number > MOST_PARTS)
      throw s3Error("InvalidArgument", `Part number must be an integer between 1 and ${MOST_PARTS}, inclusive`, {
        ArgumentName: "partNumber",
        ArgumentValue: text,
      });
    return number;
  }

  async function putPart(request: S3Request): Promise<ApiResponse> {
    const number = partNumber(request);
    const upload = uploadOf(request);
    checkOffered(request.headers);
    const { algorithm } = uploadSettings(upload);
    const { received, checksum } = await receiveBody(managers, request, { also: algorithm ?? null });
    const part = await uploads.putPart(upload, number, { received }, checksum === null ? {} : { checksum });
    const header = checksum === null ? {} : { [checksumHeader(checksum.algorithm)]: checksum.value };
    return { headers: { etag: `"${part.etag}"`, "last-modified": httpDateOf(part.stamp), ...header } };
  }

  async function copyPart(request: S3Request): Promise<ApiResponse> {
    const number = partNumber(request);
    const upload = uploadOf(request);
    checkOffered(request.headers);
    const source = sourceOf(request);
    const range = request.headers.get("x-amz-copy-source-range");
    const span = range === null ? null : copiedSpan(range, source.readable.size);
    const { algorithm = null } = uploadSettings(upload);
    // The etag of a part is the md5 of its bytes, which that of an object which came in parts is not.
    const isJoined = source.row.etag.includes("-");
    const { bytes, checksum } = await bytesOf(source, span, algorithm ?? (isJoined ? "CRC32" : null));
    if (!("received" in bytes || "of" in bytes)) throw new Error("a part is received or shared");
    const part = await uploads.putPart(
      upload,
      number,
      bytes,
      checksum === null || algorithm === null ? {} : { checksum },
    );
    const version = versionId(source.bucket, source.own);
    return {
      headers: {
        "last-modified": httpDateOf(part.stamp),
        ...(version === undefined ? {} : { "x-amz-copy-source-version-id": version }),
      },
      body: xmlDocument([
        "CopyPartResult",
        [
          ["LastModified", s3Time(part.stamp)],
          ["ETag", `"${part.etag}"`],
          checksum === null || algorithm === null ? null : [`Checksum${algorithm}`, checksum.value],
        ],
        S3_XMLNS,
      ]),
    };
  }

  function listParts(request: S3Request): ApiResponse {
    const { thing, query } = request;
    const upload = uploadOf(request);
    const limit = countOf(query, "max-parts", 1000);
    const marker = countOf(query, "part-number-marker", 0, Number.MAX_SAFE_INTEGER);
    const found = uploads.parts(upload, marker, limit + 1);
    const s3 = uploadSettings(upload);
    const owner = s3.owner ?? bucketOf(thing).account.replace(/^AUTH_/, "");
    const encode = encodingOf(query);
    const rows = found.slice(0, limit).map((part) => ({ ...part, checksum: partChecksum(part) }));
    const body = partsListing({
      bucket: bucketOf(thing).name,
      key: encode.apply(thing.key),
      upload: upload.id,
      initiator: s3.initiator,
      owner,
      marker,
      limit,
      isTruncated: found.length > limit,
      parts: rows,
      algorithm: s3.algorithm,
      checksumType: s3.checksumType,
      nameOf: (id) => kernel.facade("identity").getProject(id)?.name ?? id,
    });
    return { body };
  }

  async function complete(request: S3Request): Promise<ApiResponse> {
    const wanted = await completedParts(await readXml(request, false), request.pause);
    return uploads.alone(request.query.get("uploadId") ?? "", () => completeWith(request, wanted));
  }

  async function completeWith(request: S3Request, wanted: readonly CompletedPart[]): Promise<ApiResponse> {
    const { thing, query, headers, pause } = request;
    const bucket = bucketOf(thing);
    const id = query.get("uploadId") ?? "";
    let upload: UploadRow;
    try {
      upload = uploads.get(bucket, thing.key, id);
    } catch (error) {
      // Said again because the answer was lost: it is what it is.
      const done = objects.get(bucket.id, thing.key);
      if (!(error instanceof ApiError) || done === undefined || objectSettings(done).upload !== id) throw error;
      return completed(request, done);
    }
    const { initiator: _, algorithm, checksumType, ...settings } = uploadSettings(upload);
    const all = await uploads.allParts(upload, pause);
    const parts = checkedParts(wanted, all);
    const size = headers.get("x-amz-mp-object-size");
    if (size !== null && Number(size) !== parts.reduce((sum, part) => sum + part.size, 0))
      throw s3Error("InvalidRequest", "The provided 'x-amz-mp-object-size' header does not match what was computed.");
    const md5 = createHash("md5");
    for (const { etag } of parts) md5.update(Buffer.from(etag, "hex"));
    const checksum = await wholeChecksum(parts, { algorithm, type: checksumType, headers, pause });
    const s3 = { ...settings, upload: id, parts: parts.length, ...(checksum === undefined ? {} : { checksum }) };
    const named = new Set(parts);
    const unused = all.filter((part) => !named.has(part));
    const etag = `${md5.digest("hex")}-${parts.length}`;
    const check = (current: ObjectRow | undefined) => requireWrite(headers, current);
    const row = await uploads.complete(upload, { parts, unused }, { etag, system: systemOf(s3), check, pause });
    return completed(request, row);
  }

  function completed({ thing, baseUrl }: S3Request, row: ObjectRow): ApiResponse {
    const bucket = bucketOf(thing);
    const { "last-modified": _, ...written } = writtenHeaders(bucket, row);
    const { checksum } = objectSettings(row);
    const path = thing.key.split("/").map(encodeURIComponent).join("/");
    return {
      headers: written,
      body: xmlDocument([
        "CompleteMultipartUploadResult",
        [
          ["Location", `${baseUrl}/${bucket.name}/${path}`],
          ["Bucket", bucket.name],
          ["Key", thing.key],
          ["ETag", `"${row.etag}"`],
          checksum === undefined ? null : [`Checksum${checksum.algorithm}`, checksum.value],
          checksum === undefined ? null : ["ChecksumType", checksum.type],
        ],
        S3_XMLNS,
      ]),
    };
  }

  async function abort(request: S3Request): Promise<ApiResponse> {
    await uploads.abort(uploadOf(request), request.pause);
    return { status: 204 };
  }

  function list({ thing, query }: S3Request): ApiResponse {
    const bucket = bucketOf(thing);
    const limit = countOf(query, "max-uploads", 1000);
    const encode = encodingOf(query);
    const keyMarker = query.get("key-marker") ?? "";
    const idMarker = keyMarker === "" ? "" : (query.get("upload-id-marker") ?? "");
    const prefix = query.get("prefix") ?? "";
    const delimiter = query.get("delimiter") ?? "";
    const marked = idMarker === "" ? undefined : core.uploads.get(idMarker);
    const stamp = marked?.stamp ?? (keyMarker === "" ? 0 : Number.MAX_SAFE_INTEGER);
    const found: ({ upload: UploadRow } | { prefix: string })[] = [];
    let after = { name: keyMarker, stamp };
    let isTruncated = false;
    let group = keyMarker !== "" && delimiter !== "" && keyMarker.endsWith(delimiter) ? keyMarker : null;
    let last: { key: string; id: string } = { key: keyMarker, id: idMarker };
    pages: for (;;) {
      const page = uploads.list(bucket, after, 1000);
      for (const upload of page) {
        after = upload;
        if (!upload.name.startsWith(prefix) || (group !== null && upload.name.startsWith(group))) continue;
        if (found.length >= limit) {
          isTruncated = limit > 0;
          break pages;
        }
        const at = delimiter === "" ? -1 : upload.name.indexOf(delimiter, prefix.length);
        group = at === -1 ? null : upload.name.slice(0, at + delimiter.length);
        found.push(group === null ? { upload } : { prefix: group });
        last = { key: group ?? upload.name, id: group === null ? upload.id : "" };
      }
      if (page.length < 1000) break;
    }
    const body = uploadsListing({
      bucket: bucket.name,
      keyMarker,
      idMarker,
      prefix,
      delimiter,
      limit,
      isTruncated,
      next: last,
      encode,
      uploads: found.flatMap((each) => ("upload" in each ? [{ ...each.upload, s3: uploadSettings(each.upload) }] : [])),
      prefixes: found.flatMap((each) => ("prefix" in each ? [each.prefix] : [])),
      owner: bucket.account.replace(/^AUTH_/, ""),
      nameOf: (id) => kernel.facade("identity").getProject(id)?.name ?? id,
    });
    return { body };
  }
}

/** Errors: 400 for a range that is none, or goes beyond the source. */
function copiedSpan(range: string, size: number) {
  if (!/^bytes=\d+-\d+$/.test(range))
    throw s3Error(
      "InvalidArgument",
      "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy",
      { ArgumentName: "x-amz-copy-source-range", ArgumentValue: range },
    );
  const [, last = 0] = range.slice(6).split("-").map(Number);
  const [span] = spansOf(range, size) ?? [];
  if (span === undefined || last >= size)
    throw s3Error("InvalidRange", `Range specified is not valid for source object of size: ${size}`);
  return span;
}

/** The parts that are named, as they are here. Errors: 400. */
function checkedParts(wanted: readonly CompletedPart[], all: readonly UploadPartRow[]): UploadPartRow[] {
  const known = new Map(all.map((part) => [part.number, part]));
  let before = 0;
  for (const { number } of wanted) {
    if (number <= before) throw s3Error("InvalidPartOrder");
    before = number;
  }
  const parts = wanted.map(({ number, etag, checksum }) => {
    const part = known.get(number);
    if (part === undefined || part.etag !== etag)
      throw s3Error("InvalidPart", "", { PartNumber: String(number), ETag: etag });
    const own = partChecksum(part);
    if (checksum !== null && own !== undefined && own.algorithm === checksum.algorithm && own.value !== checksum.value)
      throw s3Error("InvalidPart", "", { PartNumber: String(number), ETag: etag });
    return part;
  });
  for (const part of parts.slice(0, -1))
    if (part.size < SMALLEST)
      throw s3Error("EntityTooSmall", "", {
        ProposedSize: String(part.size),
        MinSizeAllowed: String(SMALLEST),
        PartNumber: String(part.number),
        ETag: part.etag,
      });
  return parts;
}

/** The checksum of what the parts make, if each part has one. Errors: 400 where the client has another. */
async function wholeChecksum(
  parts: readonly UploadPartRow[],
  {
    algorithm,
    type,
    headers,
    pause,
  }: { algorithm: ChecksumName | undefined; type: Checksum["type"] | undefined; headers: Headers; pause: Pause },
): Promise<Checksum | undefined> {
  if (algorithm === undefined || type === undefined) return undefined;
  const own = parts.map((part) => ({ value: partChecksum(part)?.value, size: part.size }));
  if (own.some(({ value }) => value === undefined)) return undefined;
  const value = await joinedChecksum(algorithm, type, own as { value: string; size: number }[], pause);
  const sent = headers.get(checksumHeader(algorithm));
  if (sent !== null && sent !== value && sent !== value.replace(/-\d+$/, ""))
    throw s3Error("BadDigest", `The ${algorithm} you specified did not match the calculated checksum.`);
  return { algorithm, type, value };
}
