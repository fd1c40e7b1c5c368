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

/** S3's own errors: code → status and the words AWS has for it (docs.aws.amazon.com, "Error responses"). */
const S3_ERRORS = {
  AccessControlListNotSupported: [400, "The bucket does not allow ACLs"],
  AccessDenied: [403, "Access Denied"],
  BadDigest: [400, "The Content-MD5 you specified did not match what we received."],
  BucketAlreadyExists: [
    409,
    "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.",
  ],
  BucketAlreadyOwnedByYou: [409, "Your previous request to create the named bucket succeeded and you already own it."],
  BucketNotEmpty: [409, "The bucket you tried to delete is not empty"],
  EntityTooLarge: [400, "Your proposed upload exceeds the maximum allowed object size."],
  EntityTooSmall: [400, "Your proposed upload is smaller than the minimum allowed size"],
  IllegalLocationConstraintException: [
    400,
    "The specified location constraint is incompatible for the region specific endpoint this request was sent to.",
  ],
  IncompleteBody: [400, "The request body terminated unexpectedly"],
  InvalidArgument: [400, "Invalid Argument"],
  InvalidBucketAclWithObjectOwnership: [
    400,
    "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
  ],
  InvalidBucketName: [400, "The specified bucket is not valid."],
  InvalidBucketState: [409, "The request is not valid with the current state of the bucket."],
  InvalidDigest: [400, "The Content-MD5 you specified was invalid."],
  InvalidEncryptionAlgorithmError: [400, "The encryption request you specified is not valid. Supported value: AES256."],
  InvalidLocationConstraint: [400, "The specified location-constraint is not valid"],
  InvalidPart: [
    400,
    "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
  ],
  InvalidPartNumber: [416, "The requested partnumber is not satisfiable"],
  InvalidPartOrder: [400, "The list of parts was not in ascending order. Parts must be ordered by part number."],
  InvalidPolicyDocument: [
    400,
    "The content of the form does not meet the conditions specified in the policy document.",
  ],
  InvalidRange: [416, "The requested range is not satisfiable"],
  InvalidRequest: [400, "Invalid Request"],
  InvalidRetentionPeriod: [400, "The retention period must be a positive integer value"],
  InvalidStorageClass: [400, "The storage class you specified is not valid"],
  InvalidTag: [
    400,
    "The tag provided was not a valid tag. This error can occur if the tag did not pass input validation.",
  ],
  KeyTooLongError: [400, "Your key is too long"],
  MalformedACLError: [400, "The XML you provided was not well-formed or did not validate against our published schema"],
  MalformedPOSTRequest: [400, "The body of your POST request is not well-formed multipart/form-data."],
  MalformedPolicy: [400, "Policies must be valid JSON and the first byte must be '{'"],
  MalformedXML: [400, "The XML you provided was not well-formed or did not validate against our published schema"],
  MetadataTooLarge: [400, "Your metadata headers exceed the maximum allowed metadata size"],
  MethodNotAllowed: [405, "The specified method is not allowed against this resource."],
  MissingContentLength: [411, "You must provide the Content-Length HTTP header."],
  NoSuchBucket: [404, "The specified bucket does not exist"],
  NoSuchBucketPolicy: [404, "The bucket policy does not exist"],
  NoSuchCORSConfiguration: [404, "The CORS configuration does not exist"],
  NoSuchKey: [404, "The specified key does not exist."],
  NoSuchLifecycleConfiguration: [404, "The lifecycle configuration does not exist"],
  NoSuchObjectLockConfiguration: [404, "The specified object does not have a ObjectLock configuration"],
  NoSuchPublicAccessBlockConfiguration: [404, "The public access block configuration was not found"],
  NoSuchTagSet: [404, "The TagSet does not exist"],
  NoSuchUpload: [
    404,
    "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
  ],
  NoSuchVersion: [404, "The specified version does not exist."],
  NoSuchWebsiteConfiguration: [404, "The specified bucket does not have a website configuration"],
  NotImplemented: [501, "A header you provided implies functionality that is not implemented"],
  ObjectLockConfigurationNotFoundError: [404, "Object Lock configuration does not exist for this bucket"],
  OwnershipControlsNotFoundError: [404, "The bucket ownership controls were not found"],
  PreconditionFailed: [412, "At least one of the pre-conditions you specified did not hold"],
  ReplicationConfigurationNotFoundError: [404, "The replication configuration was not found"],
  ServerSideEncryptionConfigurationNotFoundError: [404, "The server side encryption configuration was not found"],
  SignatureDoesNotMatch: [
    403,
    "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
  ],
  UnresolvableGrantByEmailAddress: [400, "The e-mail address you provided does not match any account on record."],
  XAmzContentChecksumMismatch: [400, "The provided 'x-amz-checksum' header does not match what was computed."],
  XAmzContentSHA256Mismatch: [400, "The provided 'x-amz-content-sha256' header does not match what was computed."],
} as const satisfies Readonly<Record<string, readonly [number, string]>>;

/** `more`: further elements of the error's XML. */
export function s3Error(code: keyof typeof S3_ERRORS, message = "", more: Record<string, string> = {}): ApiError {
  const [status, words] = S3_ERRORS[code];
  return new ApiError(status, message === "" ? words : message, { type: code, identity: more });
}
