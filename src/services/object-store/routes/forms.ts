import { ApiError } from "../../../kernel/errors.ts";
import { type AnyRoute, type ApiRequest, type ApiResponse, route } from "../../../kernel/http/route.ts";
import { badRequest, containerNotFound, notAuthorized } from "../errors.ts";
import { sentAttributes } from "../manager/attributes.ts";
import { type FormPart, readForm } from "../manager/form-data.ts";
import type { Managers } from "../manager/index.ts";
import { expiryOf, isSignedBy, signature, signingKeys } from "../manager/temp-url.ts";
import { withCors } from "./cors.ts";
import { checkName } from "./objects.ts";
import { mountsOf } from "./touched.ts";

const LONGEST_VALUE = 4096;

const plain = (message: string) =>
  badRequest(`FormPost: ${message}`, "InvalidRequest", { "content-type": "text/plain" });
const unauthorized = (message: string) =>
  notAuthorized(`FormPost: ${message}`, { "www-authenticate": 'Swift realm="unknown"' });

/** Files of a browser's form, which a signature of the account's or container's owner allows: [formpost]. */
export function formRoutes(managers: Managers): AnyRoute[] {
  return (["/v1/:account/:container", "/v1/:account/:container/:object"] as const).map((path, index) =>
    route({
      name: index === 0 ? "forms:post-to-container" : "forms:post-to-prefix",
      method: "POST",
      path,
      action: "form",
      policy: "object-store:form",
      body: "stream",
      success: 201,
      async handler(request) {
        const container = managers.containers.get(request.param("account"), request.param("container"));
        return withCors(container, request, await post(managers, request));
      },
    }),
  );
}

async function post(managers: Managers, request: ApiRequest): Promise<ApiResponse> {
  const { headers, bytes } = request;
  const boundary = /boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(headers.get("content-type") ?? "");
  if (bytes === null || boundary === null) throw plain("invalid starting boundary");
  const fields: Record<string, string> = {};
  let files = 0;
  let outcome: { status: string; message: string } | null = null;
  for await (const part of readForm(bytes, boundary[1] ?? boundary[2] ?? "")) {
    if (part.filename === null || part.filename === "") {
      fields[part.name.toLowerCase()] = await textOf(part);
      continue;
    }
    files += 1;
    if (files > integer(fields.max_file_count, "max_file_count not an integer")) {
      outcome = { status: "400 Bad Request", message: "Max File Count Exceeded" };
      break;
    }
    await put(managers, request, fields, part);
    outcome = { status: "201 Created", message: "" };
  }
  return answer(outcome ?? { status: "400 Bad Request", message: "No Files To Process" }, fields.redirect ?? "");
}

/** Errors: 400, 401, 404, 413. */
async function put(
  managers: Managers,
  request: ApiRequest,
  fields: Readonly<Record<string, string>>,
  part: FormPart,
): Promise<void> {
  const { contents, containers, accounts, objects, legacy, core } = managers;
  const accountId = request.param("account");
  const container = containers.get(accountId, request.param("container"));
  const keys = [
    ...signingKeys("account", accounts.get(accountId)?.headers ?? {}),
    ...signingKeys("container", container?.headers ?? {}),
  ];
  if (keys.length === 0) throw unauthorized("Invalid Signature");
  const limit = integer(fields.max_file_size, "max_file_size not an integer");
  const now = core.stamps.seconds();
  if (!/^\d+$/.test(fields.expires ?? "0")) throw plain("expired not an integer");
  if (expiryOf(fields.expires ?? "0", now) === 0) throw unauthorized("Form Expired");
  const signed = [
    fields.redirect ?? "",
    fields.max_file_size ?? "0",
    fields.max_file_count ?? "0",
    fields.expires ?? "0",
  ];
  const given = signature(fields.signature ?? "");
  const texts = mountsOf(request.baseUrl).map((mount) =>
    [mount + decodeURIComponent(request.path), ...signed].join("\n"),
  );
  if (given === null || !texts.some((text) => isSignedBy(keys, text, given))) throw unauthorized("Invalid Signature");
  if (container === undefined) throw containerNotFound();
  const name = request.param("object") === "" ? (part.filename ?? "") : request.param("object") + part.filename;
  checkName(name);
  const attributes = sentAttributes(fileHeaders(fields, part), name, now);
  const received = await contents
    .receive(part.bytes(), { limit: Math.min(limit, core.kernel.settings.objectStore.maxFileSize) })
    .catch((error) => {
      throw error instanceof ApiError && error.status === 413 ? plain("max_file_size exceeded") : error;
    });
  objects.put(container, name, { received }, attributes, { check: (current) => legacy.archive(container, current) });
}

function fileHeaders(fields: Readonly<Record<string, string>>, { headers: sent }: FormPart): Headers {
  const headers = new Headers();
  headers.set("content-type", fields["content-type"] ?? sent.get("content-type") ?? "application/octet-stream");
  const encoding = fields["content-encoding"] ?? sent.get("content-encoding");
  if (encoding !== undefined) headers.set("content-encoding", encoding);
  for (const [field, header, what] of [
    ["x_delete_at", "x-delete-at", "x_delete_at not an integer: Unix timestamp required."],
    ["x_delete_after", "x-delete-after", "x_delete_after not an integer: Number of seconds required."],
  ] as const) {
    const value = fields[field];
    if (value === undefined) continue;
    if (!/^-?\d+$/.test(value)) throw plain(what);
    headers.set(header, value);
  }
  return headers;
}

function answer({ status, message }: { status: string; message: string }, redirect: string): ApiResponse {
  const code = Number(status.slice(0, 3));
  if (redirect === "") {
    const text = message === "" ? status : `${status}\r\nFormPost: ${message}`;
    return {
      status: code,
      headers: { "content-type": "text/plain", "content-length": String(text.length) },
      raw: text,
    };
  }
  const location = `${redirect}${redirect.includes("?") ? "&" : "?"}status=${code}&message=${encodeURIComponent(message.toLowerCase())}`;
  const href = location.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
  const text = `<html><body><p><a href="${href}">Click to continue...</a></p></body></html>`;
  return {
    status: 303,
    headers: {
      location: headerSafe(location),
      "content-type": "text/html; charset=UTF-8",
      "content-length": String(Buffer.byteLength(text)),
    },
    raw: text,
  };
}

/** A form's own words do not end the header they stand in. */
const headerSafe = (text: string): string => encodeURI(text.replace(/[\r\n]/g, "")).replaceAll("%25", "%");

async function textOf(part: FormPart): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of part.bytes()) {
    size += chunk.byteLength;
    if (size <= LONGEST_VALUE) chunks.push(chunk);
  }
  // As real Swift takes the end of a field: with blank lines, and dashes of a boundary that begins with them.
  return Buffer.concat(chunks)
    .toString("utf8")
    .replace(/[\r\n-]+$/, "");
}

/** Errors: 400. */
function integer(text: string | undefined, message: string): number {
  if (text === undefined || text === "") return 0;
  if (!/^\d{1,15}$/.test(text)) throw plain(message);
  return Number(text);
}
