import type { Locate } from "../../../../kernel/http/route.ts";
import { refusal } from "./refusals.ts";

/** "bucket.localhost", "bucket.s3.example.org", "bucket.s3-website.example.org": the first part names the bucket. */
const VIRTUAL_HOST = /^(.+?)\.(?:localhost|s3(-website)?(?:[.-].+)?)$/i;

export interface Location {
  bucket: string;
  /** "" for the bucket itself. */
  key: string;
  /** The bucket is named by the host and not in the path. */
  isVirtualHost: boolean;
  /** Asked for as a web site, which answers browsers. */
  isWebsite: boolean;
}

/** Where a request leads; `path` as it was sent, behind the front's prefix. Errors: 400 for a key that is no UTF-8 or has a NUL. */
export function locationOf(path: string, headers: Headers): Location {
  const host = (headers.get("host") ?? "").replace(/:\d+$/, "");
  const [, named, website] = VIRTUAL_HOST.exec(host) ?? [];
  if (named !== undefined) {
    const key = decoded(path.slice(1));
    return { bucket: named.toLowerCase(), key, isVirtualHost: true, isWebsite: website !== undefined };
  }
  const [, bucket = "", key = ""] = /^\/([^/]*)(?:\/(.*))?$/s.exec(path) ?? [];
  return { bucket: decoded(bucket), key: decoded(key), isVirtualHost: false, isWebsite: false };
}

export const locate: Locate = (path, { headers }): ReturnType<Locate> => {
  const { bucket, key, isWebsite } = locationOf(path, headers);
  if (isWebsite) return { path: "/:bucket/website/:key", params: { bucket, key } };
  if (bucket === "") return { path: "/", params: {} };
  if (key === "") return { path: "/:bucket", params: { bucket } };
  return { path: "/:bucket/:key", params: { bucket, key } };
};

function decoded(text: string): string {
  try {
    const name = text.includes("%") ? decodeURIComponent(text) : text;
    if (!name.includes("\0")) return name;
  } catch {
    // Said below.
  }
  throw refusal(400, "InvalidURI", "Couldn't parse the specified URI.");
}
