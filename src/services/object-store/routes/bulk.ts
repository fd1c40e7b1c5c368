import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { bunzip2 } from "../../../kernel/bytes/bunzip2.ts";
import { ApiError } from "../../../kernel/errors.ts";
import { type AnyRoute, type ApiRequest, type ApiResponse, route } from "../../../kernel/http/route.ts";
import { badRequest } from "../errors.ts";
import { sentAttributes } from "../manager/attributes.ts";
import type { BulkReport } from "../manager/bulk.ts";
import type { Managers } from "../manager/index.ts";
import { BadTar } from "../manager/tar.ts";
import { isReseller } from "../policies.ts";
import { BULK_LIMITS, LIMITS } from "../values/limits.ts";
import { CONTENT_TYPES, type Format } from "../views/listings.ts";
import { type Report, reportBody } from "../views/reports.ts";
import { bestOf } from "./accept.ts";
import type { Place, Places } from "./touched.ts";

type BulkRequest = ApiRequest<unknown, Place>;

const REPORT_TYPES: Readonly<Record<Format, string>> = {
  ...CONTENT_TYPES,
  text: "text/plain",
  json: "application/json",
  xml: "application/xml",
};

/** What a report is wanted in: Accept alone says. */
export function reportFormat({ headers }: Pick<ApiRequest, "headers">): { format: Format; contentType: string } {
  const accept = headers.get("accept");
  const format = (accept === null || accept === "" ? "text" : bestOf(accept)) ?? "text";
  const named = /text\/xml/.test(accept ?? "") && format === "xml" ? "text/xml" : REPORT_TYPES[format];
  return { format, contentType: named };
}

/** A report's own status says how it went; that of the answer is 200. */
export function reportAnswer(
  request: Pick<ApiRequest, "headers">,
  kind: "delete" | "upload" | "extract",
  report: Report | BulkReport,
): ApiResponse {
  const { format, contentType } = reportFormat(request);
  return { status: 200, headers: { "content-type": contentType }, raw: reportBody(format, kind, report) };
}

/** Bulk delete, and archives that become objects. */
export function bulkRoutes(managers: Managers, places: Places): AnyRoute[] {
  const { bulk, core } = managers;
  return [
    ...(["POST", "DELETE"] as const).map((method) =>
      route<unknown, Place>({
        name: `bulk:delete-by-${method.toLowerCase()}`,
        method,
        path: "/v1/:account",
        action: "bulk-delete",
        policy: "object-store:write_account",
        of: places.account.write,
        body: "stream",
        success: 200,
        handler: remove,
      }),
    ),
    ...(
      [
        ["accounts", "/v1/:account", places.account.write, "object-store:write_account"],
        ["containers", "/v1/:account/:container", places.object.write, "object-store:write_object"],
        ["objects", "/v1/:account/:container/:object", places.object.write, "object-store:write_object"],
      ] as const
    ).map(([name, path, of, policy]) =>
      route<unknown, Place>({
        name: `bulk:extract-into-${name}`,
        method: "PUT",
        path,
        action: "extract-archive",
        policy,
        of,
        body: "stream",
        success: 200,
        handler: extract,
      }),
    ),
  ];

  async function remove(request: BulkRequest): Promise<ApiResponse> {
    const { thing, bytes, headers } = request;
    const type = headers.get("content-type");
    if (
      type !== null &&
      type !== "" &&
      !type.startsWith("text/plain") &&
      !type.startsWith("application/x-www-form-urlencoded")
    )
      return reportAnswer(request, "delete", { ...NOTHING, "Response Status": "406 Not Acceptable" });
    if (bytes === null) throw badRequest("");
    try {
      const names = await namesOf(bytes);
      return reportAnswer(
        request,
        "delete",
        await bulk.delete(thing.accountId, names, mayWrite(request), request.pause),
      );
    } catch (error) {
      if (!(error instanceof ApiError) || ![400, 413].includes(error.status)) throw error;
      const status = error.status === 413 ? "413 Request Entity Too Large" : "400 Bad Request";
      return reportAnswer(request, "delete", { ...NOTHING, "Response Status": status, "Response Body": error.message });
    }
  }

  async function extract(request: BulkRequest): Promise<ApiResponse> {
    const { thing, query, bytes, headers, context } = request;
    const kind = (query.get("extract-archive") ?? "").toLowerCase().replace(/^\.+|\.+$/g, "");
    const unpack = UNPACKED[kind];
    if (bytes === null || unpack === undefined) throw badRequest("Unsupported archive format");
    const archive = unpack(bytes, core.kernel.settings.objectStore.maxFileSize);
    const base = [thing.containerName, thing.name].filter((part) => part !== "").join("/");
    const now = core.stamps.seconds();
    const report = await bulk.extract(thing.accountId, base, archive, {
      may: mayWrite(request),
      pause: request.pause,
      unlimited: isReseller(context),
      attributes: (name, pax) => sentAttributes(fileHeaders(headers, pax), name, now),
    });
    return reportAnswer(request, "extract", report);
  }

  function mayWrite(request: BulkRequest) {
    const { thing } = request;
    return (container: string): boolean => {
      if (container === "") return request.allowed("object-store:write_account", thing.owned);
      const elsewhere = places.elsewhere(thing, thing.accountId, container, "write", null);
      return request.allowed("object-store:write_object", elsewhere.owned);
    };
  }
}

