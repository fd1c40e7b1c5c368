import type { ApiRequest, ApiResponse } from "../../../kernel/http/route.ts";
import type { Managers } from "../manager/index.ts";
import { isTempUrl } from "../manager/temp-url.ts";
import type { ContainerRow } from "../store/containers.ts";
import type { ObjectRow } from "../store/objects.ts";
import { disabledPage, webListingPage } from "../views/web-listing.ts";
import { isTrue } from "./accept.ts";
import { objectHeaders } from "./object-headers.ts";
import { reply } from "./reply.ts";
import type { Place } from "./touched.ts";

type WebRequest = ApiRequest<unknown, Place>;

const meta = ({ headers }: ContainerRow, name: string): string =>
  (headers[`x-container-meta-web-${name}`] ?? "").trim();

/** A container is a web site for who comes without a token, and for who says so. */
export function isWeb({ thing, headers }: WebRequest): boolean {
  return thing.isAnonymous || isTrue(headers.get("x-web-mode"));
}

/** A container asked for as a web site: its index, or a page that lists it; null: it is none. */
export async function webContainer(
  managers: Managers,
  request: WebRequest,
  container: ContainerRow,
): Promise<ApiResponse | null> {
  if (!isWeb(request)) return null;
  const index = meta(container, "index");
  if (index === "" && meta(container, "listings") === "")
    return isTrue(request.headers.get("x-web-mode")) ? { status: 404 } : null;
  if (!request.path.endsWith("/")) return withSlash(request);
  const row = index === "" ? undefined : managers.objects.get(container.id, index);
  return row === undefined ? listing(managers, request, container, "") : page(managers, request, { container, row });
}

/** An object that is not there, or only marks a folder, asked for as a page: the folder's index, or a page that lists it. */
export async function webFolder(
  managers: Managers,
  request: WebRequest,
  container: ContainerRow,
): Promise<ApiResponse | null> {
  if (!isWeb(request)) return null;
  const { objects, containers } = managers;
  const { name } = request.thing;
  const index = meta(container, "index");
  const listings = meta(container, "listings") !== "";
  if (index === "" && !listings) return errorPage(managers, request, container, { status: 404 });
  const folder = name.endsWith("/") ? name : `${name}/`;
  const row = index === "" ? undefined : objects.get(container.id, folder + index);
  if (row !== undefined) return name === folder ? page(managers, request, { container, row }) : withSlash(request);
  const isFolder = containers.list(container, { limit: 1, prefix: folder }).length > 0;
  if (!isFolder) return errorPage(managers, request, container, { status: 404 });
  return name === folder ? listing(managers, request, container, folder) : withSlash(request);
}

/** Whether an object only stands for its folder. */
export const marksFolder = (row: ObjectRow, container: ContainerRow): boolean =>
  row.size <= 1 && row.content_type === (meta(container, "directory-type") || "application/directory");

/** The site's own page for an error, where it has one. */
export async function errorPage(
  managers: Managers,
  request: WebRequest,
  container: ContainerRow,
  response: ApiResponse & { status: number },
): Promise<ApiResponse> {
  const error = meta(container, "error");
  if (error === "" || !isWeb(request)) return response;
  const row = managers.objects.get(container.id, `${response.status}${error}`);
  if (row === undefined) return response;
  const shown = await page(managers, { ...request, headers: new Headers() }, { container, row });
  return { ...shown, status: response.status };
}

function page(
  { reading }: Managers,
  request: WebRequest,
  { container, row }: { container: ContainerRow; row: ObjectRow },
) {
  const mayRead = () => {};
  const readable = reading.whole(container, row, mayRead);
  const { method, headers } = request;
  return reply({ method, headers }, { readable, headers: objectHeaders(row, readable) });
}

async function listing(
  managers: Managers,
  request: WebRequest,
  container: ContainerRow,
  prefix: string,
): Promise<ApiResponse> {
  const { query, thing } = request;
  const title = meta(container, "listings-label");
  const label = title === "" ? decodeURIComponent(request.path) : `${title}/${prefix}`;
  if (!isTrue(meta(container, "listings")))
    return errorPage(managers, request, container, html(404, disabledPage(label, meta(container, "index"))));
  const entries = managers.containers.list(container, { limit: 10_000, prefix, delimiter: "/" });
  if (prefix !== "" && entries.length === 0) return errorPage(managers, request, container, { status: 404 });
  const signedPrefix = query.get("temp_url_prefix") ?? "";
  const kept = ["temp_url_prefix", "temp_url_expires", "temp_url_sig", "temp_url_ip_range", "inline"];
  const behind = new URLSearchParams([...query].filter(([name]) => kept.includes(name))).toString();
  const page = webListingPage({
    label,
    prefix,
    css: meta(container, "listings-css"),
    entries,
    query: isTempUrl(query) && thing.signed !== null ? `?${behind}` : "",
    hasParent: prefix.length > signedPrefix.length,
  });
  const answer = html(200, page);
  return { ...answer, headers: { ...answer.headers, vary: "Accept" } };
}

function html(status: number, text: string): ApiResponse & { status: number } {
  return {
    status,
    headers: { "content-type": "text/html; charset=UTF-8", "content-length": String(Buffer.byteLength(text)) },
    raw: text,
  };
}

function withSlash({ baseUrl, path }: WebRequest): ApiResponse {
  return { status: 301, headers: { location: `${baseUrl}${path}/` } };
}
