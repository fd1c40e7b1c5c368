import { randomUUID } from "node:crypto";
import { ANONYMOUS, type Identity } from "../../../kernel/auth/context.ts";
import { ApiError } from "../../../kernel/errors.ts";
import { responseOf } from "../../../kernel/http/byte-response.ts";
import type { Exchange, Stages } from "../../../kernel/http/exchange.ts";
import { family } from "../../../kernel/http/families.ts";
import type { Endpoint } from "../../../kernel/http/perform.ts";
import type { ApiResponse, Locate } from "../../../kernel/http/route.ts";
import { keystoneToken } from "../../../kernel/http/stages/keystone-token.ts";

const HTML = "text/html; charset=UTF-8";

/** Titles and words of the pages that Swift answers with (swift/common/swob.py, RESPONSE_REASONS). */
const PAGES: Readonly<Record<number, readonly [string, string]>> = {
  202: ["Accepted", "The request is accepted for processing."],
  301: ["Moved Permanently", "The resource has moved permanently."],
  302: ["Found", "The resource has moved temporarily."],
  303: ["See Other", "The response to the request can be found under a different URI."],
  307: ["Temporary Redirect", "The resource has moved temporarily."],
  400: [
    "Bad Request",
    "The server could not comply with the request since it is either malformed or otherwise incorrect.",
  ],
  401: ["Unauthorized", "This server could not verify that you are authorized to access the document you requested."],
  403: ["Forbidden", "Access was denied to this resource."],
  404: ["Not Found", "The resource could not be found."],
  405: ["Method Not Allowed", "The method is not allowed for this resource."],
  406: ["Not Acceptable", "The resource is not available in a format acceptable to your browser."],
  408: ["Request Timeout", "The server has waited too long for the request to be sent by the client."],
  409: ["Conflict", "There was a conflict when trying to complete your request."],
  411: ["Length Required", "Content-Length header required."],
  412: ["Precondition Failed", "A precondition for this request was not met."],
  413: ["Request Entity Too Large", "The body of your request was too large for this server."],
  416: ["Requested Range Not Satisfiable", "The Range requested is not available."],
  422: ["Unprocessable Entity", "Unable to process the contained instructions"],
  499: ["Client Disconnect", "The client was disconnected during request."],
  500: ["Internal Error", "The server has either erred or is incapable of performing the requested operation."],
  501: ["Not Implemented", "The requested method is not implemented by this server."],
  503: ["Service Unavailable", "The server is currently unavailable. Please try again at a later time."],
  507: ["Insufficient Storage", "There was not enough space to save the resource. Drive: unknown"],
};

export function pageOf(status: number): string {
  const page = PAGES[status];
  return page === undefined ? "" : `<html><h1>${page[0]}</h1><p>${page[1]}</p></html>`;
}

const stages: Partial<Stages> = {
  authenticate: [tokenIfValid, () => ANONYMOUS],
  choose: ({ inRange }, _body, exchange) => chosen(inRange, exchange),
  render,
  fail,
};

/** The native API of object storage. Its paths hold names of users' choosing, which may be anything but NUL. */
export const swiftApi = family({
  locate,
  stages,
  requestId: transactionId,
  requestIdHeaders: ["x-trans-id", "x-openstack-request-id"],
  renderError: ({ message }) => message,
  mergesSlashes: false,
});

/** With delay_auth_decision, as DevStack runs keystonemiddleware before Swift: a token that is none is as good as none. */
async function tokenIfValid(exchange: Exchange): Promise<Identity | null> {
  try {
    return keystoneToken(exchange);
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

/** "tx2aac045d940640f08b5cc-006b00a42c": 21 digits, then the seconds. */
function transactionId(): string {
  const random = randomUUID().replaceAll("-", "").slice(0, 21);
  return `tx${random}-${Math.floor(Date.now() / 1000)
    .toString(16)
    .padStart(10, "0")}`;
}

const TOP: ReadonlySet<string> = new Set(["/info", "/healthcheck", "/crossdomain.xml"]);

function locate(path: string): ReturnType<Locate> {
  if (TOP.has(path)) return { path, params: {} };
  if (!path.startsWith("/v1")) return null;
  // As Swift, which has only what WSGI decoded: %2F is a slash, so no container has one in its name.
  const parts = /^\/v1(?:\.0)?\/([^/]+)(?:\/(?:([^/]+)(?:\/(.*))?)?)?$/s.exec(decoded(path));
  if (parts === null) return null;
  const [account = "", container = "", object = ""] = parts.slice(1).map((part) => part ?? "");
  if (container === "") return { path: "/v1/:account", params: { account } };
  if (object === "") return { path: "/v1/:account/:container", params: { account, container } };
  return { path: "/v1/:account/:container/:object", params: { account, container, object } };
}

/** Errors: 412. */
function decoded(text: string): string {
  try {
    const name = text.includes("%") ? decodeURIComponent(text) : text;
    if (!name.includes("\0")) return name;
  } catch {
    // Said below.
  }
  throw new ApiError(412, "Invalid UTF8 or contains NULL");
}

/**
 * A record's `action` is what of the query selects it ("bulk-delete", "multipart-manifest=put"), or "form" for what a browser's form sends.
 */
function chosen(candidates: readonly Endpoint[], { search, query, request }: Exchange): Endpoint {
  const plain = candidates.find(({ route }) => route.action === undefined);
  if (search === "" && request.method !== "POST") return plain as Endpoint;
  const named = candidates.find(({ route: { action } }) => {
    if (action === undefined) return false;
    if (action === "form")
      return /^multipart\/form-data\s*;.*boundary=/i.test(request.headers.get("content-type") ?? "");
    const [name = "", value] = action.split("=");
    return value === undefined ? query.has(name) : query.get(name) === value;
  });
  const found = named ?? plain;
  if (found === undefined) throw new ApiError(405, "");
  return found;
}

function render({ id, request }: Exchange, route: { success: number }, response: ApiResponse): Response {
  const status = response.status ?? route.success;
  const headers: Record<string, string> = { ...response.headers, "x-trans-id": id, "x-openstack-request-id": id };
  let { raw } = response;
  if (raw === undefined) {
    raw = request.method === "HEAD" ? "" : pageOf(status);
    headers["content-type"] ??= HTML;
    headers["content-length"] ??= String(Buffer.byteLength(raw));
  }
  const empty = status === 204 || status === 304;
  return responseOf(empty ? null : raw, { status, headers });
}

function fail({ id, request, kernel }: Exchange, error: ApiError): Response {
  const { status } = error;
  // The kernel's own words for what has no record are not Swift's.
  const text = error.message === "" || status === 405 || status === 404 ? pageOf(status) : error.message;
  const headers: Record<string, string> = {
    "content-type": HTML,
    ...error.headers,
    "content-length": request.method === "HEAD" ? "0" : String(Buffer.byteLength(text)),
    "x-trans-id": id,
    "x-openstack-request-id": id,
  };
  if (status === 401) headers["www-authenticate"] ??= `Keystone uri="${kernel.settings.identity.authUrl}/v3"`;
  return new Response(request.method === "HEAD" ? "" : text, { status, headers });
}
