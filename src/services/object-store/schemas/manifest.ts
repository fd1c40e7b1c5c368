import { ApiError } from "../../../kernel/errors.ts";
import { badRequest } from "../errors.ts";
import { SLO_LIMITS } from "../values/limits.ts";
import type { NamedSegment } from "../values/manifest.ts";
import { parseRange, spansOf } from "../values/ranges.ts";

const KEYS: Readonly<Record<"path" | "data", readonly string[]>> = {
  path: ["path", "etag", "size_bytes", "range"],
  data: ["data"],
};

/** Errors: 400 that names all that is wrong, line by line. */
export function parseManifest(text: string, self: string): NamedSegment[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw badRequest("Manifest must be valid JSON.\n");
  }
  if (!Array.isArray(parsed)) throw badRequest("Manifest must be a list.\n");
  const errors = parsed.flatMap((item, index) => {
    const wrong = problemOf(item, index, parsed.length, self);
    return wrong === null ? [] : [`Index ${index}: ${wrong}\n`];
  });
  if (parsed.length > 0 && parsed.every((item) => item !== null && typeof item === "object" && "data" in item))
    errors.push("Inline data segments require at least one object-backed segment.\n");
  if (errors.length > 0) throw badRequest(errors.join(""), "InvalidRequest", { "content-type": "text/plain" });
  const named = parsed as NamedSegment[];
  if (named.filter(({ path }) => path !== undefined).length > SLO_LIMITS.max_manifest_segments) {
    throw new ApiError(413, `Number of object-backed segments must be <= ${SLO_LIMITS.max_manifest_segments}`);
  }
  return named;
}

function problemOf(item: unknown, index: number, count: number, self: string): string | null {
  if (typeof item !== "object" || item === null || Array.isArray(item)) return "not a JSON object";
  const kind = "path" in item ? "path" : "data" in item ? "data" : null;
  if (kind === null) return "expected keys to include one of b'path' or b'data'";
  const extraneous = Object.keys(item).filter((key) => !KEYS[kind].includes(key));
  if (extraneous.length > 0)
    return `extraneous keys ${extraneous
      .sort()
      .map((key) => JSON.stringify(key))
      .join(", ")}`;
  const { path, etag, size_bytes: size, range, data } = item as Record<string, unknown>;
  if (kind === "data") {
    if (typeof data !== "string" || !/^[A-Za-z0-9+/]*={0,2}$/.test(data) || data.replace(/=+$/, "").length % 4 === 1)
      return "data must be valid base64";
    return data.replace(/=+$/, "") === "" ? "too small; each segment must be at least 1 byte." : null;
  }
  if (typeof path !== "string") return '"path" must be a string';
  if (etag !== undefined && etag !== null && typeof etag !== "string")
    return '"etag" must be a string or null (if provided)';
  if (!path.replace(/^\/+|\/+$/g, "").includes("/"))
    return "path does not refer to an object. Path must be of the form /container/object.";
  const bytes = size === undefined || size === null ? null : Number(size);
  if (bytes !== null && (!Number.isInteger(bytes) || (typeof size === "string" && size.trim() === "")))
    return "invalid size_bytes";
  if (bytes !== null && bytes < 1 && index !== count - 1) return "too small; each segment must be at least 1 byte.";
  if (path.replace(/^\/+/, "") === self) return "manifest must not include itself as a segment";
  if (range === undefined || range === null || range === "") return null;
  const ranges = parseRange(`bytes=${String(range)}`);
  if (ranges === null) return "invalid range";
  if (ranges.length > 1) return "multiple ranges (only one allowed)";
  if (bytes !== null && spansOf(`bytes=${String(range)}`, bytes)?.length !== 1) return "unsatisfiable range";
  return null;
}
