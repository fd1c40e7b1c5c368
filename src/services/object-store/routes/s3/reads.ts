import type { ApiResponse } from "../../../../kernel/http/route.ts";
import { s3Error } from "../../errors.ts";
import type { Managers } from "../../manager/index.ts";
import type { Readable } from "../../manager/reading.ts";
import { objectSettings } from "../../manager/s3/settings-of-buckets.ts";
import type { ContainerRow } from "../../store/containers.ts";
import type { ObjectRow } from "../../store/objects.ts";
import { type Span, spansOf } from "../../values/ranges.ts";
import { timestampOf } from "../../values/stamps.ts";
import { severalParts } from "../reply.ts";
import { readStatus } from "./conditions.ts";
import { checksumHeaders, objectHeaders } from "./object-headers.ts";
import { bucketOf, type S3Places, type S3Request, versionStamp } from "./place.ts";
import { withCors } from "./preflight.ts";

const READ = { of: "object", permission: "READ" } as const;

/** Finding an object and reading it, for whoever needs its bytes: GET, HEAD, copies, web sites. */
export function objectReads(managers: Managers, places: S3Places) {
  const { objects, reading, core, contents } = managers;

  /** The version that is asked for, or the current one. Errors: 404, 405 for the marker of a delete, 400. */
  function found(request: S3Request, bucket: ContainerRow, key: string, id: string | null): ObjectRow {
    if (id !== null) {
      const row = objects.version(bucket.id, key, versionStamp(id));
      if (!row.marker) return row;
      const headers = { "x-amz-delete-marker": "true", "x-amz-version-id": id, allow: "DELETE" };
      throw withHeaders(
        s3Error("MethodNotAllowed", "", { Method: request.method, ResourceType: "DeleteMarker" }),
        headers,
      );
    }
    const row = objects.get(bucket.id, key);
    if (row !== undefined) return row;
    const marker = bucket.versioning === "off" ? undefined : core.objects.newestVersion(bucket.id, key);
    if (!places.mayList(request, bucket, key)) throw s3Error("AccessDenied");
    const headers: Record<string, string> =
      marker?.marker === true
        ? { "x-amz-delete-marker": "true", "x-amz-version-id": marker.unversioned ? "null" : timestampOf(marker.stamp) }
        : {};
    throw withHeaders(s3Error("NoSuchKey", "", { Key: key }), headers);
  }

  /** Its bytes as readers see them, where the caller may read what it leads to. Errors: 403, 404, 409. */
  function readable(request: S3Request, bucket: ContainerRow, row: ObjectRow): { readable: Readable; row: ObjectRow } {
    const mayRead = (account: string, name: string): void => {
      if (account === bucket.account && name === bucket.name) return;
      const other = managers.containers.get(account, name);
      const act = { action: "s3:GetObject", needed: READ, reads: true };
      if (other === undefined || !places.may(request, other, "", act)) throw s3Error("AccessDenied");
    };
    const at = reading.follow(bucket, row, mayRead);
    return { readable: reading.whole(at.container, at.row, mayRead), row: at.row };
  }

  async function show(request: S3Request): Promise<ApiResponse> {
    const { thing, query } = request;
    const bucket = bucketOf(thing);
    const own = found(request, bucket, thing.key, query.get("versionId"));
    const { readable: bytes, row } = readable(request, bucket, own);
    const headers = objectHeaders(
      request,
      bucket,
      row === own ? own : { ...row, stamp: own.stamp, unversioned: own.unversioned },
      bytes,
    );
    const refused = readStatus(request.headers, { etag: unquoted(headers.etag), modified: bytes.modified });
    if (refused === 304) return withCors(bucket, request, { status: 304, headers: withoutChecksums(headers), raw: "" });
    if (refused === 412) throw s3Error("PreconditionFailed");
    const part = query.get("partNumber");
    const spans = part === null ? rangesOf(request, bytes) : [partOf(request, row, part, headers, bytes.size)];
    if (spans.length > 1 && request.method === "GET")
      return withCors(bucket, request, await severalParts(bytes, spans, withoutChecksums(headers)));
    const span = spans.length === 1 ? (spans[0] ?? null) : null;
    const isPart = part === null && span !== null && (span.start > 0 || span.end < bytes.size);
    const sent = isPart ? withoutChecksums(headers) : headers;
    return withCors(bucket, request, await answer(request.method, bytes, span, sent));
  }

  /** Empty: all of it, as with a header that cannot be read. Errors: 416. */
  function rangesOf({ headers }: S3Request, { size, etag, modified }: Readable): readonly Span[] {
    const range = headers.get("range");
    const since = headers.get("if-range");
    if (range === null) return [];
    if (since !== null && unquoted(since) !== etag && !(Date.parse(since) >= modified)) return [];
    const spans = spansOf(range, size);
    if (spans?.length === 0)
      throw withHeaders(s3Error("InvalidRange", "", { RangeRequested: range, ActualObjectSize: String(size) }), {
        "content-range": `bytes */${size}`,
      });
    return spans ?? [];
  }

  /** One part of an object that came in parts. Errors: 400, 416. */
  function partOf(
    { headers: sent }: S3Request,
    row: ObjectRow,
    text: string,
    headers: Record<string, string>,
    size: number,
  ): Span {
    const number = Number(text);
    if (!/^\d{1,5}$/.test(text) || number < 1 || number > 10_000)
      throw s3Error("InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive", {
        ArgumentName: "partNumber",
        ArgumentValue: text,
      });
    if (sent.has("range"))
      throw s3Error("InvalidRequest", "Cannot specify both Range header and partNumber query parameter");
    const { parts: count, checksum } = objectSettings(row);
    if (count === undefined || row.blob === null) {
      if (number === 1) return { start: 0, end: size };
      throw s3Error("InvalidPartNumber", "", { PartNumberRequested: text, ActualPartCount: "1" });
    }
    const part = contents.parts(row.blob).find((each) => each.number === number);
    if (part === undefined)
      throw s3Error("InvalidPartNumber", "", { PartNumberRequested: text, ActualPartCount: String(count) });
    headers["x-amz-mp-parts-count"] = String(count);
    const own = (part.system as { checksum?: { algorithm: never; value: string } }).checksum;
    if (checksum !== undefined && own !== undefined && sent.get("x-amz-checksum-mode")?.toUpperCase() === "ENABLED")
      Object.assign(headers, checksumHeaders({ ...own, type: checksum.type }));
    return { start: part.start, end: part.start + part.size };
  }

  return { found, readable, show, answer };
}

/** They are of the whole object: clients would compare them with what they got. */
const withoutChecksums = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith("x-amz-checksum-")));

const unquoted = (etag: string | undefined): string => (etag ?? "").replace(/^"|"$/g, "");

export const withHeaders = <E extends { headers: Readonly<Record<string, string>> }>(
  error: E,
  headers: Record<string, string>,
): E => Object.assign(error, { headers: { ...error.headers, ...headers } });

async function answer(
  method: string,
  readable: Readable,
  span: Span | null,
  headers: Record<string, string>,
): Promise<ApiResponse> {
  const { size } = readable;
  const { start, end } = span ?? { start: 0, end: size };
  const status = span === null ? 200 : 206;
  const all: Record<string, string> = { ...headers, "content-length": String(end - start) };
  if (span !== null) all["content-range"] = size === 0 ? "bytes */0" : `bytes ${start}-${end - 1}/${size}`;
  if (method === "HEAD") return { status, headers: all, raw: "" };
  const whole = readable.atHand();
  if (whole !== null || start === end) return { status, headers: all, raw: whole?.subarray(start, end) ?? "" };
  return { status, headers: all, raw: await readable.open(start, end) };
}
