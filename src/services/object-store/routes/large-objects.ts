import { ApiError } from "../../../kernel/errors.ts";
import { type AnyRoute, type ApiResponse, route } from "../../../kernel/http/route.ts";
import { badRequest, unprocessable } from "../errors.ts";
import { sentAttributes } from "../manager/attributes.ts";
import type { Managers } from "../manager/index.ts";
import { checkedManifest, type FoundSegment, wholeEtag, wholeSize } from "../manager/large-objects.ts";
import { splitPath } from "../manager/reading.ts";
import { isReseller } from "../policies.ts";
import { parseManifest } from "../schemas/manifest.ts";
import { requireConditions } from "../values/conditions.ts";
import { isJoined } from "../values/etags.ts";
import { SLO_LIMITS } from "../values/limits.ts";
import { httpDateOf, isoOf } from "../values/stamps.ts";
import { type Report, reportBody } from "../views/reports.ts";
import { isTrue } from "./accept.ts";
import { reportAnswer, reportFormat } from "./bulk.ts";
import { checkName, containerOf, OBJECT_PATH, type ObjectRequest, putHeaders } from "./objects.ts";
import type { Place, Places } from "./touched.ts";

/** Static large objects: a PUT of a manifest, and a delete with all that it names. */
export function largeObjectRoutes(managers: Managers, places: Places): AnyRoute[] {
  const { containers, objects, contents, core, legacy, reading, bulk } = managers;
  return [
    route<unknown, Place>({
      name: "large-objects:put",
      method: "PUT",
      path: OBJECT_PATH,
      action: "multipart-manifest=put",
      policy: "object-store:write_object",
      of: places.object.write,
      body: "stream",
      success: 201,
      handler: put,
    }),
    route<unknown, Place>({
      name: "large-objects:delete",
      method: "DELETE",
      path: OBJECT_PATH,
      action: "multipart-manifest=delete",
      policy: "object-store:write_object",
      of: places.object.write,
      body: "stream",
      success: 200,
      async handler(request) {
        const { thing } = request;
        containerOf(thing);
        const may = mayWrite(request);
        const report = await bulk.deleteLarge(
          thing.accountId,
          `${thing.containerName}/${thing.name}`,
          may,
          request.pause,
        );
        return reportAnswer(request, "delete", report);
      },
    }),
  ];

  async function put(request: ObjectRequest): Promise<ApiResponse> {
    const { thing, headers, bytes, query, context } = request;
    const container = containerOf(thing);
    checkName(thing.name);
    if (headers.get("x-copy-from") !== null) throw new ApiError(405, "Multipart Manifest PUTs cannot be COPY requests");
    if (bytes === null) throw badRequest("");
    const tooLarge = () => new ApiError(413, `Manifest File > ${SLO_LIMITS.max_manifest_size} bytes`);
    if ((bytes.announced ?? 0) > SLO_LIMITS.max_manifest_size) throw tooLarge();
    const text = await limitedText(bytes, SLO_LIMITS.max_manifest_size, tooLarge);
    const named = parseManifest(text, `${thing.containerName}/${thing.name}`);
    const { manifest, size, etag, problems } = checkedManifest(named, (path) => look(request, path));
    const format = reportFormat(request);
    const heartbeat = isTrue(query.get("heartbeat"));
    if (problems.length > 0) return refusal(request, { problems, heartbeat });
    const sent = headers.get("etag")?.replace(/^"(.*)"$/, "$1");
    if (sent !== undefined && sent !== "" && sent !== etag) throw unprocessable();
    const attributes = sentAttributes(headers, thing.name, core.stamps.seconds());
    const received = await contents.receiveBytes(Buffer.from(manifest));
    const row = objects.put(
      container,
      thing.name,
      { received },
      { ...attributes, system: { slo: { size, etag } } },
      {
        unlimited: isReseller(context),
        check(current) {
          requireConditions(headers, current);
          legacy.archive(container, current);
        },
      },
    );
    const made = { ...putHeaders(row, container), etag: `"${etag}"` };
    if (!heartbeat) return { status: 201, headers: made };
    const report: Report = {
      "Response Status": "201 Created",
      "Response Body": "",
      Etag: `"${etag}"`,
      "Last Modified": httpDateOf(row.stamp),
      Errors: [],
    };
    return {
      status: 202,
      headers: { "content-type": format.contentType },
      raw: ` ${reportBody(format.format, "upload", report)}`,
    };
  }

  function look(request: ObjectRequest, path: string): FoundSegment | null {
    const { thing, headers } = request;
    const [containerName, name] = splitPath(path);
    if (containerName === undefined || name === undefined) return null;
    if (containerName !== thing.containerName) {
      const elsewhere = places.elsewhere(thing, thing.accountId, containerName, "read", headers);
      if (!request.allowed("object-store:read_object", elsewhere.owned)) return null;
    }
    const container = containers.get(thing.accountId, containerName);
    const row = container === undefined ? undefined : objects.get(container.id, name);
    if (container === undefined || row === undefined) return null;
    const target = reading.follow(container, row, () => {}).row;
    return {
      size: wholeSize(target),
      etag: wholeEtag(target),
      content_type: target.content_type,
      last_modified: isoOf(target.stamp),
      isLarge: target.system.slo !== undefined || isJoined(target),
    };
  }

  /** Whether somebody who may write the manifest's container may in another, too. */
  function mayWrite(request: ObjectRequest) {
    const { thing } = request;
    return (container: string): boolean => {
      const elsewhere = places.elsewhere(thing, thing.accountId, container, "write", null);
      return request.allowed("object-store:write_object", elsewhere.owned);
    };
  }
}

/** What is wrong with which segment; with a heartbeat as the last part of an answer that has begun. */
function refusal(
  request: ObjectRequest,
  { problems, heartbeat }: { problems: readonly [string, string][]; heartbeat: boolean },
): ApiResponse {
  const { format, contentType } = reportFormat(request);
  if (!heartbeat)
    return {
      status: 400,
      headers: { "content-type": contentType },
      raw: reportBody(format, "upload", { Errors: problems }),
    };
  const report: Report = {
    "Response Status": "400 Bad Request",
    "Response Body":
      "Bad Request\nThe server could not comply with the request since it is either malformed or otherwise incorrect.",
    Errors: problems,
  };
  return { status: 202, headers: { "content-type": contentType }, raw: ` ${reportBody(format, "upload", report)}` };
}

export async function limitedText(
  source: AsyncIterable<Uint8Array>,
  limit: number,
  tooLarge: () => ApiError,
): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    size += chunk.byteLength;
    if (size > limit) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
