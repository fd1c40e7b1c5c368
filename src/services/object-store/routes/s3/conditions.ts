import { s3Error } from "../../errors.ts";
import type { Readable } from "../../manager/reading.ts";

const tags = (header: string): string[] =>
  header.split(",").map((tag) =>
    tag
      .trim()
      .replace(/^W\//, "")
      .replace(/^"(.*)"$/, "$1"),
  );

const matches = (header: string, etag: string): boolean => tags(header).some((tag) => tag === "*" || tag === etag);

function time(header: string | null): number | null {
  const at = Date.parse(header ?? "");
  return Number.isNaN(at) ? null : at;
}

/** The names of a set of conditions: of a read, or of a copy's source ("x-amz-copy-source-if-match"). */
const named = (prefix: string) => ({
  match: `${prefix}if-match`,
  noneMatch: `${prefix}if-none-match`,
  since: `${prefix}if-modified-since`,
  unmodified: `${prefix}if-unmodified-since`,
});

/**
 * What the conditions of a read say: 304, 412, or null to answer it. As RFC 9110 orders them: a tag that fits stands above a time.
 */
export function readStatus(
  headers: Headers,
  { etag, modified }: Pick<Readable, "etag" | "modified">,
  prefix = "",
): 304 | 412 | null {
  const names = named(prefix);
  const match = headers.get(names.match);
  const unmodified = time(headers.get(names.unmodified));
  if (match !== null) {
    if (!matches(match, etag)) return 412;
  } else if (unmodified !== null && modified > unmodified) return 412;
  const noneMatch = headers.get(names.noneMatch);
  const since = time(headers.get(names.since));
  if (noneMatch !== null) return matches(noneMatch, etag) ? 304 : null;
  return since !== null && modified <= since ? 304 : null;
}

/** Errors: 412, also where a read would answer 304. */
export function requireSource(headers: Headers, readable: Pick<Readable, "etag" | "modified">): void {
  if (readStatus(headers, readable, "x-amz-copy-source-") !== null) throw s3Error("PreconditionFailed");
}

/** The conditions of a PUT: what has the name must be this, or nothing. Errors: 412; 404 where a tag is to fit and nothing is there. */
export function requireWrite(headers: Headers, current: { etag: string } | undefined): void {
  const noneMatch = headers.get("if-none-match");
  if (noneMatch !== null) {
    if (noneMatch !== "*" && current === undefined) return;
    if (current !== undefined && matches(noneMatch, current.etag))
      throw s3Error("PreconditionFailed", "", { Condition: "If-None-Match" });
  }
  const match = headers.get("if-match");
  if (match === null) return;
  if (current === undefined) throw s3Error("NoSuchKey");
  if (!matches(match, current.etag)) throw s3Error("PreconditionFailed", "", { Condition: "If-Match" });
}

const OF_DELETES = ["if-match", "x-amz-if-match-last-modified-time", "x-amz-if-match-size"] as const;

export const hasDeleteConditions = (headers: Headers): boolean => OF_DELETES.some((name) => headers.has(name));

/** Of a DELETE: also by time and size. Errors: 412. */
export function requireDelete(
  headers: Headers,
  current: { etag: string; size: number; modified: number } | undefined,
): void {
  const match = headers.get("if-match");
  const at = time(headers.get("x-amz-if-match-last-modified-time"));
  const size = headers.get("x-amz-if-match-size");
  if (match === null && at === null && size === null) return;
  // What is not there is as deleted.
  if (current === undefined) return;
  const fits =
    (match === null || matches(match, current.etag)) &&
    (at === null || Math.floor(at / 1000) === Math.floor(current.modified / 1000)) &&
    (size === null || Number(size) === current.size);
  if (!fits) throw s3Error("PreconditionFailed");
}
