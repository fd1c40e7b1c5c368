import type { Candidates, Exchange } from "../../../../kernel/http/exchange.ts";
import type { Endpoint } from "../../../../kernel/http/perform.ts";
import { notImplemented, refusal } from "./refusals.ts";

/** What a query can ask of a bucket or object beside its contents; those without a record are refused, never passed over. */
const SUBRESOURCES: ReadonlySet<string> = new Set([
  "abac",
  "accelerate",
  "acl",
  "analytics",
  "attributes",
  "cors",
  "delete",
  "encryption",
  "intelligent-tiering",
  "inventory",
  "legal-hold",
  "lifecycle",
  "location",
  "logging",
  "metadataConfiguration",
  "metadataInventoryTable",
  "metadataJournalTable",
  "metadataTable",
  "metrics",
  "notification",
  "object-lock",
  "ownershipControls",
  "policy",
  "policyStatus",
  "publicAccessBlock",
  "renameObject",
  "replication",
  "requestPayment",
  "restore",
  "retention",
  "select",
  "session",
  "tagging",
  "torrent",
  "uploadId",
  "uploads",
  "versioning",
  "versions",
  "website",
]);

/** What else a query may hold. */
const PARAMETERS: ReadonlySet<string> = new Set([
  "AWSAccessKeyId",
  "Expires",
  "Signature",
  "bucket-region",
  "continuation-token",
  "delimiter",
  "encoding-type",
  "fetch-owner",
  "id",
  "key-marker",
  "list-type",
  "marker",
  "max-buckets",
  "max-keys",
  "max-parts",
  "max-uploads",
  "part-number-marker",
  "partNumber",
  "prefix",
  "start-after",
  "upload-id-marker",
  "version-id-marker",
  "versionId",
]);

/**
 * Which record is meant: a record's `action` is the sub-resource of the query, "copy" where the bytes are another object's, "form" for
 * what a browser's form sends. Errors: 501 for what nobody here knows, 405.
 */
export function choose({ inRange }: Candidates, _body: unknown, { query, request }: Exchange): Endpoint {
  let subresource: string | null = null;
  const writes = !/^(?:GET|HEAD|OPTIONS)$/.test(request.method);
  for (const [name, value] of query) {
    if (SUBRESOURCES.has(name)) {
      if (subresource !== null && subresource !== name)
        throw refusal(400, "InvalidArgument", `Conflicting query string parameters: ${subresource}, ${name}`);
      subresource = name;
    } else if (!PARAMETERS.has(name) && !/^(?:x-|response-)/i.test(name) && (writes || value === ""))
      throw notImplemented();
  }
  const { method, headers } = request;
  const parts: string[] = subresource === null ? [] : [subresource];
  if (method === "PUT" && headers.has("x-amz-copy-source") && (subresource === null || subresource === "uploadId"))
    parts.push("copy");
  if (method === "POST" && parts.length === 0) parts.push("form");
  const action = parts.length === 0 ? undefined : parts.join("+");
  const found = inRange.find(({ route }) => route.action === action);
  if (found !== undefined) return found;
  // A preflight is about the request that is to follow, whatever that asks for; so is a web site.
  const only = inRange.find(({ route }) => route.action === undefined);
  if (only !== undefined && (method === "OPTIONS" || inRange[0]?.route.path.includes("/website/"))) return only;
  if (subresource === null)
    throw refusal(405, "MethodNotAllowed", "The specified method is not allowed against this resource.");
  throw notImplemented();
}
