import { ApiError } from "../../../../kernel/errors.ts";

/** An error in S3's own words, for what the front itself refuses: who asks, and in which form. */
export const refusal = (status: number, code: string, message: string): ApiError =>
  new ApiError(status, message, { type: code });

export const accessDenied = (message = "Access Denied") => refusal(403, "AccessDenied", message);
/** With what was signed here, for whoever looks for the difference. */
export const signatureDoesNotMatch = (access: string, given: string, text: string, canonical?: string): ApiError =>
  new ApiError(
    403,
    "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
    {
      type: "SignatureDoesNotMatch",
      identity: {
        AWSAccessKeyId: access,
        StringToSign: text,
        SignatureProvided: given,
        StringToSignBytes: bytesOf(text),
        ...(canonical === undefined ? {} : { CanonicalRequest: canonical, CanonicalRequestBytes: bytesOf(canonical) }),
      },
    },
  );
const bytesOf = (text: string): string => Buffer.from(text, "latin1").toString("hex").replace(/..\B/g, "$& ");
export const unknownAccessKey = () =>
  refusal(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.");
export const skewed = () =>
  refusal(403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.");
export const malformedAuthorization = (why: string) =>
  refusal(400, "AuthorizationHeaderMalformed", `The authorization header is malformed; ${why}`);
export const malformedQuery = (why: string) => refusal(400, "AuthorizationQueryParametersError", why);
export const notImplemented = (
  message = "A header or query you provided implies functionality that is not implemented",
) => refusal(501, "NotImplemented", message);
