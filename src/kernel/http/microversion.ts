import { ApiError, badRequest } from "../errors.ts";

/** A microversion as a number that compares: 2.79 is 2_079. */
export type Microversion = number;

const ofCode = new Map<string, Microversion>();

/** `mv("2.79")`: for versions that stand in the code, each read once however often a handler asks. */
export function mv(text: string): Microversion {
  let version = ofCode.get(text);
  if (version === undefined) {
    version = parsed(text);
    ofCode.set(text, version);
  }
  return version;
}

function parsed(text: string): Microversion {
  const match = /^(\d+)\.(\d+)$/.exec(text);
  if (match === null) throw new Error(`not a microversion: ${text}`);
  return Number(match[1]) * 1000 + Number(match[2]);
}

export function formatMicroversion(version: Microversion): string {
  return `${Math.floor(version / 1000)}.${version % 1000}`;
}

export interface MicroversionScheme {
  /** The name in the header OpenStack-API-Version: "compute", "volume", "placement". */
  service: string;
  min: Microversion;
  max: Microversion;
  /** What a request without a header gets. */
  fallback: Microversion;
  /**
   * Which of the header's comma-separated parts counts, or null for none; by default the last one that names `service`, in any
   * case (microversion_parse). Errors: 400 for a header the service does not take.
   */
  partOf?(parts: readonly string[]): string | null;
  /** Older header that is honoured too and echoed: "X-OpenStack-Nova-API-Version". */
  legacyHeader?: string;
}

/** The version a request asks for. Errors: 400 for nonsense, 406 for one outside min…max (as microversion_parse and nova do). */
export function requestedMicroversion(scheme: MicroversionScheme, headers: Headers): Microversion {
  const text = headerVersion(scheme, headers);
  if (text === null) return scheme.fallback;
  if (text === "latest") return scheme.max;
  if (!/^[1-9]\d*\.(0|[1-9]\d*)$/.test(text) || text.length > 12) {
    throw badRequest(`API Version String ${text} is of invalid format. Must be of format MajorNum.MinorNum.`);
  }
  const version = parsed(text);
  if (version < scheme.min || version > scheme.max) {
    throw new ApiError(
      406,
      `Version ${text} is not supported by the API. Minimum is ${formatMicroversion(scheme.min)} and maximum is ${formatMicroversion(scheme.max)}.`,
    );
  }
  return version;
}

function headerVersion(scheme: MicroversionScheme, headers: Headers): string | null {
  const standard = headers.get("openstack-api-version");
  if (standard !== null) {
    const parts = standard.split(",");
    const version = scheme.partOf === undefined ? versionOf(scheme.service, parts) : scheme.partOf(parts);
    if (version !== null) return version;
  }
  if (scheme.legacyHeader === undefined) return null;
  return headers.get(scheme.legacyHeader)?.split(",").at(-1)?.trim() ?? null;
}

/** The last part that names the service, as microversion_parse's `check_standard_header`. */
function versionOf(service: string, parts: readonly string[]): string | null {
  for (let at = parts.length - 1; at >= 0; at -= 1) {
    const match = /^(\S+)\s+(.+)$/.exec(parts[at]?.trim() ?? "");
    if (match?.[1]?.toLowerCase() === service) return match[2] ?? null;
  }
  return null;
}

/** What every answer of a versioned API carries. */
export function microversionHeaders(scheme: MicroversionScheme, version: Microversion): Record<string, string> {
  const text = formatMicroversion(version);
  const headers: Record<string, string> = {
    "openstack-api-version": `${scheme.service} ${text}`,
    vary: "OpenStack-API-Version",
  };
  if (scheme.legacyHeader !== undefined) {
    headers[scheme.legacyHeader.toLowerCase()] = text;
    headers.vary = `OpenStack-API-Version, ${scheme.legacyHeader}`;
  }
  return headers;
}
