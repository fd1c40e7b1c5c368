import type { Readable } from "../manager/reading.ts";
import type { ObjectRow } from "../store/objects.ts";
import { isJoined } from "../values/etags.ts";
import { httpDateOf, timestampOf } from "../values/stamps.ts";

const STAYS_HIDDEN = /^x-object-meta-(?!public-)/;

/** Headers of a GET or HEAD, without the length. */
export function objectHeaders(
  row: ObjectRow,
  { etag, isLarge }: Pick<Readable, "etag" | "isLarge">,
): Record<string, string> {
  const headers: Record<string, string> = {
    "content-type": row.content_type,
    ...row.headers,
    etag: isLarge || isJoined(row) ? `"${etag}"` : etag,
    "last-modified": httpDateOf(row.posted),
    "x-timestamp": timestampOf(row.posted),
    "accept-ranges": "bytes",
  };
  if (row.delete_at !== null) headers["x-delete-at"] = String(row.delete_at);
  if (row.system.slo !== undefined) {
    headers["x-static-large-object"] = "True";
    headers["x-manifest-etag"] = row.etag;
  } else if (isJoined(row)) headers["x-static-large-object"] = "True";
  return headers;
}

/** What a signed URL shows: no metadata but what is meant to be public, and bytes that a browser saves (swift/common/middleware/tempurl.py). */
export function signedHeaders(
  headers: Record<string, string>,
  { query, name, expires }: { query: URLSearchParams; name: string; expires: number },
): Record<string, string> {
  const shown = Object.fromEntries(Object.entries(headers).filter(([header]) => !STAYS_HIDDEN.test(header)));
  const filename = query.get("filename");
  const inline = query.has("inline");
  let disposition = shown["content-disposition"];
  if (inline) disposition = filename === null || filename === "" ? "inline" : dispositionOf("inline", filename);
  else if (filename !== null && filename !== "") disposition = dispositionOf("attachment", filename);
  else disposition ??= dispositionOf("attachment", name.replace(/\/+$/, "").split("/").at(-1) ?? "");
  return { ...shown, "content-disposition": disposition, expires: new Date(expires * 1000).toUTCString() };
}

function dispositionOf(type: string, filename: string): string {
  // For clients that know no UTF-8 names: as bytes, without what would end the quotes or the line.
  const bytes = Buffer.from(filename, "utf8")
    .toString("latin1")
    .replace(/[\r\n]/g, "%0A")
    .replaceAll('"', "%22");
  const encoded = encodeURIComponent(filename).replace(/%2F/g, "/");
  return `${type}; filename="${bytes}"; filename*=UTF-8''${encoded}`;
}
