import { ApiError } from "../../../../kernel/errors.ts";
import { type AnyRoute, type ApiResponse, route } from "../../../../kernel/http/route.ts";
import { s3Error } from "../../errors.ts";
import type { Managers } from "../../manager/index.ts";
import {
  bucketSettings,
  objectSettings,
  type RoutingRule,
  type Website,
} from "../../manager/s3/settings-of-buckets.ts";
import type { ContainerRow } from "../../store/containers.ts";
import type { ObjectRow } from "../../store/objects.ts";
import { readStatus } from "./conditions.ts";
import { objectHeaders } from "./object-headers.ts";
import type { S3Places, S3Request } from "./place.ts";
import { withCors } from "./preflight.ts";
import { objectReads } from "./reads.ts";

const TITLES: Readonly<Record<number, string>> = { 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed" };

/** A bucket as a web site: at hosts "<bucket>.s3-website.…". What may be read is what anybody may. */
export function websiteRoutes(managers: Managers, places: S3Places): AnyRoute[] {
  const { objects } = managers;
  const { readable, answer } = objectReads(managers, places);
  return [
    route({
      name: "s3-website:show",
      method: "GET",
      path: "/:bucket/website/:key",
      // Each object is asked for as it is come to: an index, a page of an error.
      policy: "object-store:website",
      body: "stream",
      success: 200,
      handler: (request) => show(request as S3Request),
    }),
  ];

  async function show(request: S3Request): Promise<ApiResponse> {
    const bucket = places.bucketOf(request.context, request.param("bucket"));
    if (bucket === undefined) return page(request, 404, s3Error("NoSuchBucket"));
    const { website } = bucketSettings(bucket);
    if (website === undefined) return page(request, 404, s3Error("NoSuchWebsiteConfiguration"));
    const { redirectAll } = website;
    const key = request.param("key");
    if (redirectAll !== undefined)
      return redirect(request, { protocol: redirectAll.protocol, host: redirectAll.host, key, code: 301 });
    const before = ruleFor(website, key, null);
    if (before !== undefined) return ruled(request, before, key);
    try {
      return withCors(bucket, request, await object(request, bucket, website, key));
    } catch (error) {
      if (!(error instanceof ApiError) || (error.status !== 404 && error.status !== 403)) throw error;
      const after = ruleFor(website, key, error.status);
      if (after !== undefined) return ruled(request, after, key);
      return errorPage(request, bucket, website, error);
    }
  }

  /** Errors: 403, 404. */
  async function object(
    request: S3Request,
    bucket: ContainerRow,
    { index = "" }: Website,
    key: string,
  ): Promise<ApiResponse> {
    const name = key === "" || key.endsWith("/") ? `${key}${index}` : key;
    const row = objects.get(bucket.id, name);
    if (row === undefined && name === key && objects.get(bucket.id, `${key}/${index}`) !== undefined)
      return { status: 302, headers: { location: `/${encodeURI(key)}/` } };
    mayRead(request, bucket, name);
    if (row === undefined) throw s3Error("NoSuchKey", "", { Key: name });
    const elsewhere = objectSettings(row).redirect;
    if (elsewhere !== undefined) return { status: 301, headers: { location: elsewhere } };
    return shown(request, bucket, row, 200);
  }

  function mayRead(request: S3Request, bucket: ContainerRow, name: string): void {
    const act = { action: "s3:GetObject", needed: { of: "object", permission: "READ" } as const, reads: true };
    if (!places.may(request, bucket, name, act)) throw s3Error("AccessDenied");
  }

  async function shown(request: S3Request, bucket: ContainerRow, row: ObjectRow, status: number): Promise<ApiResponse> {
    const { readable: bytes, row: own } = readable(request, bucket, row);
    const headers = objectHeaders(request, bucket, own, bytes);
    if (status === 200) {
      const refused = readStatus(request.headers, bytes);
      if (refused === 304) return { status: 304, headers, raw: "" };
      if (refused === 412) throw s3Error("PreconditionFailed");
    }
    return { ...(await answer(request.method, bytes, null, headers)), status };
  }

  async function errorPage(
    request: S3Request,
    bucket: ContainerRow,
    { error: name }: Website,
    error: ApiError,
  ): Promise<ApiResponse> {
    const row = name === undefined ? undefined : objects.get(bucket.id, name);
    try {
      if (name !== undefined && row !== undefined) {
        mayRead(request, bucket, name);
        return await shown(request, bucket, row, error.status);
      }
    } catch {
      // The page of the error is not for everybody: this one is.
    }
    return page(request, error.status, error);
  }
}

function ruleFor({ rules }: Website, key: string, status: number | null): RoutingRule | undefined {
  return rules.find(({ condition = {} }) => {
    if (condition.errorCode !== undefined ? condition.errorCode !== status : status !== null) return false;
    return condition.prefix === undefined || key.startsWith(condition.prefix);
  });
}

function ruled(request: S3Request, { condition, redirect: to }: RoutingRule, key: string): ApiResponse {
  const rest = to.replacePrefix === undefined ? key : to.replacePrefix + key.slice(condition?.prefix?.length ?? 0);
  return redirect(request, { protocol: to.protocol, host: to.host, key: to.replaceKey ?? rest, code: to.code ?? 301 });
}

function redirect(
  { baseUrl, headers }: S3Request,
  { protocol, host, key, code }: { protocol: string | undefined; host: string | undefined; key: string; code: number },
): ApiResponse {
  const scheme = protocol ?? new URL(baseUrl).protocol.slice(0, -1);
  const location = `${scheme}://${host ?? headers.get("host") ?? ""}/${key.split("/").map(encodeURIComponent).join("/")}`;
  return { status: code, headers: { location } };
}

function page({ id }: S3Request, status: number, { type, message }: ApiError): ApiResponse {
  const title = `${status} ${TITLES[status] ?? "Error"}`;
  const raw = `<html>\n<head><title>${title}</title></head>\n<body>\n<h1>${title}</h1>\n<ul>\n<li>Code: ${type}</li>\n<li>Message: ${message}</li>\n<li>RequestId: ${id}</li>\n</ul>\n</body>\n</html>\n`;
  return { status, headers: { "content-type": "text/html; charset=utf-8" }, raw };
}
