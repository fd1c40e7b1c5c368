import { ApiError } from "../../kernel/errors.ts";
import { family, REASONS } from "../../kernel/http/families.ts";
import { formatMicroversion, mv } from "../../kernel/http/microversion.ts";

/** webob's explanation of each status, which placement puts before its own words. */
const EXPLANATIONS: Readonly<Record<number, string>> = {
  400: "The server could not comply with the request since it is either malformed or otherwise incorrect.",
  403: "Access was denied to this resource.",
  404: "The resource could not be found.",
  405: "The method specified is not allowed for this resource.",
  406: "The resource could not be generated that was acceptable to your browser (content of type application/json).",
  409: "There was a conflict when trying to complete your request.",
};

export const MAX_VERSION = mv("1.39");
const WITH_CODES = mv("1.23");

/** `{"errors": [{"status", "title", "detail", "code", "request_id"}]}`; a refused microversion tells the range. */
export const placementApi = family({
  microversions: { service: "placement", min: mv("1.0"), max: MAX_VERSION, fallback: mv("1.0") },
  renderError(error, request) {
    const explanation = EXPLANATIONS[error.status] ?? "The server could not comply with the request.";
    const entry: Record<string, unknown> = {
      status: error.status,
      title: REASONS[error.status] ?? "Error",
      detail: `${explanation}\n\n ${error.message}  `,
    };
    if (request.microversion >= WITH_CODES) {
      entry.code = error.type.startsWith("placement.") ? error.type : "placement.undefined_code";
    }
    entry.request_id = request.id;
    if (error.status === 406) {
      entry.min_version = "1.0";
      entry.max_version = formatMicroversion(MAX_VERSION);
    }
    return { errors: [entry] };
  },
  invalid: (issue) => new ApiError(400, `JSON does not validate: ${issue.message}`),
  forbidden: (policy) => `Policy does not allow ${policy} to be performed.`,
});

export const providerNotFound = (uuid: string): ApiError =>
  new ApiError(404, `No resource provider with uuid ${uuid} found : No resource provider with uuid ${uuid} found`);

export const generationConflict = (message: string): ApiError =>
  new ApiError(409, message, { type: "placement.concurrent_update" });

/** What compute keeps itself cannot be changed here: the scheduler would not see it. */
export const keptByCompute = (what: string): ApiError =>
  new ApiError(409, `${what} is kept by the compute service of this cloud and cannot be changed here.`);
