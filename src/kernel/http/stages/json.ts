import { OpenBytes } from "../../bytes/open-bytes.ts";
import { ApiError } from "../../errors.ts";
import { parseJson, readBody } from "../body.ts";
import { responseOf } from "../byte-response.ts";
import { jsonSlices, jsonText } from "../exact-json.ts";
import type { Exchange } from "../exchange.ts";
import { identityEnvelope } from "../families.ts";
import { microversionHeaders } from "../microversion.ts";
import type { AnyRoute, ApiResponse } from "../route.ts";

export const jsonBody = async ({ request }: Exchange, limit: number): Promise<unknown> =>
  parseJson(await readBody(request, limit));

export function jsonAnswer(exchange: Exchange, route: AnyRoute, response: ApiResponse): Response | Promise<Response> {
  const headers: Record<string, string> = {
    ...(route.bare === true ? {} : commonHeaders(exchange)),
    ...response.headers,
  };
  const status = response.status ?? route.success;
  if (response.raw !== undefined) return responseOf(response.raw, { status, headers });
  if (response.body === undefined) {
    const { emptyContentType } = exchange.front.api;
    if (emptyContentType !== null) headers["content-type"] ??= emptyContentType;
    return new Response(null, { status, headers });
  }
  headers["content-type"] ??= "application/json";
  if (response.isLong === true && exchange.request.method !== "HEAD")
    return longAnswer(exchange, response.body, { status, headers });
  return new Response(jsonText(response.body), { status, headers });
}

/** Its text is made in several turns, and let go of as the client takes it. */
async function longAnswer(
  { kernel, origin }: Exchange,
  body: unknown,
  { status, headers }: { status: number; headers: Record<string, string> },
): Promise<Response> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for (const text of jsonSlices(body)) {
    if (pieces.length > 0) await kernel.turns.mine(origin.connection);
    const piece = Buffer.from(text);
    pieces.push(piece);
    size += piece.length;
  }
  if (pieces.length === 1) return new Response(pieces[0] as Uint8Array<ArrayBuffer>, { status, headers });
  const taken = function* () {
    for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) yield piece;
  };
  return responseOf(new OpenBytes(taken(), () => {}), {
    status,
    headers: { ...headers, "content-length": String(size) },
  });
}

/** An error in the envelope of its API family. */
export function envelope(exchange: Exchange, error: ApiError): Response {
  const { api } = exchange.front;
  // What answers in the service's place (for a 401 too) knows nothing of its versions.
  const below = error instanceof Unrouted ? api.unrouted : null;
  const outside = below !== null || error.status === 401;
  const { renderError, renderErrorText } = below ?? api;
  const headers: Record<string, string> = {
    ...(outside ? unversionedHeaders(exchange) : commonHeaders(exchange)),
    "content-type": outside ? "application/json" : api.errorContentType,
    ...error.headers,
  };
  // 401 looks the same from every service: it is keystonemiddleware's there, keystone's own here.
  if (error.status === 401) headers["www-authenticate"] = exchange.kernel.authenticator.challenge ?? "";
  const text = error.status === 401 ? null : (renderErrorText?.(error, exchange.request) ?? null);
  if (text !== null) {
    headers["content-type"] = text.contentType;
    return new Response(text.text, { status: error.status, headers });
  }
  const body = error.status === 401 ? identityEnvelope(error) : renderError(error, exchange);
  return new Response(jsonText(body), { status: error.status, headers });
}

function commonHeaders(exchange: Exchange): Record<string, string> {
  const { microversions } = exchange.front.api;
  return {
    ...unversionedHeaders(exchange),
    ...(microversions === null ? {} : microversionHeaders(microversions, exchange.microversion)),
  };
}

function unversionedHeaders({ id, front: { api } }: Exchange): Record<string, string> {
  const headers: Record<string, string> = { ...api.headers };
  for (const name of api.requestIdHeaders) headers[name] = id;
  return headers;
}

/** No record has this path. */
export class Unrouted extends ApiError {
  constructor() {
    super(404, "The resource could not be found.");
  }
}
