import { createHash } from "node:crypto";
import { conflict } from "../../../kernel/errors.ts";
import { badRequest } from "../errors.ts";
import type { ListedObject, ObjectRow } from "../store/objects.ts";
import { LIMITS } from "../values/limits.ts";
import { isSubdir, type Listed } from "../values/listing.ts";
import type { NamedSegment } from "../values/manifest.ts";
import { spansOf } from "../values/ranges.ts";

/** One piece of a large object: a span of another object, or bytes of the manifest's own. */
export interface Segment {
  container: string;
  name: string;
  /** What it has to be when it is read; null: whatever is there. */
  etag: string | null;
  /** Of the object; `end` is exclusive. */
  start: number;
  end: number;
  data: Uint8Array | null;
}

export const segmentLength = ({ start, end }: Segment): number => end - start;

/** As it is kept, and given to who asks for the manifest itself. */
interface Kept {
  name?: string;
  bytes?: number;
  hash?: string;
  content_type?: string;
  last_modified?: string;
  range?: string;
  sub_slo?: boolean;
  data?: string;
}

const MD5 = /^[0-9a-f]{32}$/i;

/** An object that a manifest names, as it is now; with its size as a whole. */
export interface FoundSegment {
  size: number;
  etag: string;
  content_type: string;
  last_modified: string;
  isLarge: boolean;
}

/**
 * The manifest to keep, with the size and etag of the whole, once every segment was looked at. `look` answers null for what is not there.
 * What does not fit is listed with its reason; then nothing is to be kept.
 */
export function checkedManifest(
  named: readonly NamedSegment[],
  look: (path: string) => FoundSegment | null,
): { manifest: string; size: number; etag: string; problems: [string, string][] } {
  const problems: [string, string][] = [];
  const missing: [string, string][] = [];
  const sum = createHash("md5");
  const kept: Kept[] = [];
  let size = 0;
  for (const [index, segment] of named.entries()) {
    if (segment.data !== undefined) {
      const bytes = Buffer.from(segment.data, "base64");
      size += bytes.byteLength;
      kept.push({ data: bytes.toString("base64") });
      sum.update(createHash("md5").update(bytes).digest("hex"));
      continue;
    }
    const path = segment.path ?? "";
    const shown = encodeURI(path);
    const found = look(path.replace(/^\/+/, ""));
    if (found === null) {
      missing.push([shown, "404 Not Found"]);
      continue;
    }
    const span = spanOf(segment.range, found.size);
    if (span === null) problems.push([shown, "Unsatisfiable Range"]);
    const length = span === null ? 0 : span.end - span.start;
    if (span !== null && length < 1 && index !== named.length - 1)
      problems.push([shown, "Too small; each segment must be at least 1 byte."]);
    if (segment.size_bytes !== undefined && segment.size_bytes !== null && Number(segment.size_bytes) !== found.size)
      problems.push([shown, "Size Mismatch"]);
    if (segment.etag !== undefined && segment.etag !== null && segment.etag !== found.etag)
      problems.push([shown, "Etag Mismatch"]);
    if (!MD5.test(found.etag) && !found.isLarge) problems.push([shown, "Etag Mismatch"]);
    size += length;
    const range = span === null || length === found.size ? null : `${span.start}-${span.end - 1}`;
    sum.update(range === null ? found.etag : `${found.etag}:${range};`);
    kept.push({
      bytes: found.size,
      hash: found.etag,
      name: path.startsWith("/") ? path : `/${path}`,
      content_type: found.content_type,
      last_modified: found.last_modified,
      ...(range === null ? {} : { range }),
      ...(found.isLarge ? { sub_slo: true } : {}),
    });
  }
  return { manifest: JSON.stringify(kept), size, etag: sum.digest("hex"), problems: [...missing, ...problems] };
}

function spanOf(range: string | undefined, size: number): { start: number; end: number } | null {
  if (range === undefined || range === null || range === "") return { start: 0, end: size };
  return spansOf(`bytes=${range}`, size)?.[0] ?? null;
}

/** Segments of a kept manifest. */
export function segmentsOf(manifest: Uint8Array): Segment[] {
  const kept = JSON.parse(Buffer.from(manifest).toString("utf8")) as Kept[];
  return kept.map((segment) => {
    if (segment.data !== undefined) {
      const data = Buffer.from(segment.data, "base64");
      return { container: "", name: "", etag: null, start: 0, end: data.byteLength, data };
    }
    const [, container = "", name = ""] = /^\/([^/]+)\/(.*)$/s.exec(segment.name ?? "") ?? [];
    const [first, last] = (segment.range ?? "").split("-");
    const start = first === undefined || first === "" ? 0 : Number(first);
    const end = last === undefined ? (segment.bytes ?? 0) : Number(last) + 1;
    return { container, name, etag: segment.hash ?? "", start, end, data: null };
  });
}

/** The manifest as it could be put again: `?multipart-manifest=get&format=raw`. */
export function rawManifest(manifest: Uint8Array): string {
  const kept = JSON.parse(Buffer.from(manifest).toString("utf8")) as Kept[];
  return JSON.stringify(
    kept.map(({ name, bytes, hash, range, data }) =>
      data === undefined
        ? { path: name, etag: hash, size_bytes: bytes, ...(range === undefined ? {} : { range }) }
        : { data },
    ),
  );
}

/** "container/prefix" of X-Object-Manifest. Errors: 400. */
export function parseDynamic(header: string): { container: string; prefix: string } {
  let value = header;
  try {
    value = decodeURIComponent(header);
  } catch {
    // Taken as it is.
  }
  const [, container, prefix] = /^\/*([^/]+)\/(.+)$/s.exec(value) ?? [];
  if (container === undefined || prefix === undefined || /[?&]/.test(value))
    throw badRequest("X-Object-Manifest must be in the format container/prefix");
  return { container, prefix };
}

/** The listing of a dynamic large object as segments. */
export function dynamicSegments(container: string, listed: readonly Listed<ListedObject>[]): Segment[] {
  return listed.flatMap((entry) => {
    if (isSubdir(entry)) return [];
    const { name, etag, size, system } = entry;
    // Segments may change at any time: what is read is what is there then.
    return [
      {
        container,
        name,
        etag: system.slo === undefined ? etag : null,
        start: 0,
        end: system.slo?.size ?? size,
        data: null,
      },
    ];
  });
}

/** md5 of the etags one after another. */
export function dynamicEtag(listed: readonly Listed<ListedObject>[]): string {
  const sum = createHash("md5");
  for (const entry of listed) if (!isSubdir(entry)) sum.update(entry.system.slo?.etag ?? entry.etag);
  return sum.digest("hex");
}

export const DYNAMIC_LISTING_LIMIT = LIMITS.container_listing_limit;

/** What a large object is as a whole. */
export const wholeSize = ({ size, system }: Pick<ObjectRow, "size" | "system">): number => system.slo?.size ?? size;
export const wholeEtag = ({ etag, system }: Pick<ObjectRow, "etag" | "system">): string => system.slo?.etag ?? etag;

export const segmentChanged = () => conflict("", { type: "InvalidPart" });
