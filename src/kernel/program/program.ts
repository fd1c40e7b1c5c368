import { readFileSync } from "node:fs";
import { getAssetKeys, getRawAsset, isSea } from "node:sea";
import { fileURLToPath } from "node:url";
import { zstdDecompressSync } from "node:zlib";

/** Whether this is the single executable (`make binary`) and not a checkout. */
export const isPackaged = (): boolean => isSea();

/** The folder that holds bin/, images/ and src/; null in the single executable, which needs none of them. */
export const projectRoot = (): string | null =>
  isPackaged() ? null : fileURLToPath(new URL("../../..", import.meta.url));

/**
 * How Node is run. Unless it is told otherwise, V8 lets objects that live for one request fill up to 128 MB before it looks which of them
 * are needed: a busy daemon is a third larger then, and no faster.
 */
export const NODE_FLAGS = ["--disable-warning=ExperimentalWarning", "--max-semi-space-size=8"] as const;

/** How to run this very program again with other arguments: `[command, …arguments]`. */
export function selfCommand(...args: string[]): [command: string, ...args: string[]] {
  if (isPackaged()) return [process.execPath, ...args];
  const main = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
  return [process.execPath, ...NODE_FLAGS, main, ...args];
}

/** What a person types to run this program, for hints. */
export const programName = (): string => (isPackaged() ? process.execPath : `${projectRoot()}bin/tenrec`);

/** Assets whose name ends so are kept compressed. */
export const COMPRESSED = ".zst";

/** The names of all files inside the single executable, sorted; none in a checkout. */
export const packagedAssets = (): string[] =>
  isPackaged()
    ? getAssetKeys()
        .map((name) => (name.endsWith(COMPRESSED) ? name.slice(0, -COMPRESSED.length) : name))
        .sort()
    : [];

/**
 * A file inside the single executable, by the name src/binary/assets.ts gives it; only there. The bytes are the executable's
 * own memory where the asset is not compressed: reading them costs nothing, writing to them kills the process.
 */
export function packagedAsset(name: string): Uint8Array {
  if (getAssetKeys().includes(name)) return new Uint8Array(getRawAsset(name));
  return zstdDecompressSync(new Uint8Array(getRawAsset(name + COMPRESSED)));
}

/** A file that a checkout has at `path` (from its root) and the single executable under the same name. */
export const programFile = (path: string): Uint8Array =>
  isPackaged() ? packagedAsset(path) : readFileSync(new URL(`../../../${path}`, import.meta.url));
