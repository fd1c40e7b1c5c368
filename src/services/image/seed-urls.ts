import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { createGunzip } from "node:zlib";
import type { RequestContext } from "../../kernel/auth/context.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Kernel } from "../../kernel/module.ts";
import type { Retriever } from "./download/retrieve.ts";
import { extractTar } from "./download/tar.ts";
import type { CreateImage, ImageFacade } from "./facade.ts";
import { inspectFile } from "./inspect/inspect.ts";

export interface UrlSeedDeps {
  kernel: Kernel;
  facade: ImageFacade;
  retriever: Retriever;
  /** Admin, in the project that will own the images. */
  context: RequestContext;
}

/** With the URL behind it. */
const WARNING = "image-url:";

/** IMAGE_URLS, as DevStack's upload_image reads their names. One that fails is a warning; the others still come. */
export async function seedUrls(deps: UrlSeedDeps): Promise<void> {
  const { settings, warnings, log } = deps.kernel;
  const { urls } = settings.image;
  for (const { key } of warnings.list()) {
    if (key.startsWith(WARNING) && !urls.includes(key.slice(WARNING.length))) warnings.resolve(key);
  }
  for (const url of urls) {
    const key = WARNING + url;
    if (settings.offline && !url.startsWith("file:")) {
      warnings.raise(
        key,
        `${url} was not loaded: OFFLINE is set.`,
        "Use a file:// URL, or stack once without OFFLINE.",
      );
      continue;
    }
    try {
      await seedUrl(deps, url);
      warnings.resolve(key);
    } catch (error) {
      log.named("glance").error(`IMAGE_URLS: ${url} failed`, error);
      warnings.raise(key, `${url} was not loaded: ${messageOf(error)}`, "Stack again to go on with it, or drop it.");
    }
  }
}

async function seedUrl(deps: UrlSeedDeps, url: string): Promise<void> {
  const file = decodeURIComponent(basename(new URL(url).pathname));
  const tar = /^(.+?)(?:-uec)?\.(?:tar\.gz|tgz)$/i.exec(file);
  if (tar !== null) return seedTar(deps, url, tar[1] ?? file);
  const [, plain = file, packing] = /^(.*)\.(gz|zst|xz|bz2)$/i.exec(file) ?? [];
  const name = plain.replace(/\.(img|qcow2|raw|iso|vmdk|vdi|vhdx?|aki|ari|ami)$/i, "");
  if (exists(deps, name)) return;
  const { retriever, facade, context, kernel } = deps;
  const retrieved = await retriever.retrieve(url);
  const kind = packing?.toLowerCase() as "gz" | "zst" | "xz" | "bz2" | undefined;
  const path =
    kind === undefined
      ? retrieved.path
      : await retriever.decompress(retrieved.path, kind, url, kernel.settings.image.imageSizeCap);
  const keep = path === retrieved.path && !retrieved.ours;
  await facade.createFromFile(context, await describe(name, plain, path), path, { keep });
  await retriever.clean(url);
}

const exists = ({ facade, context }: UrlSeedDeps, name: string): boolean =>
  facade.list(context, { name }).some(({ status }) => status === "active");

/** Kernels and ramdisks by their names, ISO by its suffix, everything else by what is in it. */
async function describe(name: string, file: string, path: string): Promise<CreateImage> {
  const image = { name, visibility: "public" as const };
  if (/\.aki$|vmlinuz/i.test(file)) return { ...image, diskFormat: "aki", containerFormat: "aki" };
  if (/\.ari$|initrd/i.test(file)) return { ...image, diskFormat: "ari", containerFormat: "ari" };
  const { findings } = await inspectFile(path);
  const found = findings.map(({ format }) => format).find((format) => format !== "gpt");
  const known = found !== undefined && found !== "qed" && found !== "luks" ? found : "raw";
  return { ...image, diskFormat: known, containerFormat: "bare" };
}

/** Kernel, ramdisk and root disk in one archive ("uec"): three images, the last of which names the others. */
async function seedTar(deps: UrlSeedDeps, url: string, name: string): Promise<void> {
  if (exists(deps, name)) return;
  const { retriever, facade, context, kernel } = deps;
  const { path } = await retriever.retrieve(url);
  await retriever.prepare();
  const roles = new Map<string, string>();
  const choose = (entry: string): string | null => {
    const role = roleOf(basename(entry));
    if (role === null || roles.has(role)) return null;
    const target = retriever.workPath(url, role);
    roles.set(role, target);
    return target;
  };
  await extractTar(createReadStream(path).pipe(createGunzip()), choose, kernel.settings.image.imageSizeCap);
  const root = roles.get("image");
  if (root === undefined) throw new Error("the archive holds no .img file");
  const part = async (role: string, format: string): Promise<Record<string, string>> => {
    const file = roles.get(role);
    if (file === undefined) return {};
    const wish = {
      name: `${name}-${role}`,
      visibility: "public" as const,
      diskFormat: format,
      containerFormat: format,
    };
    const { id } = await facade.createFromFile(context, wish, file);
    return { [`${role}_id`]: id };
  };
  const properties = { ...(await part("kernel", "aki")), ...(await part("ramdisk", "ari")) };
  await facade.createFromFile(
    context,
    { name, visibility: "public", diskFormat: "ami", containerFormat: "ami", properties },
    root,
  );
  await retriever.clean(url);
}

function roleOf(file: string): "kernel" | "ramdisk" | "image" | null {
  if (/vmlinuz|\.aki$/i.test(file)) return "kernel";
  if (/initrd|\.ari$/i.test(file)) return "ramdisk";
  return /\.(img|ami)$/i.test(file) ? "image" : null;
}
