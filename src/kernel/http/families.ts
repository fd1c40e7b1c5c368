import { type ApiError, badRequest } from "../errors.ts";
import type { ApiFamily, SchemaIssue } from "./route.ts";
import { pythonRepr } from "./validation.ts";

/**
 * The error envelopes of OpenStack's APIs. Bodies, titles and words follow what the real services answer
 * (nova/api/openstack/wsgi.py, keystone/exception.py, neutron/api/api_common, cinder and glance's webob errors).
 */

const FAULTS: Record<number, string> = {
  400: "badRequest",
  401: "unauthorized",
  403: "forbidden",
  404: "itemNotFound",
  405: "badMethod",
  406: "notAcceptable",
  409: "conflictingRequest",
  410: "gone",
  413: "overLimit",
  415: "badMediaType",
  429: "overLimit",
  501: "notImplemented",
  503: "serviceUnavailable",
};

/** `{"itemNotFound": {"code": 404, "message": "…"}}`: nova and cinder. */
export function computeEnvelope(error: ApiError): unknown {
  const name = FAULTS[error.status] ?? "computeFault";
  const fault: Record<string, unknown> = { code: error.status, message: error.message };
  const retryAfter = error.headers["retry-after"];
  if (retryAfter !== undefined) fault.retryAfter = retryAfter;
  return { [name]: fault };
}

/** `{"error": {"code": 404, "message": "…", "title": "Not Found"}}`: keystone, and the 401 of keystonemiddleware everywhere. */
export function identityEnvelope({ status, message, identity }: ApiError): unknown {
  const more = identity === null ? {} : { identity };
  return { error: { code: status, ...more, message, title: REASONS[status] ?? "Error" } };
}

export const REASONS: Record<number, string> = {
  300: "Multiple Choices",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  408: "Request Timeout",
  409: "Conflict",
  410: "Gone",
  411: "Length Required",
  413: "Request Entity Too Large",
  414: "Request-URI Too Long",
  415: "Unsupported Media Type",
  416: "Range Not Satisfiable",
  422: "Unprocessable Entity",
  429: "Too Many Requests",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
};

/** nova's and cinder's words for a schema failure. */
export function invalidField(issue: SchemaIssue, where: "body" | "query"): ApiError {
  if (where === "query" && issue.keyword === "additionalProperties") {
    return badRequest(`Invalid input for query parameters ${issue.path.join("/")}. Value: . ${issue.message}`);
  }
  if (issue.path.length === 0) return badRequest(issue.message);
  const last = issue.path.at(-1);
  const field = typeof last === "number" ? String(issue.path.at(-2) ?? last) : String(last);
  const kind = where === "query" ? "query parameters" : "field/attribute";
  return badRequest(`Invalid input for ${kind} ${field}. Value: ${plain(issue.value)}. ${issue.message}`);
}

function plain(value: unknown): string {
  return typeof value === "string" ? value : pythonRepr(value);
}

const escapeHtml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/**
 * The errors of webob, the framework below most services: an explanation, rarely a detail (`ApiError.detail`), in the form
 * that the client's Accept header prefers. JSON for those who ask for it, HTML for "*\/*" (as the openstack client gets it),
 * plain text for anything else.
 */
export const webobErrors = {
  renderError(error: ApiError): unknown {
    const title = REASONS[error.status] ?? "Error";
    return { message: `${error.message}<br /><br />\n${error.detail}\n\n`, code: `${error.status} ${title}`, title };
  },
  renderErrorText(error: ApiError, request: { headers: Headers }): { contentType: string; text: string } | null {
    const accept = request.headers.get("accept") ?? "";
    const status = `${error.status} ${REASONS[error.status] ?? "Error"}`;
    if (accept.includes("html") || accept.includes("*/*")) {
      const body = `${escapeHtml(error.message)}<br /><br />\n${escapeHtml(error.detail)}\n\n`;
      return {
        contentType: "text/html; charset=UTF-8",
        text: `<html>\n <head>\n  <title>${status}</title>\n </head>\n <body>\n  <h1>${status}</h1>\n  ${body}\n </body>\n</html>`,
      };
    }
    if (/application\/(json|\*)/.test(accept)) return null;
    return { contentType: "text/plain; charset=UTF-8", text: `${status}\n\n${error.message}\n\n ${error.detail}  ` };
  },
} satisfies Pick<ApiFamily, "renderError" | "renderErrorText">;

/** An answer without a body that a service made itself, past what it makes its other answers with: webob's default remains. */
export const bareAnswer = { headers: { "content-type": "text/html; charset=UTF-8" } } as const;

/** Families that differ only in names; services that need more build their own from these pieces. */
export function family(options: Partial<ApiFamily> & Pick<ApiFamily, "renderError">): ApiFamily {
  return {
    microversions: null,
    invalid: invalidField,
    forbidden: (policy) => `Policy doesn't allow ${policy} to be performed.`,
    unrouted: null,
    headers: {},
    errorContentType: "application/json",
    emptyContentType: null,
    requestIdHeaders: ["x-openstack-request-id"],
    trailingSlash: true,
    mergesSlashes: true,
    formatSuffix: false,
    ...options,
  };
}
