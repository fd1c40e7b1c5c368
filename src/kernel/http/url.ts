/** "//compute/x" → "/compute/x" */
export const oneSlashFirst = (path: string): string => path.replace(/^\/{2,}/, "/");

/** Its path, of a URL that URL has normalized, as every Request's is: without parsing it once more. */
export function pathnameOf(url: string): string {
  const begin = url.indexOf("/", url.indexOf("://") + 3);
  const end = /[?#]/g;
  end.lastIndex = begin;
  return url.slice(begin, end.exec(url)?.index);
}

/** Its query, of such a URL: "?limit=1", or "". */
export function searchOf(url: string): string {
  const begin = url.indexOf("?");
  if (begin === -1) return "";
  const end = url.indexOf("#");
  const search = end === -1 ? url.slice(begin) : url.slice(begin, end);
  return search === "?" ? "" : search;
}

/**
 * A URL's path as it was sent: URL itself would take "../" and "./" out, which may be in a name. Of a request that came over a socket
 * (`env` is the listener's), else as URL has it.
 */
export function sentPath(request: Request, env: unknown): string {
  const sent = (env as { incoming?: { url?: string } } | undefined)?.incoming?.url;
  if (sent === undefined || !sent.startsWith("/")) return pathnameOf(request.url);
  const query = sent.indexOf("?");
  return query === -1 ? sent : sent.slice(0, query);
}
