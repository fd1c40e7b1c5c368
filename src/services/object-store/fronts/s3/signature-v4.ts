import { createHmac, hash, type KeyObject } from "node:crypto";

export const ALGORITHM = "AWS4-HMAC-SHA256";
export const UNSIGNED = "UNSIGNED-PAYLOAD";

/** What is signed of a request. */
export interface SignedParts {
  method: string;
  /** As it was sent. */
  path: string;
  /** Decoded, in any order; without the signature itself. */
  query: readonly (readonly [string, string])[];
  /** By name in lower case, in the order of the names: text as headers carry it, one character a byte. */
  headers: readonly (readonly [string, string])[];
  /** Of the body, in hexadecimal digits, or the word that stands for it. */
  payload: string;
}

export interface Scope {
  /** "20261130T155226Z" */
  time: string;
  /** "20261130" */
  date: string;
  region: string;
  service: string;
}

const hex = (text: string | Buffer): string => hash("sha256", text, "hex");
const EMPTY = hex("");
const scopeText = ({ date, region, service }: Scope): string => `${date}/${region}/${service}/aws4_request`;

/** As S3 encodes: all but letters, digits and -._~; "/" stays in paths. */
export const encoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
const encodedPath = (path: string): string =>
  path
    .split("/")
    .map((part) => encoded(decodeURIComponent(part)))
    .join("/");

export function canonicalRequest({ method, path, query, headers, payload }: SignedParts): string {
  const pairs = query.map(([name, value]) => [encoded(name), encoded(value)] as const);
  pairs.sort(([a, x], [b, y]) => (a === b ? (x < y ? -1 : 1) : a < b ? -1 : 1));
  return [
    method,
    encodedPath(path),
    pairs.map((pair) => pair.join("=")).join("&"),
    ...headers.map(([name, value]) => `${name}:${value.trim().replace(/ +/g, " ")}`),
    "",
    headers.map(([name]) => name).join(";"),
    payload,
  ].join("\n");
}

export const stringToSign = (scope: Scope, canonical: string): string =>
  [ALGORITHM, scope.time, scopeText(scope), hex(Buffer.from(canonical, "latin1"))].join("\n");

export const signature = (key: KeyObject, text: string): string => createHmac("sha256", key).update(text).digest("hex");

/** Signatures of a body's chunks, each over the one before; the first over the request's (`seed`). */
export function chunkSigner(key: KeyObject, scope: Scope, seed: string) {
  let previous = seed;
  const next = (text: string): string => {
    previous = signature(key, text);
    return previous;
  };
  return {
    chunk: (hash: string) =>
      next([`${ALGORITHM}-PAYLOAD`, scope.time, scopeText(scope), previous, EMPTY, hash].join("\n")),
    trailer: (hash: string) => next([`${ALGORITHM}-TRAILER`, scope.time, scopeText(scope), previous, hash].join("\n")),
  };
}
