import { open } from "node:fs/promises";
import { type DiskFormat, QemuImg, UnsafeImageError } from "../../../host/qemu-img.ts";
import type { Exec } from "../../../host/types.ts";
import { messageOf } from "../../../kernel/errors.ts";
import { VolumeDriverError } from "./driver.ts";

/** Copying an image of many gigabytes on a slow disk. Milliseconds. */
const COPY_TIMEOUT = 6 * 3_600_000;

/** glance's names of formats → qemu-img's. */
const QEMU_FORMATS: Readonly<Record<string, DiskFormat>> = {
  raw: "raw",
  iso: "raw",
  ami: "raw",
  ari: "raw",
  aki: "raw",
  qcow2: "qcow2",
  vmdk: "vmdk",
  vdi: "vdi",
  vhd: "vpc",
  vhdx: "vhdx",
  ploop: "parallels",
};

/** qemu-img and other copying tools, with formats always named: nothing that a guest could have written is ever probed. */
export class ImageTools {
  readonly #exec: Exec;
  constructor(exec: Exec) {
    this.#exec = exec;
  }

  /**
   * Writes an image's contents as raw to `target`: a new file, or with `existing` a device or file that is there and large enough;
   * where it is known to read `zero` everywhere, zeros are left out.
   * Errors: "image" for one that is unknown, broken, refers to other files, or holds more than `sizeBytes`.
   */
  async importTo(
    image: { path: string; format: string },
    target: string,
    options: { sizeBytes: number; existing: boolean; zero?: boolean },
  ): Promise<void> {
    const format = QEMU_FORMATS[image.format];
    if (format === undefined) {
      throw new VolumeDriverError("image", `images of format ${image.format} cannot be written to a volume`);
    }
    if ((await this.#inspect(image.path, format)) > options.sizeBytes) {
      throw new VolumeDriverError("image", "the image's disk is larger than the volume");
    }
    const existing = options.existing ? ["-n", ...(options.zero === true ? ["--target-is-zero"] : [])] : [];
    await this.run("qemu-img", ["convert", ...existing, "-f", format, "-O", "raw", image.path, target]);
    await toDisk(target);
  }

  /** From one device into another that is large enough. -U: whoever reads it as well does no harm. */
  async copyRaw(source: string, target: string): Promise<void> {
    await this.run("qemu-img", ["convert", "-n", "-U", "-f", "raw", "-O", "raw", source, target]);
    await toDisk(target);
  }

  /** Writes a raw volume that nobody writes to as an image. */
  async exportTo(volume: string, target: string, format: string): Promise<void> {
    const wanted = QEMU_FORMATS[format];
    if (wanted === undefined) throw new VolumeDriverError("unsupported", `cannot write images of format ${format}`);
    await this.run("qemu-img", ["convert", "-U", "-f", "raw", "-O", wanted, volume, target]);
  }

  /** Errors: "no-space", "failed". */
  async run(command: string, args: readonly string[]): Promise<{ stdout: string }> {
    try {
      return await this.#exec.run(command, args, { timeout: COPY_TIMEOUT });
    } catch (error) {
      throw /no space left/i.test(messageOf(error))
        ? new VolumeDriverError("no-space", "the storage backend has no room left", error)
        : new VolumeDriverError("failed", `${command} failed`, error);
    }
  }

  /** Size of the disk inside an image, looked at with limits on memory and time, and before QEMU opens what it may name. */
  async #inspect(path: string, format: DiskFormat): Promise<number> {
    try {
      return (await new QemuImg(this.#exec).inspect(path, format)).virtualSize;
    } catch (error) {
      if (error instanceof UnsafeImageError) throw new VolumeDriverError("image", error.message, error);
      throw new VolumeDriverError("failed", "qemu-img failed", error);
    }
  }
}

/** qemu-img does not wait for the disk: what the API calls available outlives a power cut from then on. */
export async function toDisk(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
