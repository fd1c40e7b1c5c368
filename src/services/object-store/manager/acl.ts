import type { Identity } from "../../../kernel/auth/context.ts";
import { badRequest } from "../errors.ts";

/** A container's access list: "proj:user", "*:*", ".r:*", ".rlistings", … */
export interface Acl {
  referrers: readonly string[];
  groups: readonly string[];
}

const REFERRER = new Set([".r", ".ref", ".referer", ".referrer"]);

/** The list in the form it is kept and shown (swift/common/middleware/acl.py, clean_acl). Errors: 400. */
export function cleanAcl(header: string, value: string): string {
  const cleaned: string[] = [];
  for (const item of value.split(",").map((part) => part.trim())) {
    if (item === "") continue;
    const colon = item.indexOf(":");
    const first = item.slice(0, Math.max(0, colon)).trim();
    if (colon === -1 || !first.startsWith(".")) {
      cleaned.push(item);
      continue;
    }
    if (!REFERRER.has(first)) throw unknown(header, `Unknown designator '${first}' in ACL: '${item}'`);
    if (header.includes("write")) throw unknown(header, `Referrers not allowed in write ACL: '${item}'`);
    let host = item.slice(colon + 1).trim();
    const negated = host.startsWith("-");
    if (negated) host = host.slice(1).trim();
    if (host !== "*" && host.startsWith("*")) host = host.slice(1).trim();
    if (host === "" || host === ".")
      throw unknown(header, `No host/domain value after referrer designation in ACL: '${item}'`);
    cleaned.push(`.r:${negated ? "-" : ""}${host}`);
  }
  return cleaned.join(",");
}

const unknown = (header: string, why: string) =>
  badRequest(`${header} : ${why}`.replace(/^x-container-(\w)/, (_, c) => `X-Container-${c.toUpperCase()}`));

export function parseAcl(text: string | undefined): Acl {
  const items = (text ?? "").split(",").filter((item) => item !== "");
  const referrers = items.filter((item) => item.startsWith(".r:")).map((item) => item.slice(3));
  const groups = items.filter((item) => !item.startsWith(".r:")).map(unquoted);
  return { referrers, groups };
}

function unquoted(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The last that fits decides. */
export function referrerAllowed(referrer: string | null, { referrers }: Acl): boolean {
  const host = hostOf(referrer ?? "");
  let allowed = false;
  for (const pattern of referrers) {
    const negated = pattern.startsWith("-");
    const name = negated ? pattern.slice(1) : pattern;
    if (name === "*" || name === host || (name.startsWith(".") && host.endsWith(name))) allowed = !negated;
  }
  return allowed;
}

function hostOf(referrer: string): string {
  try {
    return new URL(referrer).hostname || "unknown";
  } catch {
    return "unknown";
  }
}

/** Whether a list names this user: "project:user" by ids or names or "*", or one of its roles where the account is its own project's. */
export function groupsName(identity: Identity, { groups }: Acl, isOwnProject: boolean): boolean {
  const { userId, userName, projectId, projectName, userDomainId, projectDomainId, roles } = identity;
  if (userId === "" || groups.length === 0) return false;
  // Names are unique in a domain only.
  const byName = userDomainId === "default" && projectDomainId === "default";
  const projects = [projectId, "*", ...(byName ? [projectName] : [])].filter((name) => name !== null);
  const users = [userId, "*", ...(byName ? [userName] : [])];
  if (projects.some((project) => users.some((user) => groups.includes(`${project}:${user}`)))) return true;
  const lower = groups.map((group) => group.toLowerCase());
  return isOwnProject && [...roles].some((role) => lower.includes(role.toLowerCase()));
}
