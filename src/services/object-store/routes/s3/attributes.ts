import { s3Error } from "../../errors.ts";
import type { ObjectAttributes } from "../../manager/objects.ts";

const KEPT = ["cache-control", "content-disposition", "content-language", "expires"] as const;
/** AWS's limit on names and values of x-amz-meta-* together, bytes. */
const MOST_METADATA = 2048;
const MOST_KEY = 1024;

/** What a request says of an object beside its bytes. Metadata is Swift's of the same name: x-amz-meta-a is x-object-meta-a. Errors: 400. */
export function sentAttributes(headers: Headers): Pick<ObjectAttributes, "content_type" | "headers"> {
  const kept: Record<string, string> = {};
  for (const name of KEPT) {
    const value = headers.get(name);
    if (value !== null && value !== "") kept[name] = value;
  }
  const encoding = (headers.get("content-encoding") ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "" && name !== "aws-chunked")
    .join(", ");
  if (encoding !== "") kept["content-encoding"] = encoding;
  let size = 0;
  for (const [name, value] of headers) {
    if (!name.startsWith("x-amz-meta-")) continue;
    const key = name.slice("x-amz-meta-".length);
    size += key.length + value.length;
    if (size > MOST_METADATA)
      throw s3Error("MetadataTooLarge", "", { Size: String(size), MaxSizeAllowed: String(MOST_METADATA) });
    kept[`x-object-meta-${key}`] = value;
  }
  const type = headers.get("content-type");
  return { content_type: type === null || type === "" ? "binary/octet-stream" : type, headers: kept };
}

/** Errors: 400. */
export function checkKey(key: string): void {
  const size = Buffer.byteLength(key);
  if (size > MOST_KEY) throw s3Error("KeyTooLongError", "", { Size: String(size), MaxSizeAllowed: String(MOST_KEY) });
}

const ENCRYPTION = /^x-amz-(?:copy-source-)?server-side-encryption/;

/** What is asked for and is not had is refused, where s3api takes it and does nothing. Errors: 400, 501. */
export function checkOffered(headers: Headers): void {
  for (const name of headers.keys())
    if (ENCRYPTION.test(name)) throw s3Error("NotImplemented", "Server-side encryption is not supported.");
  const storage = headers.get("x-amz-storage-class");
  if (storage !== null && storage !== "STANDARD")
    throw s3Error("InvalidStorageClass", "", { StorageClassRequested: storage });
  if (headers.has("x-amz-write-offset-bytes")) throw s3Error("NotImplemented");
}

/** Of the query: what the answer to a GET says instead of what is kept. */
export const OVERRIDES = [
  "content-type",
  "content-language",
  "expires",
  "cache-control",
  "content-disposition",
  "content-encoding",
] as const;
