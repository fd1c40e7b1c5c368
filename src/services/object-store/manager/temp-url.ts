import { createHmac, timingSafeEqual } from "node:crypto";
import { BlockList, isIP } from "node:net";
import type { Headers } from "./accounts.ts";

const DIGESTS: Readonly<Record<number, string>> = { 40: "sha1", 64: "sha256", 128: "sha512" };
export const ALLOWED_DIGESTS = ["sha1", "sha256", "sha512"] as const;

/** Keys of an account or container, with which its owner signs URLs and forms. */
export function signingKeys(kind: "account" | "container", headers: Headers): string[] {
  return ["", "-2"].flatMap((suffix) => {
    const key = headers[`x-${kind}-meta-temp-url-key${suffix}`];
    return key === undefined || key === "" ? [] : [key];
  });
}

/** "sha256:<base64>", or hexadecimal digits whose count says which. Null: neither. */
export function signature(text: string): { digest: string; value: Buffer } | null {
  const [, named, base64 = ""] = /^(sha1|sha256|sha512):(.*)$/.exec(text) ?? [];
  if (named !== undefined) return { digest: named, value: Buffer.from(base64, "base64url") };
  const digest = DIGESTS[text.length];
  return digest === undefined || !/^[0-9a-fA-F]+$/.test(text) ? null : { digest, value: Buffer.from(text, "hex") };
}

/** In the time that does not tell where they differ (OSSA-2014-002). Keys and texts as headers carry them: one character a byte. */
export function isSignedBy(keys: readonly string[], text: string, given: { digest: string; value: Buffer }): boolean {
  let found = false;
  for (const key of keys) {
    const made = createHmac(given.digest, Buffer.from(key, "latin1")).update(text).digest();
    if (made.length === given.value.length && timingSafeEqual(made, given.value)) found = true;
  }
  return found;
}

/** Seconds since the epoch, from a number or an ISO 8601 time; 0: neither, or past. */
export function expiryOf(text: string, now: number): number {
  const iso = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:Z|[+-]\d{4})?$/.test(text);
  const zoned = /(?:Z|[+-]\d{4})$/.test(text) ? text : `${text}Z`;
  const at = iso ? Math.floor(Date.parse(zoned) / 1000) : /^\d{1,12}$/.test(text) ? Number(text) : 0;
  return Number.isFinite(at) && at >= now ? at : 0;
}

export interface TempUrlRequest {
  method: string;
  account: string;
  container: string;
  /** "" for the container itself. */
  object: string;
  query: URLSearchParams;
  clientAddress: string;
  /** Paths under which the API answers, one of which was signed before "/v1": "" and "/object-store". */
  mounts: readonly string[];
  /** Seconds since the epoch. */
  now: number;
  accountKeys: readonly string[];
  containerKeys: readonly string[];
}

/** Whether a request carries a signature; a valid one is asked for then and nothing else counts. */
export const isTempUrl = (query: URLSearchParams): boolean =>
  query.has("temp_url_sig") || query.has("temp_url_expires");

/** How far a signed URL reaches (a key of the account: all of the account; of a container: that), or null: it is not valid. */
export function tempUrlScope(request: TempUrlRequest): { scope: "account" | "container"; expires: number } | null {
  const { query, method, account, container, object, now } = request;
  const given = signature(query.get("temp_url_sig") ?? "");
  const expires = expiryOf(query.get("temp_url_expires") ?? "", now);
  const prefix = query.get("temp_url_prefix");
  if (given === null || expires === 0) return null;
  const mayBeContainer = prefix === "" && (method === "GET" || method === "HEAD");
  if (object.replaceAll("/", "") === "" && !mayBeContainer) return null;
  const range = query.get("temp_url_ip_range");
  if (range !== null && !isInRange(request.clientAddress, range)) return null;
  if (prefix !== null && !object.startsWith(prefix)) return null;
  const paths = request.mounts.map((mount) =>
    prefix === null
      ? `${mount}/v1/${account}/${container}/${object}`
      : `prefix:${mount}/v1/${account}/${container}/${prefix}`,
  );
  const methods = method === "HEAD" ? ["HEAD", "GET", "POST", "PUT"] : [method];
  const texts = methods.flatMap((name) =>
    paths.map((path) => `${range === null ? "" : `ip=${range}\n`}${name}\n${expires}\n${path}`),
  );
  const signed = (keys: readonly string[]) => texts.some((text) => isSignedBy(keys, text, given));
  if (signed(request.accountKeys)) return { scope: "account", expires };
  return signed(request.containerKeys) ? { scope: "container", expires } : null;
}

function isInRange(address: string, range: string): boolean {
  const plain = address.replace(/^::ffff:/, "");
  const [network = "", length] = range.split("/");
  const family = isIP(network) === 6 ? "ipv6" : "ipv4";
  if (isIP(network) === 0 || isIP(plain) !== isIP(network)) return false;
  const bits = length === undefined ? (family === "ipv4" ? 32 : 128) : Number(length);
  if (!Number.isInteger(bits) || bits < 0 || bits > (family === "ipv4" ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(network, bits, family);
  return list.check(plain, family);
}
