import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Settings } from "../kernel/config/settings.ts";
import { messageOf } from "../kernel/errors.ts";
import { isPackaged, packagedAsset, packagedAssets } from "../kernel/program/program.ts";
import type { Step } from "./steps.ts";

/**
 * Out of the single executable to where images/build.sh of a checkout puts the same files. Here and not in the daemon, whose
 * memory it would count as used.
 */
export function unpackImageStep(settings: Settings): Step[] {
  if (!isPackaged() || !settings.image.downloadDefaultImages) return [];
  return [
    {
      name: "Unpack the guest image",
      plan: `put ${settings.image.defaultName} into ${cache()}, or take what is there already`,
      async run() {
        try {
          return unpackImages(cache()) ? join(cache(), "images") : "all there";
        } catch (error) {
          // With VIRT_DRIVER=fake nobody needs root, and the cloud is of use without an image too.
          if (!settings.virtDriver.startsWith("fake")) throw error;
          return `${messageOf(error)}; set TENREC_CACHE to a directory that may be written`;
        }
      },
    },
  ];
}

const cache = (): string => process.env.TENREC_CACHE ?? "/var/cache/tenrec";

/** True when something was written. By rename, the manifests last: they say that the rest is whole. */
function unpackImages(directory: string): boolean {
  const names = packagedAssets().filter((name) => name.startsWith("images/tenrec-guest-"));
  const [manifests, files] = [names.filter(isManifest), names.filter((name) => !isManifest(name))];
  const current = manifests.every((name) => hasContent(join(directory, name), packagedAsset(name)));
  if (current && files.every((name) => existsSync(join(directory, name)))) return false;
  for (const name of [...files, ...manifests]) {
    const path = join(directory, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.${process.pid}`, packagedAsset(name));
    renameSync(`${path}.${process.pid}`, path);
  }
  return true;
}

const isManifest = (name: string): boolean => name.endsWith(".manifest");

const hasContent = (path: string, content: Uint8Array): boolean =>
  existsSync(path) && readFileSync(path).equals(content);
