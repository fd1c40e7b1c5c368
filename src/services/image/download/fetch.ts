import { lookup } from "node:dns/promises";
import { get as httpGet, type IncomingMessage } from "node:http";
import { get as httpsGet } from "node:https";
import { isIP } from "node:net";
import type { Chunks } from "../../../kernel/bytes/incoming-file.ts";
import { messageOf } from "../../../kernel/errors.ts";

/** A URL that may not be fetched, or answered with something else than data. The message is for the user. */
export class DownloadRefused extends Error {}

export interface FetchOptions {
  /** Whether a connection may go to this address. */
  mayReach(address: string): boolean;
  /** Refuses what parseUrl would let through. */
  mayFetch?(url: URL): boolean;
  /** The addresses of a name; the system's resolver when left out. */
  resolve?: Resolve;
  /** Where the data continues (after a broken connection), unless it is another version by now: its ETag or date. */
  from?: { offset: number; version: string };
  signal?: AbortSignal;
  /** Milliseconds of silence before giving up. */
  silence?: number;
}

export interface Fetched {
  stream: Chunks;
  /** Bytes from `offset` on, when the server says so. */
  length: number | null;
  /** Where the data begins: `from` when the server continues, 0 when it starts over. */
  offset: number;
  /** What tells this version of the data from another; null when the server does not say. */
  version: string | null;
}

export type Resolve = (host: string) => Promise<readonly string[]>;

const MAX_REDIRECTS = 5;

/**
 * Fetches a URL that somebody else chose. The name is resolved once, every address of it is checked, and the connection goes
 * to a checked address (no second look-up that could answer differently); each redirect goes through the same.
 * Errors: DownloadRefused; the system's for a broken connection.
 */
export async function fetchUrl(url: string, options: FetchOptions): Promise<Fetched> {
  let current = parseUrl(url);
  for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
    const response = await request(current, options);
    const status = response.statusCode ?? 0;
    const location = response.headers.location;
    if (status >= 300 && status < 400 && location !== undefined) {
      response.destroy();
      const next = parseUrl(new URL(location, current).href);
      if (current.protocol === "https:" && next.protocol === "http:") {
        throw new DownloadRefused(`${shown(current)} redirects from https to http`);
      }
      current = next;
      continue;
    }
    const resumed = status === 206;
    if (status !== 200 && !resumed) {
      response.destroy();
      throw new DownloadRefused(`${shown(current)} answered ${status}`);
    }
    const length = Number(response.headers["content-length"] ?? Number.NaN);
    return {
      // Nobody else has its chunks.
      stream: Object.assign(response, { given: true }),
      length: Number.isSafeInteger(length) ? length : null,
      offset: resumed ? (options.from?.offset ?? 0) : 0,
      version: versionOf(response),
    };
  }
  throw new DownloadRefused(`${shown(parseUrl(url))} redirects more than ${MAX_REDIRECTS} times`);
}

/** If-Range takes no weak ETag: data under it may differ. */
function versionOf({ headers }: IncomingMessage): string | null {
  const { etag, "last-modified": date } = headers;
  return etag !== undefined && !etag.startsWith("W/") ? etag : (date ?? null);
}

/** A URI as messages may have it, which are logged and traced: without a password, and without the query of a presigned one. */
export function shownUri(text: string): string {
  return URL.canParse(text) ? shown(new URL(text)) : (text.split(/[?#@]/, 1)[0] ?? "");
}

const shown = (url: URL): string => `${url.protocol}//${url.host}${url.pathname}`;

/** Errors: DownloadRefused for anything but plain http and https. */
export function parseUrl(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new DownloadRefused("this is not a URL");
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new DownloadRefused(`${url.protocol} URLs are not allowed`);
  }
  if (url.username !== "" || url.password !== "") throw new DownloadRefused("URLs with a password are not allowed");
  return url;
}

/** An address of the URL's host that may be reached. Errors: DownloadRefused, also when only one of several is not allowed. */
export async function resolveAllowed(url: URL, options: FetchOptions): Promise<string> {
  if (options.mayFetch?.(url) === false) throw new DownloadRefused(`${url.host} may not be reached`);
  const resolve = options.resolve ?? systemResolve;
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const addresses =
    isIP(host) !== 0
      ? [host]
      : await resolve(host).catch((error: unknown) => {
          throw new DownloadRefused(`${host} cannot be resolved: ${messageOf(error)}`);
        });
  const [first] = addresses;
  if (first === undefined) throw new DownloadRefused(`${host} has no address`);
  // Which address it has is not said: names of the inside are resolved here that the asker cannot resolve.
  if (addresses.some((address) => !options.mayReach(address))) throw new DownloadRefused(`${host} may not be reached`);
  return first;
}

const systemResolve: Resolve = async (host) => (await lookup(host, { all: true })).map(({ address }) => address);

async function request(url: URL, options: FetchOptions): Promise<IncomingMessage> {
  const address = await resolveAllowed(url, options);
  const family = isIP(address);
  const { from } = options;
  return new Promise((resolve, reject) => {
    const get = url.protocol === "https:" ? httpsGet : httpGet;
    const outgoing = get(
      url,
      {
        agent: false,
        headers: from === undefined ? {} : { range: `bytes=${from.offset}-`, "if-range": from.version },
        lookup: (_host, wanted, done) => {
          if (typeof wanted === "object" && wanted.all === true) done(null, [{ address, family }]);
          else done(null, address, family);
        },
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      },
      resolve,
    );
    outgoing.setTimeout(options.silence ?? 60_000, () =>
      outgoing.destroy(new DownloadRefused(`${url.host} does not answer`)),
    );
    outgoing.on("error", reject);
  });
}
