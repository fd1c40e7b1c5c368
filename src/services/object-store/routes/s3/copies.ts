import { type AnyRoute, type ApiResponse, route } from "../../../../kernel/http/route.ts";
import { xmlDocument } from "../../../../kernel/xml/write.ts";
import { s3Error } from "../../errors.ts";
import type { Managers } from "../../manager/index.ts";
import type { Bytes } from "../../manager/objects.ts";
import type { Readable } from "../../manager/reading.ts";
import { type ObjectSettings, objectSettings } from "../../manager/s3/settings-of-buckets.ts";
import type { ContainerRow } from "../../store/containers.ts";
import type { ObjectRow } from "../../store/objects.ts";
import { base64, type ChecksumName, isChecksumName, sumName } from "../../values/checksums.ts";
import type { Span } from "../../values/ranges.ts";
import { S3_XMLNS, s3Time } from "../../views/s3/names.ts";
import { checkKey, checkOffered, sentAttributes } from "./attributes.ts";
import { requireSource, requireWrite } from "./conditions.ts";
import { versionId, writtenHeaders } from "./object-headers.ts";
import { OBJECT } from "./objects.ts";
import { bucketOf, type S3Place, type S3Places, type S3Request } from "./place.ts";
import { objectReads } from "./reads.ts";
import { sentSettings, systemOf } from "./sent-settings.ts";

export interface Source {
  bucket: ContainerRow;
  /** What was named, whose version the answer tells. */
  own: ObjectRow;
  /** What it leads to. */
  row: ObjectRow;
  readable: Readable;
}

/** What x-amz-copy-source names, if the caller may read it and its conditions hold. */
export function copySources(managers: Managers, places: S3Places) {
  const reads = objectReads(managers, places);
  const { contents, core } = managers;

  /** Errors: 400, 403, 404, 412. */
  function sourceOf(request: S3Request): Source {
    const { bucketName, key, version } = parseSource(request.headers.get("x-amz-copy-source") ?? "");
    const bucket = places.bucketOf(request.context, bucketName);
    if (bucket === undefined) throw s3Error("NoSuchBucket", "", { BucketName: bucketName });
    const action = version === null ? "s3:GetObject" : "s3:GetObjectVersion";
    const act = { action, needed: { of: "object", permission: "READ" } as const, reads: true };
    if (!places.may(request, bucket, key, act, version)) throw s3Error("AccessDenied");
    const own = reads.found(request, bucket, key, version);
    const { row, readable } = reads.readable(request, bucket, own);
    requireSource(request.headers, readable);
    return { bucket, own, row, readable };
  }

  /** The bytes of a source: shared where they are all of one object, else read and written anew. */
  async function bytesOf({ row, readable }: Source, span: Span | null, algorithm: ChecksumName | null) {
    const isWhole = span === null || (span.start === 0 && span.end === readable.size);
    if (isWhole && !readable.isLarge && algorithm === null) return { bytes: { of: row } as Bytes, checksum: null };
    const { start, end } = span ?? { start: 0, end: readable.size };
    const sums = algorithm === null ? [] : [sumName(algorithm)];
    const opened = start === end ? null : await opener(readable, start, end);
    try {
      const limit = core.kernel.settings.objectStore.maxFileSize;
      const received = await contents.receive(opened?.chunks() ?? nothing(), { limit, expected: end - start, sums });
      return {
        bytes: { received } as Bytes,
        checksum: algorithm === null ? null : { algorithm, value: base64(received.sums[sumName(algorithm)]) },
      };
    } finally {
      await opened?.close();
    }
  }

  return { sourceOf, bytesOf };
}

async function opener(readable: Readable, start: number, end: number) {
  const whole = readable.atHand();
  if (whole === null) return readable.open(start, end);
  return { chunks: () => once(whole.subarray(start, end)), close: async () => {} };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
async function* nothing(): AsyncGenerator<Uint8Array> {}

/** "/bucket/key?versionId=…", encoded. Errors: 400. */
function parseSource(header: string): { bucketName: string; key: string; version: string | null } {
  const wrong = () =>
    s3Error("InvalidArgument", "Copy Source must mention the source bucket and key: sourcebucket/sourcekey", {
      ArgumentName: "x-amz-copy-source",
      ArgumentValue: header,
    });
  const [, path = header, id] = /^(.*)\?versionId=([^&]*)$/s.exec(header) ?? [];
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    throw wrong();
  }
  const [, bucketName, key] = /^\/?([^/]+)\/(.+)$/s.exec(decoded) ?? [];
  if (bucketName === undefined || key === undefined) throw wrong();
  return { bucketName, key, version: id ?? null };
}

