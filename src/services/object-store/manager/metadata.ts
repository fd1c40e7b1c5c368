import { badRequest } from "../errors.ts";
import { LIMITS } from "../values/limits.ts";
import type { Headers as Kept } from "./accounts.ts";

/** "x-object-meta-" of a header's name, as web servers hand names to Swift: in one case, and without underscores. */
export const plainName = (name: string): string => name.toLowerCase().replaceAll("_", "-");

const title = (text: string): string =>
  text.replace(/[^-]+/g, (word) => word[0]?.toUpperCase() + word.slice(1).toLowerCase());

const plain = (message: string) => badRequest(message, "MetadataTooLarge", { "content-type": "text/plain" });

/** x-<kind>-meta-* of a request, checked against Swift's limits. Errors: 400. */
export function sentMetadata(headers: Headers, kind: "account" | "container" | "object"): Record<string, string> {
  const prefix = `x-${kind}-meta-`;
  const found: Record<string, string> = {};
  let count = 0;
  let size = 0;
  for (const [sent, value] of headers) {
    const name = plainName(sent);
    if (value.length > LIMITS.max_header_size) throw plain(`Header value too long: ${title(name).slice(0, 128)}`);
    if (!name.startsWith(prefix)) continue;
    const key = name.slice(prefix.length);
    if (key === "") throw plain("Metadata name cannot be empty");
    count += 1;
    size += key.length + value.length;
    if (key.length > LIMITS.max_meta_name_length) throw plain(`Metadata name too long: ${prefix}${title(key)}`);
    if (value.length > LIMITS.max_meta_value_length)
      throw plain(`Metadata value longer than ${LIMITS.max_meta_value_length}: ${prefix}${title(key)}`);
    if (count > LIMITS.max_meta_count) throw tooMany();
    if (size > LIMITS.max_meta_overall_size) throw tooMuch();
    found[name] = value;
  }
  return found;
}

/** The same for what would be kept together with what is there (OSSA-2014-034). Errors: 400. */
export function checkKept(headers: Kept): void {
  let count = 0;
  let size = 0;
  for (const [name, value] of Object.entries(headers)) {
    const [prefix] = /^x-(?:account|container)-meta-/.exec(name) ?? [];
    if (prefix === undefined) continue;
    count += 1;
    size += name.length - prefix.length + value.length;
  }
  if (count > LIMITS.max_meta_count) throw tooMany();
  if (size > LIMITS.max_meta_overall_size) throw tooMuch();
}

const tooMany = () => plain(`Too many metadata items; max ${LIMITS.max_meta_count}`);
const tooMuch = () => plain(`Total metadata too large; max ${LIMITS.max_meta_overall_size}`);

/** Changes by x-<kind>-meta-* and x-remove-<kind>-meta-*, for accounts and containers; "" removes. */
export function metadataChanges(headers: Headers, kind: "account" | "container"): Record<string, string> {
  const changes: Record<string, string> = {};
  for (const [sent] of headers) {
    const name = plainName(sent);
    const removed = `x-remove-${kind}-meta-`;
    if (name.startsWith(removed)) changes[`x-${kind}-meta-${name.slice(removed.length)}`] = "";
  }
  return { ...changes, ...sentMetadata(headers, kind) };
}

/** Headers that only the masters of an account see and set. */
export const MASTERS_ONLY: ReadonlySet<string> = new Set([
  "x-account-access-control",
  "x-account-meta-temp-url-key",
  "x-account-meta-temp-url-key-2",
  "x-container-meta-temp-url-key",
  "x-container-meta-temp-url-key-2",
  "x-container-read",
  "x-container-write",
  "x-container-sync-key",
  "x-container-sync-to",
]);
