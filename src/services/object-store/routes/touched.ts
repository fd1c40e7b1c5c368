import type { Identity } from "../../../kernel/auth/context.ts";
import type { ApiError } from "../../../kernel/errors.ts";
import type { Lookup, Touched } from "../../../kernel/http/route.ts";
import { denied, notAuthorized } from "../errors.ts";
import { type Acl, groupsName, parseAcl, referrerAllowed } from "../manager/acl.ts";
import type { Managers } from "../manager/index.ts";
import { isTempUrl, signingKeys, tempUrlScope } from "../manager/temp-url.ts";
import type { Owned } from "../policies.ts";
import type { AccountRow } from "../store/accounts.ts";
import type { ContainerRow } from "../store/containers.ts";

/** What a path leads to, as far as it is there. Who may not see it learns nothing of that, so it is asked for after the policy. */
export interface Place {
  accountId: string;
  /** Looked for when it is asked for: most requests do without. */
  account(): AccountRow | undefined;
  containerName: string;
  container: ContainerRow | undefined;
  /** "" for a container or account. */
  name: string;
  isAnonymous: boolean;
  /** The signed URL it was asked for with: no more may be done by it than it says. */
  signed: { scope: "account" | "container"; expires: number } | null;
  owned: Owned;
}

type Verb = "read" | "write";
export type Places = ReturnType<typeof places>;

export const projectOf = (accountId: string): string => accountId.replace(/^AUTH_/, "");

/** How the records of this API find what they touch. */
export function places({ accounts, containers, core }: Managers) {
  /** Whom lists name, for a place in the same account. */
  function owned(
    accountId: string,
    account: Place["account"],
    container: ContainerRow | undefined,
    verb: Verb,
    isObject: boolean,
    headers: Headers | null,
  ): Owned {
    const projectId = accountId.startsWith("AUTH_") ? projectOf(accountId) : "";
    return {
      projectId,
      grants(identity) {
        const isOwn = identity.projectId === projectId;
        if (accountGrants(account(), identity, verb, isOwn)) return true;
        if (container === undefined || (verb === "write" && !isObject)) return false;
        const acl = parseAcl(container.headers[verb === "read" ? "x-container-read" : "x-container-write"]);
        if (groupsName(identity, acl, isOwn)) return true;
        const referrer = headers?.get("referer") ?? null;
        return verb === "read" && referrerAllowed(referrer, acl) && (isObject || acl.groups.includes(".rlistings"));
      },
    };
  }

  function find(lookup: Lookup, verb: Verb): Place {
    const { param, headers, query, context } = lookup;
    const accountId = param("account");
    const containerName = param("container");
    const name = param("object");
    const account = once(() => accounts.get(accountId));
    const container = containerName === "" ? undefined : containers.get(accountId, containerName);
    const place: Place = {
      accountId,
      account,
      containerName,
      container,
      name,
      isAnonymous: context.userId === "",
      signed: null,
      owned: owned(accountId, account, container, verb, name !== "", headers),
    };
    return isTempUrl(query) && lookup.method !== "OPTIONS" ? signed(lookup, place) : place;
  }

  /** Errors: 401 for a URL whose signature does not hold, whatever else there is to say for it. */
  function signed({ method, query, clientAddress, baseUrl }: Lookup, place: Place): Place {
    const { accountId, account, container, containerName, name, owned } = place;
    const scope = tempUrlScope({
      method,
      account: accountId,
      container: containerName,
      object: name,
      query,
      clientAddress,
      mounts: mountsOf(baseUrl),
      now: core.stamps.seconds(),
      accountKeys: signingKeys("account", account()?.headers ?? {}),
      containerKeys: signingKeys("container", container?.headers ?? {}),
    });
    if (scope === null) throw invalidTempUrl();
    return { ...place, signed: scope, owned: { ...owned, grants: () => true } };
  }

  const touched = (kind: string, verb: Verb): Touched<Place> => ({
    kind,
    find: (lookup) => find(lookup, verb),
    owner: (place) => place.owned,
    refused,
  });
  const both = (kind: string) => ({ read: touched(kind, "read"), write: touched(kind, "write") });
  return {
    account: both("object-account"),
    container: both("object-container"),
    object: both("object"),
    /** Another place than the record's, for somebody who asks for it beside that (a copy's other end, a segment). */
    elsewhere(from: Place, accountId: string, containerName: string, verb: Verb, headers: Headers | null): Place {
      const account = once(() => accounts.get(accountId));
      const container = containers.get(accountId, containerName);
      const target = owned(accountId, account, container, verb, true, headers);
      const { signed: scope } = from;
      const reaches =
        scope !== null &&
        accountId === from.accountId &&
        (scope.scope === "account" || containerName === from.containerName);
      return {
        ...from,
        accountId,
        account,
        containerName,
        container,
        owned: reaches ? { ...target, grants: () => true } : target,
      };
    },
  };
}

/** Clients sign the path of the URL that they know: that of the one port of all APIs has the service in front. */
export const mountsOf = (baseUrl: string): string[] => [...new Set(["", new URL(baseUrl).pathname.replace(/\/$/, "")])];

function once<T>(look: () => T): () => T {
  let found: { value: T } | null = null;
  return () => {
    found ??= { value: look() };
    return found.value;
  };
}

export const refused = ({ isAnonymous }: Pick<Place, "isAnonymous">): ApiError =>
  isAnonymous ? notAuthorized() : denied();

const invalidTempUrl = (): ApiError =>
  notAuthorized("401 Unauthorized: Temp URL invalid\n", { "www-authenticate": 'Swift realm="unknown"' });

/** `X-Account-Access-Control: {"admin": […], "read-write": […], "read-only": […]}`, of users as access lists of containers name them. */
function accountGrants(account: AccountRow | undefined, identity: Identity, verb: Verb, isOwn: boolean): boolean {
  const text = account?.headers["x-account-access-control"];
  if (text === undefined) return false;
  const lists = JSON.parse(text) as Record<string, string[]>;
  const names = [
    ...(lists.admin ?? []),
    ...(lists["read-write"] ?? []),
    ...(verb === "read" ? (lists["read-only"] ?? []) : []),
  ];
  const acl: Acl = { referrers: [], groups: names };
  return groupsName(identity, acl, isOwn) || (identity.userId !== "" && names.includes(identity.userId));
}