/** Errors: 400. */
function directive(headers: Headers, name: string): "COPY" | "REPLACE" {
  const value = headers.get(name) ?? "COPY";
  if (value !== "COPY" && value !== "REPLACE")
    throw s3Error(
      "InvalidArgument",
      name.includes("tagging") ? "Unknown tagging directive." : "Unknown metadata directive.",
      { ArgumentName: name, ArgumentValue: value },
    );
  return value;
}

export function copyRoutes(managers: Managers, places: S3Places): AnyRoute[] {
  const { objects, core } = managers;
  const { sourceOf, bytesOf } = copySources(managers, places);
  return [
    route<unknown, S3Place>({
      name: "s3-objects:copy",
      method: "PUT",
      path: OBJECT,
      action: "copy",
      policy: "object-store:s3",
      of: places.object("s3:PutObject", { of: "bucket", permission: "WRITE" }, false),
      body: "stream",
      success: 200,
      handler: copy,
    }),
  ];

  async function copy(request: S3Request): Promise<ApiResponse> {
    const { thing, headers } = request;
    const bucket = bucketOf(thing);
    checkKey(thing.key);
    checkOffered(headers);
    const metadata = directive(headers, "x-amz-metadata-directive");
    const tagging = directive(headers, "x-amz-tagging-directive");
    const source = sourceOf(request);
    const isSelf = source.bucket.id === bucket.id && source.own.name === thing.key && source.own === objectsOwn(source);
    const settings = sentSettings(core.kernel, request, bucket);
    if (isSelf && isUnchanged(headers, metadata) && settings.redirect === undefined)
      throw s3Error(
        "InvalidRequest",
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
      );
    const asked = checksumAsked(headers);
    const before = objectSettings(source.row);
    const isKept = asked === null || (before.checksum?.algorithm === asked && before.checksum.type === "FULL_OBJECT");
    const { bytes, checksum } = await bytesOf(source, null, isKept ? null : asked);
    const attributes = metadata === "REPLACE" ? sentAttributes(headers) : copiedAttributes(source.row);
    const kept: ObjectSettings = {
      ...settings,
      ...(tagging === "REPLACE" || before.tags === undefined ? {} : { tags: before.tags }),
      ...checksumKept(),
    };
    // A copy is one object, whatever its source came in: its etag is the md5 of the bytes where that is known.
    const etag = "of" in bytes && objectSettings(source.row).parts !== undefined ? { etag: source.row.etag } : {};
    const row = objects.put(
      bucket,
      thing.key,
      bytes,
      { ...attributes, ...etag, system: systemOf(kept) },
      {
        check: (current) => requireWrite(headers, current),
      },
    );
    const sourceVersion = versionId(source.bucket, source.own);
    return {
      headers: {
        ...writtenHeaders(bucket, row),
        ...(sourceVersion === undefined ? {} : { "x-amz-copy-source-version-id": sourceVersion }),
      },
      body: xmlDocument([
        "CopyObjectResult",
        [
          ["LastModified", s3Time(row.stamp)],
          ["ETag", `"${row.etag}"`],
          kept.checksum === undefined ? null : [`Checksum${kept.checksum.algorithm}`, kept.checksum.value],
          kept.checksum === undefined ? null : ["ChecksumType", kept.checksum.type],
        ],
        S3_XMLNS,
      ]),
    };

    function checksumKept(): Pick<ObjectSettings, "checksum"> {
      if (checksum !== null) return { checksum: { ...checksum, type: "FULL_OBJECT" } };
      if (before.checksum === undefined || !("of" in bytes)) return {};
      return { checksum: before.checksum };
    }
  }

  /** The row that has the name now, if that is what is copied: restoring an older version over it is no copy to itself. */
  function objectsOwn({ bucket, own }: Source): ObjectRow | undefined {
    return objects.get(bucket.id, own.name)?.stamp === own.stamp ? own : undefined;
  }
}

const isUnchanged = (headers: Headers, metadata: "COPY" | "REPLACE"): boolean =>
  metadata === "COPY" && !headers.has("x-amz-storage-class") && !headers.has("x-amz-checksum-algorithm");

function checksumAsked(headers: Headers): ChecksumName | null {
  const name = headers.get("x-amz-checksum-algorithm")?.toUpperCase();
  if (name === undefined) return null;
  if (!isChecksumName(name))
    throw s3Error(
      "InvalidRequest",
      "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]",
    );
  return name;
}

function copiedAttributes({ content_type, headers }: ObjectRow) {
  const { "x-object-manifest": _, ...kept } = headers;
  return { content_type, headers: kept };
}
