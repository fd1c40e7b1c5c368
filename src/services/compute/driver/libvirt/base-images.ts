import { chmod, constants, copyFile, link, mkdir, readdir, realpath, rename, rm, stat, utimes } from "node:fs/promises";
import { basename, join } from "node:path";
import { type DiskFormat, type QemuImg, UnsafeImageError } from "../../../../host/qemu-img.ts";
import { DriverError } from "../driver.ts";
import { virtualSize } from "./image-header.ts";

/** An image as a guest's disk can lie on it. */
export interface BaseImage {
  readonly path: string;
  readonly format: "raw" | "qcow2";
  readonly virtualBytes: number;
}

interface ImageData {
  readonly imageId: string;
  readonly imagePath: string;
  readonly imageFormat: string;
}

/** glance's disk_format → qemu-img's name; what is not here is used as it is. */
const CONVERTED: Readonly<Record<string, DiskFormat>> = {
  vmdk: "vmdk",
  vdi: "vdi",
  vhd: "vpc",
  vhdx: "vhdx",
  ploop: "parallels",
};
const UNUSED_FOR_MS = 24 * 3600_000;

/**
 * Base images by hard links: each guest's directory has its own name for the image's data, so that an image may be deleted
 * while guests use it, nothing is copied at boot, and the file system counts the users. What has to be converted (or lies on
 * another file system) is kept once in `_base`.
 */
export class BaseImages {
  readonly #directory: string;
  readonly #qemuImg: QemuImg;
  readonly #making = new Map<string, Promise<void>>();

  constructor(instancesPath: string, qemuImg: QemuImg) {
    this.#directory = join(instancesPath, "_base");
    this.#qemuImg = qemuImg;
  }

  /** Puts the image under the name `to`, read-only, converted if no guest can use it as it is. */
  async provide(image: ImageData, to: string): Promise<BaseImage> {
    const { imageFormat } = image;
    const source = await realpath(image.imagePath);
    await rm(to, { force: true });
    const from = CONVERTED[imageFormat];
    if (from === undefined && !["raw", "qcow2", "iso", "ami"].includes(imageFormat))
      throw new DriverError("image", `Images of the format ${imageFormat} cannot be booted.`);
    const format = imageFormat === "qcow2" || from !== undefined ? "qcow2" : "raw";
    if (from !== undefined) {
      const cached = join(this.#directory, `${basename(image.imageId)}.converted`);
      await this.#once(cached, (part) => this.#convert(source, from, part));
      await link(cached, to);
    } else if (!(await linked(source, to))) {
      const cached = join(this.#directory, `${basename(image.imageId)}.${format}`);
      await this.#once(cached, (part) => copyFile(source, part, constants.COPYFILE_FICLONE));
      await link(cached, to);
    }
    // QEMU only reads it, whoever it runs as; root could still write, so nothing here ever commits into a base.
    await chmod(to, 0o444);
    return { path: to, format, virtualBytes: await virtualSize(to, format) };
  }

  /** Forgets kept images that no guest has used for a day. */
  async prune(now: number): Promise<void> {
    for (const name of await readdir(this.#directory).catch(() => [])) {
      const path = join(this.#directory, name);
      const { nlink, mtimeMs } = await stat(path);
      if (nlink === 1 && now - mtimeMs > UNUSED_FOR_MS && !this.#making.has(path)) await rm(path, { force: true });
    }
  }

  /** Makes a kept file unless it is there; guests that want it at the same time wait for the one that makes it. */
  async #once(path: string, make: (part: string) => Promise<void>): Promise<void> {
    const present = await utimes(path, new Date(), new Date()).then(
      () => true,
      () => false,
    );
    if (present) return;
    let making = this.#making.get(path);
    if (making === undefined) {
      making = this.#make(path, make).finally(() => this.#making.delete(path));
      this.#making.set(path, making);
    }
    await making;
  }

  async #make(path: string, make: (part: string) => Promise<void>): Promise<void> {
    const part = `${path}.part`;
    await mkdir(this.#directory, { recursive: true });
    await rm(part, { force: true });
    try {
      await make(part);
      await rename(part, path);
    } finally {
      await rm(part, { force: true });
    }
  }

  async #convert(source: string, format: DiskFormat, part: string): Promise<void> {
    try {
      await this.#qemuImg.inspect(source, format);
    } catch (error) {
      if (error instanceof UnsafeImageError) throw new DriverError("image", error.message, error);
      throw error;
    }
    await this.#qemuImg.convert({ path: source, format }, { path: part, format: "qcow2" });
  }
}

/** False when a hard link is not possible there (another file system, or not allowed to). */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (["EXDEV", "EPERM", "EMLINK", "ENOTSUP", "EOPNOTSUPP"].includes(code)) return false;
    throw error;
  }
}
