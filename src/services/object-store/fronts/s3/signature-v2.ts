/** What of the query is part of the resource that version 2 signs. */
const SIGNED_PARAMETERS: ReadonlySet<string> = new Set([
  "acl",
  "cors",
  "delete",
  "lifecycle",
  "location",
  "logging",
  "notification",
  "partNumber",
  "policy",
  "requestPayment",
  "response-cache-control",
  "response-content-disposition",
  "response-content-encoding",
  "response-content-language",
  "response-content-type",
  "response-expires",
  "restore",
  "tagging",
  "torrent",
  "uploadId",
  "uploads",
  "versionId",
  "versioning",
  "versions",
  "website",
]);

/** The text that signature version 2 signs. `date` is that of the header, or when a signed URL expires; `resource` a path as it was sent. */
export function stringToSignV2(
  method: string,
  headers: Headers,
  date: string,
  resource: string,
  query: readonly (readonly [string, string])[],
): string {
  const amz = [...headers]
    .filter(([name]) => name.startsWith("x-amz-"))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}:${value.trim()}\n`)
    .join("");
  const parameters = query
    .filter(([name]) => SIGNED_PARAMETERS.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => (value === "" ? name : `${name}=${value}`));
  const search = parameters.length === 0 ? "" : `?${parameters.join("&")}`;
  const header = (name: string) => headers.get(name) ?? "";
  return `${method}\n${header("content-md5")}\n${header("content-type")}\n${date}\n${amz}${resource}${search}`;
}