/** More than a file may be long, an archive may unpack to as many times what was sent: gzip never does. */
const MOST_UNPACKED = 1100;

/** By the kind of an archive: its tar. */
const UNPACKED: Readonly<
  Record<string, (bytes: AsyncIterable<Uint8Array>, free: number) => AsyncIterable<Uint8Array>>
> = {
  tar: (bytes) => bytes,
  "tar.gz": (bytes, free) => limited(bytes, unzipped, free),
  "tar.bz2": (bytes, free) => limited(bytes, bunzip2, free),
};

/** `free`: bytes that may come of however few. Errors: BadTar for more than those and that many times what was read for it. */
async function* limited(
  source: AsyncIterable<Uint8Array>,
  unpack: (source: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>,
  free: number,
): AsyncGenerator<Uint8Array> {
  let sent = 0;
  let unpacked = 0;
  async function* counted() {
    for await (const chunk of source) {
      sent += chunk.byteLength;
      yield chunk;
    }
  }
  for await (const piece of unpack(counted())) {
    unpacked += piece.byteLength;
    if (unpacked > free && unpacked > sent * MOST_UNPACKED) throw new BadTar("it unpacks to too much");
    yield piece;
  }
}

/** An error of the source, or of what it sends, ends what is read. */
function unzipped(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const gunzip = createGunzip();
  pipeline(Readable.from(source), gunzip, () => {});
  return gunzip;
}

const NOTHING: BulkReport = {
  "Number Deleted": 0,
  "Number Not Found": 0,
  "Response Body": "",
  "Response Status": "200 OK",
  Errors: [],
};

/** One name a line, percent-encoded. Errors: 400, 413. */
async function namesOf(source: AsyncIterable<Uint8Array>): Promise<string[]> {
  const names: string[] = [];
  const longest = (LIMITS.max_object_name_length + LIMITS.max_container_name_length) * 3 * 2;
  const add = (line: Buffer) => {
    const name = line.toString("utf8").trim();
    if (name === "") return;
    names.push(decodedName(name));
    const most = BULK_LIMITS.delete.max_deletes_per_request;
    if (names.length > most) throw new ApiError(413, `Maximum Bulk Deletes: ${most} per request`);
  };
  let rest = Buffer.alloc(0);
  for await (const chunk of source) {
    rest = Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10)) {
      add(rest.subarray(0, end));
      rest = rest.subarray(end + 1);
    }
    if (rest.byteLength > longest) throw badRequest("Invalid File Name");
  }
  add(rest);
  return names;
}

function decodedName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

const XATTRS = /^(?:SCHILY\.xattr|LIBARCHIVE\.xattr)\.user\.(mime_type|meta\..+)$/;

/** What an archive tells of a file beside its bytes, as a PUT would. */
function fileHeaders(sent: Headers, pax: ReadonlyMap<string, string>): Headers {
  const headers = new Headers();
  for (const [name, value] of sent) {
    if (name === "x-delete-at" || name === "x-delete-after" || name.startsWith("x-object-meta-"))
      headers.set(name, value);
  }
  for (const [key, value] of pax) {
    const [, name] = XATTRS.exec(key) ?? [];
    if (name === undefined) continue;
    const header = name === "mime_type" ? "content-type" : `x-object-meta-${name.slice("meta.".length)}`;
    headers.set(header, Buffer.from(value).toString("latin1"));
  }
  return headers;
}
