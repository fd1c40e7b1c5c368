import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { dlopen } from "node:process";
import { isPackaged, packagedAsset } from "./program.ts";

/** <fcntl.h>; Node names it not. */
const O_TMPFILE = 0o20200000;

/** Code that is loaded stays loaded, however many clouds use it. */
const loaded = new Map<string, object>();

/**
 * A native addon out of the single executable; undefined in a checkout, where it lies in node_modules. The loader of shared
 * objects wants a file: it gets one without a name, which nobody else can open or leave behind.
 * @throws when no directory for temporary files allows execution
 */
export function packagedAddon(name: string): object | undefined {
  if (!isPackaged()) return undefined;
  let addon = loaded.get(name);
  if (addon === undefined) {
    addon = load(packagedAsset(name));
    loaded.set(name, addon);
  }
  return addon;
}

function load(bytes: Uint8Array): object {
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

function fromNamelessFile(directory: string, bytes: Uint8Array): object {
  const file = openSync(directory, O_TMPFILE | constants.O_RDWR, 0o700);
  try {
    writeAll(file, bytes);
    return open(`/proc/self/fd/${file}`);
  } finally {
    closeSync(file);
  }
}

/** For file systems without O_TMPFILE, such as overlayfs before Linux 6.3. */
function fromFile(directory: string, bytes: Uint8Array): object {
  const own = mkdtempSync(join(directory, "tenrec-"));
  try {
    const path = join(own, "addon.node");
    const file = openSync(path, "wx", 0o700);
    try {
      writeAll(file, bytes);
    } finally {
      closeSync(file);
    }
    return open(path);
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
}

function open(path: string): object {
  const module = { exports: {} };
  dlopen(module, path, 0x2 /* RTLD_NOW: what is missing shows here */);
  return module.exports;
}
