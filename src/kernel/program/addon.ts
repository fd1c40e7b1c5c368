import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { dlopen } from "node:process";
import { isPackaged, packagedAsset } from "./program.ts";

/** <fcntl.h>; Node names it not. */
const O_TMPFILE = 0o20200000;

/** Code that is loaded stays loaded, however many clouds use it; so does the file it is of, for threads that load it as well. */
const loaded = new Map<string, { addon: object; file: string }>();

/**
 * A native addon out of the single executable; undefined in a checkout, where it lies in node_modules. The loader of shared
 * objects wants a file: it gets one without a name, which nobody else can open or leave behind.
 * @throws when no directory for temporary files allows execution
 */
export function packagedAddon(name: string): object | undefined {
  if (!isPackaged()) return undefined;
  let known = loaded.get(name);
  if (known === undefined) {
    known = load(packagedAsset(name));
    loaded.set(name, known);
  }
  return known.addon;
}

/**
 * Where a thread finds the addon that this process has loaded; null: it is not loaded, or not from a file. The same file is the same code
 * in memory, with the same variables.
 */
export function addonFile(name: string): string | null {
  if (isPackaged()) return loaded.get(name)?.file ?? null;
  // In a checkout the package has loaded one of the builds that it has.
  const folder = name.replace(/\.node$/, "").replace("_", "-");
  const mapped = new RegExp(`\\s(/.*/node_modules/${folder}/.*\\.node)$`, "m");
  return mapped.exec(readFileSync("/proc/self/maps", "utf8"))?.[1] ?? null;
}

function load(bytes: Uint8Array): { addon: object; file: string } {
  const problems: string[] = [];
  // Any of them may be mounted noexec.
  for (const directory of [tmpdir(), "/dev/shm", "/var/tmp", dirname(process.execPath)]) {
    for (const attempt of [fromNamelessFile, fromFile]) {
      try {
        return attempt(directory, bytes);
      } catch (error) {
        problems.push(`${directory}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
  throw new Error(
    `the database code cannot be loaded; set TMPDIR to a directory that allows execution.\n${problems.join("\n")}`,
  );
}

function fromNamelessFile(directory: string, bytes: Uint8Array): { addon: object; file: string } {
  const file = openSync(directory, O_TMPFILE | constants.O_RDWR, 0o700);
  return opened(file, bytes, descriptorPath(file));
}

/** For file systems without O_TMPFILE, such as overlayfs before Linux 6.3. */
function fromFile(directory: string, bytes: Uint8Array): { addon: object; file: string } {
  const own = mkdtempSync(join(directory, "tenrec-"));
  try {
    const path = join(own, "addon.node");
    return opened(openSync(path, "wx+", 0o700), bytes, path);
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

const descriptorPath = (file: number): string => `/proc/self/fd/${file}`;

/** The descriptor stays open: it is the only name of what is loaded. */
function opened(file: number, bytes: Uint8Array, path: string): { addon: object; file: string } {
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
    const module = { exports: {} };
    dlopen(module, path, 0x2 /* RTLD_NOW: what is missing shows here */);
    return { addon: module.exports, file: descriptorPath(file) };
  } catch (error) {
    closeSync(file);
    throw error;
  }
}
