import { badRequest } from "../errors.ts";
import { mediaTypeOf } from "../values/media-types.ts";
import { plainName, sentMetadata } from "./metadata.ts";
import type { ObjectAttributes } from "./objects.ts";

/** Headers that are kept beside x-object-meta-*: [object-server] allowed_headers. */
const KEPT = [
  "content-disposition",
  "content-encoding",
  "content-language",
  "cache-control",
  "expires",
  "x-object-manifest",
  "x-robots-tag",
] as const;

const plain = (message: string) => badRequest(message, "InvalidArgument", { "content-type": "text/plain" });

/** What a PUT says of an object beside its bytes. `now` in seconds since the epoch. Errors: 400. */
export function sentAttributes(headers: Headers, name: string, now: number): ObjectAttributes {
  return {
    content_type: contentType(headers, name),
    headers: { ...keptHeaders(headers), ...sentMetadata(headers, "object") },
    delete_at: deleteAt(headers, now),
  };
}

/** A POST sets all that it may anew; only the type stays where it is not named. */
export function postedAttributes(headers: Headers, now: number): Partial<ObjectAttributes> {
  const type = headers.get("content-type");
  return {
    headers: { ...keptHeaders(headers), ...sentMetadata(headers, "object") },
    delete_at: deleteAt(headers, now),
    ...(type === null || type === "" ? {} : { content_type: type }),
  };
}

function keptHeaders(headers: Headers): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of KEPT) {
    const value = headers.get(name);
    if (value !== null && value !== "") kept[name] = value;
  }
  return kept;
}

function contentType(headers: Headers, name: string): string {
  const sent = headers.get("content-type");
  const guess =
    sent === null || sent === "" || /^(true|1|yes|on|t|y)$/i.test(headers.get("x-detect-content-type") ?? "");
  if (guess) return mediaTypeOf(name);
  // Swift keeps sizes of large objects in this parameter: it is not the client's to set.
  return sent.replace(/\s*;\s*swift_bytes=[^;]*/gi, "");
}

/** X-Delete-At and X-Delete-After as seconds since the epoch; null: neither. Errors: 400. */
export function deleteAt(headers: Headers, now: number): number | null {
  const after = headers.get("x-delete-after");
  const at = headers.get("x-delete-at");
  if (after !== null && after !== "") {
    if (!/^-?\d+$/.test(after.trim())) throw plain("Non-integer X-Delete-After");
    if (Number(after) <= 0) throw plain("X-Delete-After in past");
    return Math.min(now + Number(after), 9_999_999_999);
  }
  if (at === null || at === "") return null;
  if (!/^-?\d+$/.test(at.trim())) throw plain("Non-integer X-Delete-At");
  if (Number(at) <= now) throw plain("X-Delete-At in past");
  return Math.min(Number(at), 9_999_999_999);
}

/** Of a copy: what the source has, changed by what the request says; with x-fresh-metadata the request alone. */
export function copiedAttributes(
  headers: Headers,
  source: { content_type: string; headers: Readonly<Record<string, string>>; delete_at: number | null },
  now: number,
): ObjectAttributes {
  const fresh = /^(true|1|yes|on|t|y)$/i.test(headers.get("x-fresh-metadata") ?? "");
  const sent = { ...keptHeaders(headers), ...sentMetadata(headers, "object") };
  const removed = new Set(
    [...headers.keys()].map(plainName).filter((name) => name.startsWith("x-remove-object-meta-")),
  );
  const kept = fresh ? {} : source.headers;
  const all = Object.fromEntries(
    Object.entries({ ...kept, ...sent }).filter(([name]) => !removed.has(name.replace("x-", "x-remove-"))),
  );
  const type = headers.get("content-type");
  return {
    content_type: type === null || type === "" ? source.content_type : type,
    headers: all,
    delete_at: deleteAt(headers, now) ?? (fresh ? null : source.delete_at),
  };
}
