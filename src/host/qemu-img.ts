import { HostCommandError } from "./exec.ts";
import { headerProblem } from "./image-header.ts";
import type { Exec, RunResult } from "./types.ts";

/** Formats a user may bring, as qemu names them (glance's `vhd` is `vpc`, `ami`, `ari`, `aki` and `iso` are raw). */
export type DiskFormat = "raw" | "qcow2" | "vmdk" | "vdi" | "vhdx" | "vpc" | "qed" | "parallels";

export interface DiskInfo {
  format: DiskFormat;
  /** Bytes the guest sees. */
  virtualSize: number;
  /** Bytes on this disk. */
  actualSize: number;
  backingFile: string | null;
}

/** An image that would make qemu open other files, or that is not what it says. */
export class UnsafeImageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UnsafeImageError";
  }
}

/** nova's and glance's limits for looking at a stranger's image: 1 GiB of memory and 30 s of CPU. */
const LIMITS = ["--as=1073741824", "--cpu=30", "--"];
const INFO_TIMEOUT_MS = 40_000;
const CONVERT_TIMEOUT_MS = 3_600_000;
/** vmdk: one file holding all data. All other kinds name more files. */
const VMDK_TYPES = new Set(["monolithicSparse", "streamOptimized"]);

/** The format is always given, never guessed by qemu: a raw disk's first sector may be written by its guest to look like qcow2. */
export class QemuImg {
  readonly #exec: Exec;

  constructor(exec: Exec) {
    this.#exec = exec;
  }

  /** What the image says of itself. Of our own images only, or after `inspect` found nothing wrong. */
  async info(path: string, format: DiskFormat): Promise<DiskInfo> {
    return infoOf((await this.#report(path, format)).top, format);
  }

  /**
   * Looks at an image somebody uploaded. Throws `UnsafeImageError` when it has a backing file, an external data file, or is a vmdk
   * that only describes other files; and when qemu cannot read it as `format`.
   */
  async inspect(path: string, format: DiskFormat): Promise<DiskInfo> {
    const problem = await headerProblem(path, format);
    if (problem !== null) throw new UnsafeImageError(problem);
    let report: { top: Record<string, unknown> };
    try {
      report = await this.#report(path, format);
    } catch (error) {
      if (error instanceof HostCommandError && !error.notFound) {
        throw new UnsafeImageError(
          `the image cannot be read as ${format}${error.timedOut ? " in reasonable time" : ""}`,
        );
      }
      throw error;
    }
    const { top } = report;
    const specific = record(record(top["format-specific"]).data);
    if (typeof top["backing-filename"] === "string" || typeof top["full-backing-filename"] === "string") {
      throw new UnsafeImageError("the image has a backing file");
    }
    if (specific["data-file"] !== undefined) throw new UnsafeImageError("the image has an external data file");
    if (format === "vmdk") {
      const type = typeof specific["create-type"] === "string" ? specific["create-type"] : "unknown";
      if (!VMDK_TYPES.has(type)) throw new UnsafeImageError(`vmdk of type ${type} is not accepted`);
      const extents = Array.isArray(specific.extents) ? specific.extents.map(record) : [];
      if (extents.length !== 1 || extents[0]?.filename !== path)
        throw new UnsafeImageError("the vmdk names other files");
    }
    return infoOf(top, format);
  }

  /** A qcow2 on top of a base; reads go to the base until written. `size` in bytes, the base's own when left out. */
  async createOverlay(path: string, base: { path: string; format: DiskFormat }, size?: number): Promise<void> {
    const backing = ["-b", base.path, "-F", base.format];
    await this.#run(["create", "-q", "-f", "qcow2", ...backing, path, ...(size === undefined ? [] : [String(size)])]);
  }

  /** An empty disk of `size` bytes. */
  async create(path: string, format: "raw" | "qcow2", size: number): Promise<void> {
    await this.#run(["create", "-q", "-f", format, path, String(size)]);
  }

  /** A full copy without any backing file. */
  async convert(
    source: { path: string; format: DiskFormat },
    target: { path: string; format: DiskFormat },
    options: { compress?: boolean; inPlace?: boolean } = {},
  ): Promise<void> {
    const flags = [...(options.compress === true ? ["-c"] : []), ...(options.inPlace === true ? ["-n"] : [])];
    const formats = ["-f", source.format, "-O", target.format];
    // `-t none` and friends are left to qemu: file systems differ in what they support.
    await this.#run(["convert", "-q", ...flags, ...formats, source.path, target.path], CONVERT_TIMEOUT_MS);
  }

  /** Bytes. Only for a disk no guest has open; a smaller size must be asked for with `shrink`. */
  async resize(path: string, format: DiskFormat, size: number, options: { shrink?: boolean } = {}): Promise<void> {
    await this.#run([
      "resize",
      "-q",
      "-f",
      format,
      ...(options.shrink === true ? ["--shrink"] : []),
      path,
      String(size),
    ]);
  }

  /** Makes an overlay independent of (or dependent on another) base by copying; data stays as the guest sees it. */
  async rebase(path: string, base: { path: string; format: DiskFormat } | null): Promise<void> {
    const to = base === null ? ["-b", ""] : ["-b", base.path, "-F", base.format];
    await this.#run(["rebase", "-q", "-f", "qcow2", ...to, path], CONVERT_TIMEOUT_MS);
  }

  async #report(path: string, format: DiskFormat): Promise<{ top: Record<string, unknown> }> {
    const { stdout } = await this.#run(["info", "--output=json", "-f", format, "-U", path], INFO_TIMEOUT_MS);
    return { top: record(JSON.parse(stdout)) };
  }

  #run(args: readonly string[], timeout = 120_000): Promise<RunResult> {
    // A relative or scheme-like name ("nbd:…", "json:…") must never reach qemu as a protocol.
    if (args.some((word) => /^(json|nbd|http|https|ftp|ssh|rbd|iscsi|fat|blkdebug|nfs):/.test(word))) {
      return Promise.reject(new UnsafeImageError("image names are paths"));
    }
    const info = args[0] === "info";
    return info
      ? this.#exec.run("prlimit", [...LIMITS, "qemu-img", ...args], { timeout, maxOutput: 4 * 1024 * 1024 })
      : this.#exec.run("qemu-img", args, { timeout });
  }
}

function infoOf(top: Record<string, unknown>, format: DiskFormat): DiskInfo {
  const number = (key: string): number => {
    const value = top[key];
    if (typeof value !== "number" || !Number.isSafeInteger(value))
      throw new UnsafeImageError(`the image tells no ${key}`);
    return value;
  };
  const backing = top["backing-filename"];
  return {
    format,
    virtualSize: number("virtual-size"),
    actualSize: number("actual-size"),
    backingFile: typeof backing === "string" ? backing : null,
  };
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
