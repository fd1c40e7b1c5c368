import { preconditionFailed } from "../errors.ts";

/** "a", W/"b", c → a, b, c; "*" stays. */
function tags(header: string): string[] {
  return header
    .split(",")
    .map((tag) => tag.trim().replace(/^W\//, ""))
    .map((tag) => (tag.length > 1 && tag.startsWith('"') && tag.endsWith('"') ? tag.slice(1, -1) : tag));
}

const matches = (header: string, etag: string): boolean => tags(header).some((tag) => tag === "*" || tag === etag);

function time(header: string | null): number | null {
  const at = header === null ? Number.NaN : Date.parse(header);
  return Number.isNaN(at) ? null : at;
}

/**
 * What the conditions of a read say of an object: 304, 412, or null to answer it. In Swift's order (swob.py,
 * _get_conditional_response_status). `modified` in milliseconds since the epoch, on a whole second.
 */
export function conditionalStatus(
  headers: Headers,
  { etag, modified }: { etag: string; modified: number },
): 304 | 412 | null {
  const noneMatch = headers.get("if-none-match");
  if (noneMatch !== null && matches(noneMatch, etag)) return 304;
  const match = headers.get("if-match");
  if (match !== null && !matches(match, etag)) return 412;
  const since = time(headers.get("if-modified-since"));
  if (noneMatch === null && since !== null && modified <= since) return 304;
  const unmodified = time(headers.get("if-unmodified-since"));
  if (unmodified !== null && modified > unmodified) return 412;
  return null;
}

/** Whether a write depends on what has the name. */
export const hasConditions = (headers: Headers): boolean => headers.has("if-none-match") || headers.has("if-match");

/** The conditions of a write: what has the name must be this, or nothing. Errors: 412. */
export function requireConditions(headers: Headers, current: { etag: string } | undefined): void {
  const noneMatch = headers.get("if-none-match");
  if (noneMatch !== null && current !== undefined && matches(noneMatch, current.etag)) throw preconditionFailed();
  const match = headers.get("if-match");
  if (match !== null && (current === undefined || !matches(match, current.etag))) throw preconditionFailed();
}
