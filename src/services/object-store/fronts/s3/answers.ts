import type { ApiError } from "../../../../kernel/errors.ts";
import { responseOf } from "../../../../kernel/http/byte-response.ts";
import type { Exchange } from "../../../../kernel/http/exchange.ts";
import type { ApiResponse } from "../../../../kernel/http/route.ts";
import { xmlDocument } from "../../../../kernel/xml/write.ts";
import { locationOf } from "./location.ts";

const XML = "application/xml";

/** What the engine says in Swift's words, as S3 says it: code → status and message. */
const ENGINE: Readonly<Record<string, readonly [number, string]>> = {
  AccessDenied: [403, "Access Denied"],
  PolicyNotAuthorized: [403, "Access Denied"],
  BadDigest: [400, "The Content-MD5 you specified did not match what we received."],
  BucketNotEmpty: [409, "The bucket you tried to delete is not empty"],
  EntityTooLarge: [400, "Your proposed upload exceeds the maximum allowed object size."],
  HTTPConflict: [409, "A conflicting conditional operation is currently in progress against this resource. Try again."],
  HTTPMethodNotAllowed: [405, "The specified method is not allowed against this resource."],
  HTTPNotFound: [404, "The specified key does not exist."],
  HTTPInternalServerError: [500, "We encountered an internal error. Please try again."],
  IncompleteBody: [400, "You did not provide the number of bytes specified by the Content-Length HTTP header"],
  InsufficientStorage: [507, "There is not enough space to store the object."],
  InvalidRange: [416, "The requested range is not satisfiable"],
  KeyTooLongError: [400, "Your key is too long"],
  MetadataTooLarge: [400, "Your metadata headers exceed the maximum allowed metadata size"],
  MissingContentLength: [411, "You must provide the Content-Length HTTP header."],
  NoSuchAccount: [404, "The specified bucket does not exist"],
  NoSuchBucket: [404, "The specified bucket does not exist"],
  NoSuchKey: [404, "The specified key does not exist."],
  NoSuchUpload: [
    404,
    "The specified multipart upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
  ],
  NoSuchVersion: [404, "The specified version does not exist."],
  PreconditionFailed: [412, "At least one of the pre-conditions you specified did not hold"],
  QuotaExceeded: [403, "The quota of the account or bucket does not allow this."],
  ServiceUnavailable: [503, "Please reduce your request rate."],
};

const CODES: Readonly<Record<string, string>> = {
  PolicyNotAuthorized: "AccessDenied",
  HTTPConflict: "OperationAborted",
  HTTPMethodNotAllowed: "MethodNotAllowed",
  HTTPNotFound: "NoSuchKey",
  HTTPInternalServerError: "InternalError",
  NoSuchAccount: "NoSuchBucket",
};

/** "2 × 16 digits": RequestId as AWS writes it is the last 16 of the request's id here, in capitals; HostId names this cloud. */
const ids = (id: string): Record<string, string> => ({
  "x-amz-request-id": id,
  "x-amz-id-2": Buffer.from(id).toString("base64"),
});

export function render({ id, request }: Exchange, route: { success: number }, response: ApiResponse): Response {
  const status = response.status ?? route.success;
  const headers: Record<string, string> = { ...ids(id), ...response.headers };
  let { raw } = response;
  if (raw === undefined && response.body !== undefined) {
    raw = String(response.body);
    headers["content-type"] ??= XML;
  }
  raw ??= "";
  if (typeof raw === "string") headers["content-length"] ??= String(Buffer.byteLength(raw));
  const empty = status === 204 || status === 304;
  if (empty) delete headers["content-length"];
  if (request.method === "HEAD") raw = "";
  return responseOf(empty ? null : raw, { status, headers });
}

export function fail({ id, request, path, query }: Exchange, error: ApiError): Response {
  const known = ENGINE[error.type];
  const code = CODES[error.type] ?? (known === undefined && /^HTTP/.test(error.type) ? "InvalidRequest" : error.type);
  const status = known?.[0] ?? error.status;
  // The engine's and the kernel's own words are not S3's; what S3's front said is as it is meant.
  const message =
    known !== undefined && (error.message === "" || error.type !== code || !isOwn(error)) ? known[1] : error.message;
  const headers = { ...ids(id), ...error.headers };
  if (status === 304) return new Response(null, { status, headers });
  const body = xmlDocument([
    "Error",
    [
      ["Code", code],
      ["Message", message],
      ...about(code, path, request.headers, error),
      ...detailsOf(error),
      ...(OF_UPLOADS.has(code) ? [["UploadId", query.get("uploadId") ?? ""] as const] : []),
      ["RequestId", id],
      ["HostId", Buffer.from(id).toString("base64")],
    ],
  ]);
  const all = { ...headers, "content-type": XML, "content-length": String(Buffer.byteLength(body)) };
  // Some of the body may not have been read: what follows on the connection would be taken for a request.
  if (request.method === "HEAD") return new Response("", { status, headers: { ...headers, "content-type": XML } });
  return new Response(body, { status, headers: all });
}

const OF_UPLOADS: ReadonlySet<string> = new Set(["InvalidPart", "InvalidPartOrder", "NoSuchUpload"]);

const isOwn = (error: ApiError): boolean => error.message !== "" && !/^Policy|^The method/.test(error.message);

function detailsOf(error: ApiError): [string, string][] {
  return Object.entries(error.identity ?? {}).map(([name, value]) => [name, String(value)]);
}

function about(code: string, path: string, headers: Headers, { identity }: ApiError): [string, string][] {
  try {
    const { bucket, key } = locationOf(path, headers);
    if (code === "NoSuchBucket" || code.startsWith("Bucket"))
      return identity?.BucketName === undefined ? [["BucketName", bucket]] : [];
    if (code === "NoSuchKey") return identity?.Key === undefined ? [["Key", key]] : [];
    return [["Resource", key === "" ? `/${bucket}` : `/${bucket}/${key}`]];
  } catch {
    return [];
  }
}
