/**
 * Whether a browser's page may open this console. Web sockets are not kept to a page's own host by browsers, so without this check
 * any page a user visits could use a console of theirs (OSSA-2015-008). As nova: no Origin is no browser; otherwise its host
 * must be the one asked, or one that is allowed by name.
 */
export function isAllowedOrigin(
  headers: { readonly origin?: string | undefined; readonly host?: string | undefined },
  allowed: readonly string[] = [],
): boolean {
  const { origin, host } = headers;
  if (origin === undefined) return true;
  const from = hostnameOf(origin);
  if (from === null) return false;
  const here = host === undefined ? null : hostnameOf(`http://${host}`);
  return from === here || allowed.includes(from);
}

/** The host name of an http or https URL, as URL normalises it; null for anything else. */
export function hostnameOf(url: string): string | null {
  if (!URL.canParse(url)) return null;
  const { protocol, hostname } = new URL(url);
  return ["http:", "https:"].includes(protocol) && hostname !== "" ? hostname : null;
}

/**
 * The token of a request: `/?token=…` (noVNC 1.1 and later, serial consoles), or what older noVNC keeps in a cookie, which holds
 * the page's whole query. Null when there is none.
 */
export function consoleToken(url: string, cookie: string | undefined): string | null {
  const inUrl = tokenOf(new URLSearchParams(url.split("?").slice(1).join("?")).get("token"));
  if (inUrl !== null) return inUrl;
  for (const part of (cookie ?? "").split(/[;&]/)) {
    const [name, value] = part.trim().split("=");
    if (name === "token") return tokenOf(value ?? null);
  }
  return null;
}

function tokenOf(text: string | null): string | null {
  return text !== null && isToken(text) ? text : null;
}

/** Whether a text could be a console's token at all. */
export const isToken = (text: string): boolean => /^[A-Za-z0-9-]{16,128}$/.test(text);
