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
   * Writes an image's contents as raw to `target`: a new file, or with `existing` a device or file that is there and large enough.
   * Errors: "image" for one that is unknown, broken, refers to other files, or holds more than `sizeBytes`.
   */
  async importTo(
    image: { path: string; format: string },
    target: string,
    options: { sizeBytes: number; existing: boolean },
  ): Promise<void> {
    const format = QEMU_FORMATS[image.format];
    if (format === undefined) {
      throw new VolumeDriverError("image", `images of format ${image.format} cannot be written to a volume`);
    }
    if ((await this.#inspect(image.path, format)) > options.sizeBytes) {
      throw new VolumeDriverError("image", "the image's disk is larger than the volume");
    }
    const existing = options.existing ? ["-n"] : [];
    await this.run("qemu-img", ["convert", ...existing, "-f", format, "-O", "raw", image.path, target]);
  }

  /** Writes a raw volume as an image. -U: a guest that runs may have it locked; the copy is then as after a power cut. */
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
