import { ApiError } from "../../../../kernel/errors.ts";

/** Errors of heat/api/aws/exception.py: Amazon's codes, each with its status and words. */
const REFUSALS = {
  AccessDenied: [403, "User is not authorized to perform action"],
  AlreadyExists: [400, "Resource with the name requested already exists"],
  IncompleteSignature: [400, "The request signature does not conform to AWS standards"],
  InternalFailure: [500, "The request processing has failed due to an internal error"],
  InvalidAction: [400, "The action or operation requested is invalid"],
  InvalidClientTokenId: [403, "The certificate or AWS Key ID provided does not exist"],
  InvalidParameterCombination: [400, "Incompatible parameters were used together"],
  InvalidParameterValue: [400, "A bad or out-of-range value was supplied"],
  MalformedQueryString: [404, "The query string is malformed"],
  MissingAuthenticationToken: [403, "Does not contain a valid AWS Access Key or certificate"],
  MissingParameter: [400, "A mandatory input parameter is missing"],
  RequestLimitExceeded: [400, "Payload exceeds maximum allowed size"],
  ServiceUnavailable: [503, "Service temporarily unavailable"],
} as const satisfies Record<string, readonly [status: number, words: string]>;

export type Refusal = keyof typeof REFUSALS;

/** `detail` comes behind the words. */
export function refusal(code: Refusal, detail = ""): ApiError {
  const [status, words] = REFUSALS[code];
  return new ApiError(status, detail === "" ? words : `${words}:${detail}`, { type: code });
}

/** Classes of heat's errors that are about what was sent. */
const INVALID: ReadonlySet<string> = new Set([
  "EntityNotFound",
  "HTTPBadRequest",
  "ImmutableParameterModified",
  "Invalid",
  "InvalidBreakPointHook",
  "InvalidTemplateVersion",
  "NotFound",
  "NotSupported",
  "ResourceActionNotSupported",
  "ResourceFailure",
  "ResourceNotFound",
  "ResourceTypeUnavailable",
  "StackValidationFailed",
  "UserParameterMissing",
  "UnknownUserParameter",
  "ValueError",
]);

/** An error of heat's own API in Amazon's words. */
export function inAmazonsWords(error: ApiError): ApiError {
  const { type, message, status } = error;
  if (Object.hasOwn(REFUSALS, type)) return error;
  if (INVALID.has(type)) return refusal("InvalidParameterValue", message);
  if (type === "StackExists") return refusal("AlreadyExists", message);
  if (type === "RequestLimitExceeded" || status === 413) return refusal("RequestLimitExceeded", message);
  if (type === "ActionInProgress") {
    const words = "Cannot perform action on stack while other actions are in progress";
    return new ApiError(400, `${words}:${message}`, { type: "InvalidAction" });
  }
  if (status === 401 || status === 403) return refusal("AccessDenied", status === 403 ? message : "");
  if (status === 503) return refusal("ServiceUnavailable");
  if (status === 404 || status === 405) return refusal("InvalidAction");
  return status < 500 ? refusal("InvalidParameterValue", message) : refusal("InternalFailure");
}
