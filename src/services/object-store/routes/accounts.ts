import { type AnyRoute, type ApiRequest, type ApiResponse, route } from "../../../kernel/http/route.ts";
import { accountNotFound, badRequest, denied } from "../errors.ts";
import type { Managers } from "../manager/index.ts";
import { checkKept, MASTERS_ONLY, metadataChanges } from "../manager/metadata.ts";
import { isMaster, isReseller } from "../policies.ts";
import type { AccountRow } from "../store/accounts.ts";
import { POLICY } from "../values/limits.ts";
import { timestampOf } from "../values/stamps.ts";
import { accountListing, CONTENT_TYPES } from "../views/listings.ts";
import { listed, listQuery, wantedFormat } from "./accept.ts";
import type { Place, Places } from "./touched.ts";

const QUOTA = "x-account-meta-quota-bytes";

export function accountRoutes({ accounts, core }: Managers, { account }: Places): AnyRoute[] {
  return [
    route<unknown, Place>({
      name: "accounts:show",
      method: "GET",
      path: "/v1/:account",
      policy: "object-store:read_account",
      of: account.read,
      success: 200,
      handler: (request) => show(request),
    }),
    route<unknown, Place>({
      name: "accounts:update",
      method: "POST",
      path: "/v1/:account",
      policy: "object-store:write_account",
      of: account.write,
      body: "stream",
      success: 204,
      handler({ thing, headers, context }) {
        accounts.post(thing.accountId, accountChanges(headers, isReseller(context)), checkKept);
        return undefined;
      },
    }),
    // allow_account_management is off: accounts come with projects.
    ...(["PUT", "DELETE"] as const).map((method) =>
      route<unknown, Place>({
        name: `accounts:${method === "PUT" ? "create" : "delete"}`,
        method,
        path: "/v1/:account",
        policy: method === "PUT" ? "object-store:write_account" : "object-store:manage_account",
        of: account.write,
        body: "stream",
        success: 204,
        handler: () => ({ status: 405, headers: { allow: "HEAD, GET, POST, OPTIONS" } }),
      }),
    ),
  ];

  function show(request: ApiRequest<unknown, Place>): ApiResponse {
    const { thing, context, method } = request;
    const { accountId } = thing;
    const wanted = wantedFormat(request);
    const row = thing.account();
    // One that was never written to looks like one that is empty.
    const headers = row === undefined ? emptyHeaders() : accountHeaders(row, isMaster(context, thing.owned));
    if (thing.owned.projectId === context.projectId && row !== undefined)
      headers["x-account-project-domain-id"] = context.projectDomainId ?? "default";
    const contentType = CONTENT_TYPES[wanted.format];
    if (method === "HEAD") {
      const vary: Record<string, string> = wanted.varies ? { vary: "Accept" } : {};
      return { status: 204, headers: { "content-type": contentType, ...headers, ...vary, "content-length": "0" } };
    }
    if (accountId === "") throw accountNotFound();
    const body = accountListing(wanted.format, accountId, accounts.list(accountId, listQuery(request)));
    return listed(body, wanted, contentType, headers);
  }

  function emptyHeaders(): Record<string, string> {
    const now = timestampOf(core.stamps.next());
    return {
      "x-account-container-count": "0",
      "x-account-object-count": "0",
      "x-account-bytes-used": "0",
      "x-timestamp": now,
      "x-put-timestamp": now,
    };
  }
}

function accountHeaders(row: AccountRow, master: boolean): Record<string, string> {
  const counts = {
    "container-count": String(row.container_count),
    "object-count": String(row.object_count),
    "bytes-used": String(row.bytes_used),
  };
  const all: Record<string, string> = {};
  for (const [name, count] of Object.entries(counts)) all[`x-account-${name}`] = count;
  all["x-timestamp"] = timestampOf(row.stamp);
  for (const [name, count] of Object.entries(counts))
    all[`x-account-storage-policy-${POLICY.toLowerCase()}-${name}`] = count;
  for (const [name, value] of Object.entries(row.headers)) {
    if (name === QUOTA) all["x-account-quota-bytes"] = value;
    if (master || !MASTERS_ONLY.has(name)) all[name] = value;
  }
  all["accept-ranges"] = "bytes";
  return all;
}

/** Errors: 400; 403 for a quota, which is not its holder's to set. */
function accountChanges(headers: Headers, reseller: boolean): Record<string, string> {
  const changes = metadataChanges(headers, "account");
  for (const name of ["x-account-quota-bytes", "x-remove-account-quota-bytes"]) {
    const value = headers.get(name);
    if (value !== null) changes[QUOTA] = name.startsWith("x-remove") ? "" : value;
  }
  const quota = changes[QUOTA];
  if (quota !== undefined && !reseller) throw denied();
  if (quota !== undefined && !/^\d*$/.test(quota)) throw badRequest("");
  const lists = headers.get("x-account-access-control");
  if (lists !== null) changes["x-account-access-control"] = lists === "" ? "" : accessLists(lists);
  return changes;
}

/** Errors: 400. */
function accessLists(text: string): string {
  const wrong = () => badRequest("X-Account-Access-Control header is not a valid list of access");
  let lists: unknown;
  try {
    lists = JSON.parse(text);
  } catch {
    throw wrong();
  }
  if (typeof lists !== "object" || lists === null || Array.isArray(lists)) throw wrong();
  for (const [name, users] of Object.entries(lists)) {
    const isList = Array.isArray(users) && users.every((user) => typeof user === "string");
    if (!["admin", "read-write", "read-only"].includes(name) || !isList) throw wrong();
  }
  return Object.keys(lists).length === 0 ? "" : JSON.stringify(lists);
}
