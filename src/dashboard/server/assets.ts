import { createHash } from "node:crypto";
import { extname } from "node:path";
import { programFile } from "../../kernel/program/program.ts";

/** Where the built pages are, from the checkout's root; the single executable has them under the same names. */
export const BUILT = ".build/dashboard";

interface Asset {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly encoding: string | null;
  readonly type: string;
  readonly etag: string;
}

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
  ".png": "image/png",
  ".webmanifest": "application/manifest+json",
};

const ENCODINGS = [
  { name: "br", suffix: ".br" },
  { name: "gzip", suffix: ".gz" },
] as const;

/** A name that could lead elsewhere is none. */
const PLAIN = /^(?:[A-Za-z0-9_-][A-Za-z0-9._-]*\/)*[A-Za-z0-9_-][A-Za-z0-9._-]*$/;

/** The built pages, each compressed when they were built. */
export class Assets {
  /** Read once: an executable has them in its own memory, a checkout's change with a build, which has other names. */
  readonly #read = new Map<string, Asset | null>();

  /** Null: there is none. */
  find(name: string, acceptEncoding: string): Asset | null {
    if (!PLAIN.test(name)) return null;
    for (const { name: encoding, suffix } of ENCODINGS) {
      if (!accepts(acceptEncoding, encoding)) continue;
      const packed = this.#get(name, suffix, encoding);
      if (packed !== null) return packed;
    }
    return this.#get(name, "", null);
  }

  #get(name: string, suffix: string, encoding: string | null): Asset | null {
    const key = name + suffix;
    const known = this.#read.get(key);
    if (known !== undefined) return known;
    const bytes = read(`${BUILT}/${key}`);
    // Only what is there is remembered: a build may still be under way, and names that clients make up have no end.
    if (bytes === null) return null;
    const etag = `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`;
    const asset = { bytes, encoding, type: TYPES[extname(name)] ?? "application/octet-stream", etag };
    // A page's own name stays the same when it is built anew.
    if (name.startsWith("assets/")) this.#read.set(key, asset);
    return asset;
  }
}

function read(path: string): Uint8Array<ArrayBuffer> | null {
  try {
    return new Uint8Array(programFile(path));
  } catch {
    return null;
  }
}

const accepts = (header: string, encoding: string): boolean =>
  header.split(",").some((part) => {
    const [name = "", ...parameters] = part.split(";").map((text) => text.trim());
    return name.toLowerCase() === encoding && !parameters.some((text) => /^q=0(?:\.0*)?$/i.test(text));
  });
