/** The header that pages of other places cannot send without being asked first, and they never are. */
export const CUSTOM_HEADER = "x-tenrec-dashboard";

/** Null: it may be done. Otherwise why not. */
export function refusal(request: { method: string; headers: Headers }, isEncrypted: boolean): string | null {
  const { method, headers } = request;
  const site = headers.get("sec-fetch-site");
  // "none": typed or from a bookmark.
  if (site !== null && site !== "same-origin" && site !== "none") return "The request came from another site.";
  const origin = headers.get("origin");
  if (origin !== null && !isSameOrigin(origin, headers.get("host"), isEncrypted))
    return "The request came from another origin.";
  if (method === "GET" || method === "HEAD") return null;
  if (site === "none") return "The request came from no page.";
  if (headers.get(CUSTOM_HEADER) === null) return `The header ${CUSTOM_HEADER} is missing.`;
  return null;
}

function isSameOrigin(origin: string, host: string | null, isEncrypted: boolean): boolean {
  if (host === null || !URL.canParse(origin)) return false;
  const { protocol, host: from } = new URL(origin);
  // A proxy in front may be the one that speaks TLS; where it is this process, a page without is another's.
  if (protocol !== "https:" && (protocol !== "http:" || isEncrypted)) return false;
  // Default ports are left out of origins; of the Host header they may not be.
  return URL.canParse(`${protocol}//${host}`) && new URL(`${protocol}//${host}`).host === from;
}

export interface PagePolicy {
  /** The Host header that the page was asked with. */
  readonly host: string | null;
  /** Where consoles are. */
  readonly frames: readonly string[];
}

/**
 * The policy of the pages: only their own files run, no script and no style stands in a page. Not all of this port's are theirs: what users
 * publish in the object store has the same origin, so sources are named with their paths.
 */
export function pagePolicy({ host, frames }: PagePolicy): string {
  // Without a scheme it is the page's own. The grammar of policies has no addresses of IPv6.
  const place = host !== null && /^[A-Za-z0-9.-]+(?::\d{1,5})?$/.test(host) ? `${host}/dashboard/` : null;
  const assets = place === null ? "'self'" : `${place}assets/`;
  return [
    "default-src 'none'",
    `script-src ${assets}`,
    `style-src ${assets}`,
    "img-src 'self' data:",
    `font-src ${assets}`,
    `connect-src ${place ?? "'self'"}`,
    `manifest-src ${place ?? "'self'"}`,
    `frame-src ${frames.length === 0 ? "'none'" : frames.join(" ")}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

/** Of what users store and the proxy passes on: whatever it is, it does not run here. */
export const DATA_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'";

/**
 * Of what users publish at the object store's own address, which is of the origin of the pages: a site of theirs may have scripts, but without
 * "allow-same-origin" these are of no origin, and what they ask of the dashboard comes without a cookie and is refused.
 */
export const STORED_POLICY = "sandbox allow-downloads allow-forms allow-modals allow-popups allow-scripts";

export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "x-frame-options": "DENY",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
};
