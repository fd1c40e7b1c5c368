import { ApiError, conflict, forbidden, notFound, unauthorized } from "../../kernel/errors.ts";

/**
 * What both dialects may have to say, with Swift's statuses; `type` is S3's name of the same. A message is the whole body of a Swift
 * error; where there is none, the page of its status is (swift/common/swob.py).
 */
const swift = (status: number, message = "", type = "", cause?: unknown): ApiError =>
  new ApiError(status, message, { ...(type === "" ? {} : { type }), ...(cause === undefined ? {} : { cause }) });

export const badRequest = (message: string, type = "InvalidRequest", headers: Record<string, string> = {}) =>
  new ApiError(400, message, { type, headers });
export const accountNotFound = () => notFound("", { type: "NoSuchAccount" });
export const containerNotFound = () => notFound("", { type: "NoSuchBucket" });
export const objectNotFound = (headers: Record<string, string> = {}) => notFound("", { type: "NoSuchKey", headers });
export const versionNotFound = () => notFound("", { type: "NoSuchVersion" });
export const notStored = () => notFound("", { type: "NoSuchKey" });
export const containerNotEmpty = () => conflict("", { type: "BucketNotEmpty" });
export const denied = () => forbidden("", { type: "AccessDenied" });
export const notAuthorized = (message = "", headers: Record<string, string> = {}) =>
  unauthorized(message, { type: "AccessDenied", headers });
export const lengthRequired = () =>
  new ApiError(411, "Missing Content-Length header.", {
    type: "MissingContentLength",
    headers: { "content-type": "text/plain" },
  });
export const preconditionFailed = () => swift(412, "", "PreconditionFailed");
export const contentTooLarge = () => swift(413, "", "EntityTooLarge");
export const overQuota = () => swift(413, "Upload exceeds quota.", "QuotaExceeded");
export const notSatisfiable = () => swift(416, "", "InvalidRange");
export const unprocessable = () => swift(422, "", "BadDigest");
export const clientGone = (cause?: unknown) => swift(499, "", "IncompleteBody", cause);
export const noSpace = (cause?: unknown) => swift(507, "", "InsufficientStorage", cause);
export const uploadNotFound = () => notFound("", { type: "NoSuchUpload" });
export const versionsLeft = () =>
  conflict("Delete all versions before deleting container.", { type: "BucketNotEmpty" });
