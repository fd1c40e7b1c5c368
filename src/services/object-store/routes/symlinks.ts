import { ApiError, conflict } from "../../../kernel/errors.ts";
import type { ApiResponse } from "../../../kernel/http/route.ts";
import { badRequest } from "../errors.ts";
import type { Managers } from "../manager/index.ts";
import { wholeEtag, wholeSize } from "../manager/large-objects.ts";
import { splitPath } from "../manager/reading.ts";
import type { SystemData } from "../states.ts";
import type { ContainerRow } from "../store/containers.ts";
import type { ObjectRow } from "../store/objects.ts";
import type { ObjectRequest } from "./objects.ts";
import { type Place, type Places, refused } from "./touched.ts";

type Link = NonNullable<SystemData["symlink"]>;

const plain = (message: string) => badRequest(message, "InvalidRequest", { "content-type": "text/plain" });

/** Where a PUT's X-Symlink-Target leads; null: it makes no link. Errors: 400, 409 for a static link whose target is not what was said. */
export function linkAttributes({ containers, objects }: Managers, places: Places, request: ObjectRequest): Link | null {
  const { headers, thing } = request;
  const sent = headers.get("x-symlink-target");
  const etag = headers.get("x-symlink-target-etag")?.replace(/^"(.*)"$/, "$1");
  const account = headers.get("x-symlink-target-account");
  if (sent === null || sent === "") {
    if (etag !== undefined || account !== null) throw plain("X-Symlink-Target header is required");
    return null;
  }
  const target = unquoted(sent).replace(/^\/+/, "");
  const [containerName, name] = splitPath(target);
  if (containerName === undefined || name === undefined)
    throw new ApiError(412, "X-Symlink-Target header must be of the form <container name>/<object name>");
  if (account?.includes("/")) throw new ApiError(412, "Account name cannot contain slashes");
  const accountId = account ?? thing.accountId;
  if (accountId === thing.accountId && containerName === thing.containerName && name === thing.name)
    throw plain("Symlink cannot target itself");
  const link: Link = { target, ...(account === null ? {} : { account: accountId }) };
  if (etag === undefined) return link;
  const elsewhere: Place = places.elsewhere(thing, accountId, containerName, "read", headers);
  if (!request.allowed("object-store:read_object", elsewhere.owned)) throw refused(thing);
  const container = containers.get(accountId, containerName);
  const found = container === undefined ? undefined : objects.get(container.id, name);
  if (found === undefined) throw conflict("X-Symlink-Target does not exist");
  if (wholeEtag(found) !== etag)
    throw conflict(
      `Object Etag ${JSON.stringify(wholeEtag(found))} does not match X-Symlink-Target-Etag header ${JSON.stringify(etag)}`,
    );
  return { ...link, etag, bytes: wholeSize(found) };
}

/** What `?symlink=get` tells of a link. */
export function linkHeaders({ system: { symlink } }: ObjectRow): Record<string, string> {
  if (symlink === undefined) return {};
  const { target, account, etag, bytes } = symlink;
  return {
    "x-symlink-target": encodeURI(target),
    ...(account === undefined ? {} : { "x-symlink-target-account": account }),
    ...(etag === undefined ? {} : { "x-symlink-target-etag": etag, "x-symlink-target-bytes": String(bytes ?? 0) }),
  };
}

/** Metadata of a link is its target's: the client is sent there. */
export function redirectPost(
  { thing }: ObjectRequest,
  _container: ContainerRow,
  { system: { symlink } }: ObjectRow,
): ApiResponse {
  const { target = "", account = thing.accountId } = symlink ?? {};
  const location = `/v1/${account}/${encodeURI(target)}`;
  const body = "The requested POST was applied to a symlink. POST directly to the target to apply requested metadata.";
  return {
    status: 307,
    headers: { location, "content-type": "text/plain", "content-length": String(body.length) },
    raw: body,
  };
}

export function unquoted(text: string): string {
  try {
    return decodeURIComponent(Buffer.from(text, "latin1").toString("utf8"));
  } catch {
    throw new ApiError(412, "Invalid UTF8 or contains NULL");
  }
}
