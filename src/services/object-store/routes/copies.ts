import { ApiError } from "../../../kernel/errors.ts";
import type { ApiResponse } from "../../../kernel/http/route.ts";
import { badRequest, objectNotFound } from "../errors.ts";
import { copiedAttributes } from "../manager/attributes.ts";
import type { Managers } from "../manager/index.ts";
import type { Bytes } from "../manager/objects.ts";
import { splitPath } from "../manager/reading.ts";
import { isReseller } from "../policies.ts";
import type { ContainerRow } from "../store/containers.ts";
import type { ObjectRow } from "../store/objects.ts";
import { requireConditions } from "../values/conditions.ts";
import { spansOf } from "../values/ranges.ts";
import { httpDateOf } from "../values/stamps.ts";
import { checkName, containerOf, type ObjectRequest, putHeaders } from "./objects.ts";
import { unquoted } from "./symlinks.ts";
import { type Place, type Places, refused } from "./touched.ts";
import { versionStamp } from "./versions.ts";

/** `COPY` with Destination. The record has asked whether the source may be read; this asks for the other end. */
export async function copyTo(managers: Managers, places: Places, request: ObjectRequest): Promise<ApiResponse> {
  const { thing, headers, query } = request;
  if (thing.signed !== null) throw badRequest("");
  const [containerName, name] = pathOf(headers.get("destination"), "Destination");
  const account = accountOf(headers.get("destination-account")) ?? thing.accountId;
  const target = { ...places.elsewhere(thing, account, containerName, "write", null), name };
  if (!request.allowed("object-store:write_object", target.owned)) throw refused(thing);
  return copy(managers, places, request, { source: thing, target, version: query.get("version-id") });
}

/** `PUT` with X-Copy-From: the record is about the target, this asks whether the source may be read. */
export async function copyFrom(managers: Managers, places: Places, request: ObjectRequest): Promise<ApiResponse> {
  const { thing, headers, bytes } = request;
  if (bytes !== null && (bytes.announced ?? 0) > 0)
    throw badRequest("Copy requests require a zero byte body", "InvalidRequest", { "content-type": "text/plain" });
  const sent = headers.get("x-copy-from") ?? "";
  const [plain = "", search = ""] = sent.split("?");
  const [containerName, name] = pathOf(plain, "X-Copy-From");
  const account = accountOf(headers.get("x-copy-from-account")) ?? thing.accountId;
  const source = { ...places.elsewhere(thing, account, containerName, "read", headers), name };
  if (!request.allowed("object-store:read_object", source.owned)) throw refused(thing);
  return copy(managers, places, request, {
    source,
    target: thing,
    version: new URLSearchParams(search).get("version-id"),
  });
}

async function copy(
  managers: Managers,
  places: Places,
  request: ObjectRequest,
  { source, target, version }: { source: Place; target: Place; version: string | null },
): Promise<ApiResponse> {
  const { objects, reading, contents, legacy, core } = managers;
  const { headers, query } = request;
  const from = containerOf(source);
  const to = containerOf(target);
  checkName(target.name);
  const row =
    version === null ? objects.get(from.id, source.name) : objects.version(from.id, source.name, versionStamp(version));
  if (row === undefined) throw objectNotFound();
  const mayRead = (account: string, container: string): void => {
    const elsewhere = places.elsewhere(source, account, container, "read", headers);
    if (!request.allowed("object-store:read_object", elsewhere.owned)) throw refused(source);
  };
  const isLink = query.get("symlink") === "get";
  const at = isLink ? { container: from, row } : reading.follow(from, row, mayRead);
  const isManifest = query.get("multipart-manifest") === "get";
  const bytes = isManifest || isLink ? reading.own(at.row) : reading.whole(at.container, at.row, mayRead);
  const spans = spansOf(headers.get("range"), bytes.size);
  if (spans !== null && spans.length !== 1) throw new ApiError(416, "");
  const [span] = spans ?? [];
  const taken = await takenBytes();
  const attributes = copiedAttributes(headers, at.row, core.stamps.seconds());
  // What is copied as a whole is no manifest any more.
  const { "x-object-manifest": dynamic, ...plain } = attributes.headers;
  const kept =
    isManifest && dynamic !== undefined
      ? attributes.headers
      : headers.get("x-object-manifest") === null
        ? plain
        : attributes.headers;
  const system = isManifest || isLink ? { system: at.row.system } : {};
  const put = objects.put(
    to,
    target.name,
    taken,
    { ...attributes, headers: kept, ...system },
    {
      unlimited: isReseller(request.context),
      check(current) {
        requireConditions(headers, current);
        legacy.archive(to, current);
      },
    },
  );
  return { status: 201, headers: copyHeaders(put, to, at.row, source) };

  /** Shared where it is all of one object; else read and written anew. */
  async function takenBytes(): Promise<Bytes> {
    if (span === undefined && !bytes.isLarge) return { of: at.row };
    const { start, end } = span ?? { start: 0, end: bytes.size };
    const atHand = bytes.atHand();
    if (atHand !== null || start === end)
      return { received: await contents.receiveBytes(atHand?.subarray(start, end) ?? new Uint8Array()) };
    const opened = await bytes.open(start, end);
    try {
      return {
        received: await contents.receive(opened.chunks(), {
          limit: core.kernel.settings.objectStore.maxFileSize,
          expected: end - start,
        }),
      };
    } finally {
      await opened.close();
    }
  }
}

function copyHeaders(
  row: ObjectRow,
  container: ContainerRow,
  source: ObjectRow,
  { accountId, containerName, name }: Place,
): Record<string, string> {
  const meta = Object.entries(row.headers).filter(([header]) => header.startsWith("x-object-meta-"));
  return {
    ...putHeaders(row, container),
    ...Object.fromEntries(meta),
    "x-copied-from-account": accountId,
    "x-copied-from": `${encodeURIComponent(containerName)}/${name.split("/").map(encodeURIComponent).join("/")}`,
    "x-copied-from-last-modified": httpDateOf(source.stamp),
  };
}

/** Errors: 412. */
function pathOf(header: string | null, shown: string): [string, string] {
  const [container, name] = splitPath(unquoted(header ?? ""));
  if (header === null || header === "") throw new ApiError(412, "Destination header required");
  if (container === undefined || name === undefined)
    throw new ApiError(412, `${shown} header must be of the form <container name>/<object name>`);
  return [container, name];
}

/** Errors: 412. */
function accountOf(header: string | null): string | null {
  if (header === null || header === "") return null;
  const account = unquoted(header);
  if (account.includes("/")) throw new ApiError(412, "Account name cannot contain slashes");
  return account;
}
