/** The realm and its one cluster as DevStack configures them: this cloud. */
export const REALM = "realm1";
export const CLUSTER = "name1";

export const SYNC_TO = "x-container-sync-to";
export const SYNC_KEY = "x-container-sync-key";

/** Where a container is synced to: "//realm1/name1/AUTH_…/container". Null: nowhere that there is. */
export function syncTarget(value: string | undefined): { account: string; container: string } | null {
  const [, realm, cluster, account, container] = /^\/\/([^/]+)\/([^/]+)\/([^/]+)\/([^/]+)\/?$/.exec(value ?? "") ?? [];
  if (account === undefined || container === undefined) return null;
  return realm === REALM && cluster === CLUSTER ? { account, container } : null;
}

/** What is wrong with the header, in Swift's words; null: nothing. */
export function syncProblem(value: string): string | null {
  if (value === "" || syncTarget(value) !== null) return null;
  if (value.startsWith("//")) {
    const parts = value.replace(/\/+$/, "").slice(2).split("/");
    const [realm, cluster] = parts;
    if (parts.length !== 4) return `Invalid X-Container-Sync-To format '${value}'`;
    return realm === REALM ? `No cluster endpoint for '${realm}' '${cluster}'` : `No realm key for '${realm}'`;
  }
  const [, scheme = ""] = /^([a-z][a-z0-9+.-]*):/i.exec(value) ?? [];
  if (scheme !== "http" && scheme !== "https")
    return `Invalid scheme '${scheme}' in X-Container-Sync-To, must be "//", "http", or "https".`;
  return `Invalid host '${URL.canParse(value) ? new URL(value).hostname : ""}' in X-Container-Sync-To`;
}
