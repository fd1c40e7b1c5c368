import { ApiError } from "../../../kernel/errors.ts";
import type { ApiRequest } from "../../../kernel/http/route.ts";
import { badRequest } from "../errors.ts";
import { LIMITS } from "../values/limits.ts";
import type { ListQuery } from "../values/listing.ts";
import type { Format } from "../views/listings.ts";

const FORMATS: Readonly<Record<string, Format>> = { json: "json", xml: "xml", plain: "text", text: "text" };
const TYPES: readonly (readonly [string, Format])[] = [
  ["text/plain", "text"],
  ["application/json", "json"],
  ["application/xml", "xml"],
  ["text/xml", "xml"],
];

/** What a listing or report is wanted in: `format` of the query, else Accept. Errors: 406, 400. */
export function wantedFormat({ query, headers }: Pick<ApiRequest, "query" | "headers">): {
  format: Format;
  varies: boolean;
} {
  const named = query.get("format");
  if (named !== null) return { format: FORMATS[named.toLowerCase()] ?? "text", varies: false };
  const accept = headers.get("accept");
  if (accept === null || accept.trim() === "") return { format: "text", varies: true };
  const format = bestOf(accept);
  if (format === null) throw new ApiError(406, "");
  return { format, varies: true };
}

/** The best of our types by quality, then by how exactly it was named; the first of ours among equals. Null: none. Errors: 400. */
export function bestOf(accept: string): Format | null {
  let best: { format: Format; quality: number; exact: number } | null = null;
  for (const item of accept.split(",")) {
    const [range = "", ...parameters] = item.split(";").map((part) => part.trim());
    if (!/^[^\s/;,]+\/[^\s/;,]+$|^\*$/.test(range)) throw badRequest(`Invalid Accept header`);
    const given = parameters.map((parameter) => /^q=(.*)$/i.exec(parameter)?.[1]).find((value) => value !== undefined);
    const quality = given === undefined ? 1 : Number(given);
    if (Number.isNaN(quality)) throw badRequest(`Invalid Accept header`);
    for (const [type, format] of TYPES) {
      const exact =
        range === type ? 2 : range === `${type.split("/")[0]}/*` ? 1 : range === "*/*" || range === "*" ? 0 : -1;
      if (exact < 0 || quality <= 0) continue;
      if (best === null || quality > best.quality || (quality === best.quality && exact > best.exact))
        best = { format, quality, exact };
    }
  }
  return best?.format ?? null;
}

/** Errors: 412. */
export function listQuery(request: Pick<ApiRequest, "query">): ListQuery {
  // swift/common/swob.py `params`: a dict, which has the last of several.
  const query = new Map(request.query);
  const most = LIMITS.container_listing_limit;
  const text = query.get("limit") ?? "";
  const limit = /^\d+$/.test(text) ? Number(text) : most;
  if (limit > most) throw new ApiError(412, `Maximum limit is ${most}`);
  const delimiter = query.get("delimiter") ?? "";
  const path = query.get("path");
  return {
    limit,
    prefix: query.get("prefix") ?? "",
    delimiter,
    marker: query.get("marker") ?? "",
    endMarker: query.get("end_marker") ?? "",
    reverse: isTrue(query.get("reverse")),
    ...(path === undefined ? {} : { path }),
  };
}

export const isTrue = (text: string | null | undefined): boolean =>
  ["true", "1", "yes", "on", "t", "y"].includes((text ?? "").toLowerCase());

/** A list's body, or 204 where it is text and empty. */
export function listed(
  body: string,
  wanted: { format: Format; varies: boolean },
  contentType: string,
  headers: Record<string, string>,
) {
  const all: Record<string, string> = {
    "content-type": contentType,
    ...headers,
    "content-length": String(Buffer.byteLength(body)),
    ...(wanted.varies ? { vary: "Accept" } : {}),
  };
  return { status: body === "" ? 204 : 200, headers: all, raw: body };
}
