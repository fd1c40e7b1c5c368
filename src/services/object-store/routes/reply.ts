import { randomBytes } from "node:crypto";
import { type BytePiece, OpenBytes } from "../../../kernel/bytes/open-bytes.ts";
import type { ApiRequest, ApiResponse } from "../../../kernel/http/route.ts";
import type { Readable } from "../manager/reading.ts";
import { conditionalStatus } from "../values/conditions.ts";
import { type Span, spansOf } from "../values/ranges.ts";

/** What a part of an object is sent in, whatever the header of the whole says of the length. */
interface Sent {
  readable: Readable;
  headers: Record<string, string>;
}

/**
 * The answer to GET or HEAD of bytes: conditions, ranges, one or several, and the stream, which closes what it reads.
 * `headers` are those of the whole, without its length.
 */
export async function reply(
  request: Pick<ApiRequest, "method" | "headers">,
  { readable, headers }: Sent,
): Promise<ApiResponse> {
  const { size, modified, etag } = readable;
  const refused = conditionalStatus(request.headers, { etag, modified });
  if (refused !== null) return { status: refused, headers: { ...headers, "content-length": "0" }, raw: "" };
  if (request.method === "HEAD")
    return { status: 200, headers: { ...headers, "content-length": String(size) }, raw: "" };
  const spans = isCurrent(request.headers, readable) ? spansOf(request.headers.get("range"), size) : null;
  if (spans !== null && spans.length === 0) return unsatisfiable(headers, size);
  if (spans === null || size === 0) return bytesOf(readable, { start: 0, end: size }, 200, headers);
  const [only] = spans;
  if (spans.length > 1 || only === undefined) return severalParts(readable, spans, headers);
  const range = { "content-range": `bytes ${only.start}-${only.end - 1}/${size}` };
  return bytesOf(readable, only, 206, { ...headers, ...range });
}

/** If-Range: a part is only of use to who has the rest of the same. */
function isCurrent(headers: Headers, { etag, modified }: Readable): boolean {
  const condition = headers.get("if-range");
  if (condition === null) return true;
  const at = Date.parse(condition);
  return Number.isNaN(at) || /^"/.test(condition) ? condition.replace(/^"|"$/g, "") === etag : modified <= at;
}

function unsatisfiable(headers: Record<string, string>, size: number): ApiResponse {
  const { "content-type": _, ...rest } = headers;
  return {
    status: 416,
    headers: { ...rest, "content-type": "text/html; charset=UTF-8", "content-range": `bytes */${size}` },
  };
}

async function bytesOf(
  readable: Readable,
  { start, end }: Span,
  status: number,
  headers: Record<string, string>,
): Promise<ApiResponse> {
  const all = { ...headers, "content-length": String(end - start) };
  const whole = readable.atHand();
  if (whole !== null || start === end) return { status, headers: all, raw: whole?.subarray(start, end) ?? "" };
  return { status, headers: all, raw: await readable.open(start, end) };
}

/** multipart/byteranges, whose length is known before it is made. */
export async function severalParts(
  readable: Readable,
  spans: readonly Span[],
  headers: Record<string, string>,
): Promise<ApiResponse> {
  const boundary = randomBytes(16).toString("hex");
  const type = headers["content-type"] ?? "application/octet-stream";
  const heads = spans.map(({ start, end }) =>
    Buffer.from(
      `--${boundary}\r\nContent-Type: ${type}\r\nContent-Range: bytes ${start}-${end - 1}/${readable.size}\r\n\r\n`,
      "latin1",
    ),
  );
  const tail = Buffer.from(`--${boundary}--`);
  const length = spans.reduce(
    (sum, { start, end }, index) => sum + (heads[index]?.byteLength ?? 0) + (end - start) + 2,
    0,
  );
  let opened: OpenBytes | null = null;
  const whole = readable.atHand();
  async function* pieces(): AsyncGenerator<BytePiece> {
    for (const [index, { start, end }] of spans.entries()) {
      yield heads[index] as Uint8Array;
      if (whole !== null) yield whole.subarray(start, end);
      else {
        opened = await readable.open(start, end);
        yield* opened.pieces;
        await opened.close();
        opened = null;
      }
      yield Buffer.from("\r\n");
    }
    yield tail;
  }
  return {
    status: 206,
    headers: {
      ...headers,
      "content-type": `multipart/byteranges;boundary=${boundary}`,
      "content-length": String(length + tail.byteLength),
    },
    raw: new OpenBytes(pieces(), () => opened?.close()),
  };
}
