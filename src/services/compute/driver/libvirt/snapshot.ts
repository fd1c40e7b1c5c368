import { rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Domain } from "../../../../libvirt/index.ts";
import { DriverError, type InstanceRef, type SnapshotResult, type SnapshotTarget } from "../driver.ts";
import { type DriverContext, isActive } from "./context.ts";
import { diskFiles, type GuestDisks } from "./disks.ts";
import { exists } from "./guests.ts";
import { virtualSize } from "./image-header.ts";
import { mirror } from "./mirror.ts";
import { elements } from "./xml/read.ts";

/** Images of root disks. */
export class Snapshots {
  readonly #context: DriverContext;
  readonly #disks: GuestDisks;

  constructor(context: DriverContext, disks: GuestDisks) {
    this.#context = context;
    this.#disks = disks;
  }

  async take(ref: InstanceRef, target: SnapshotTarget, signal: AbortSignal): Promise<SnapshotResult> {
    const format = target.format === "raw" ? "raw" : "qcow2";
    const directory = this.#context.directory(ref);
    const disk = join(directory, diskFiles.root);
    if (!(await exists(disk)) || !(await exists(join(directory, diskFiles.rootBase))))
      throw new DriverError("unsupported", "The instance has no root disk of its own to make an image of.");
    const domain = await this.#context.get(ref);
    signal.throwIfAborted();
    if (!(await isActive(domain))) await this.#disks.flatten(disk, format, target.path);
    else await this.#context.alone(ref, () => this.#takeLive(domain, { disk, directory, format, target }, signal));
    const { size } = await stat(target.path);
    return { format, sizeBytes: size, virtualSizeBytes: await virtualSize(target.path, format) };
  }

  /**
   * As nova does it: what the guest's overlay holds is mirrored into a second overlay of the same base, until both are equal; the
   * moment the mirror is cut off is the moment of the image. The guest's own chain of files never changes.
   */
  async #takeLive(
    domain: Domain,
    work: { disk: string; directory: string; format: "raw" | "qcow2"; target: SnapshotTarget },
    signal: AbortSignal,
  ): Promise<void> {
    const { disk, directory, target, format } = work;
    const base = await backingOf(domain, disk);
    const delta = join(directory, `${basename(target.path)}.delta`);
    const size = await virtualSize(disk, "qcow2", { backing: true });
    try {
      // A mirror that a crash of ours left would stand in the way, and write to what is made anew here.
      if ((await domain.block.job(disk)) !== null) await domain.block.jobAbort(disk);
      await this.#disks.overlayOn(base, delta, size);
      const cut = target.around ?? ((abort) => abort());
      const mirrored = { path: delta, format: "qcow2", shallow: true } as const;
      await mirror(this.#context, domain, disk, mirrored, { cut, signal });
      signal.throwIfAborted();
      await this.#disks.flatten(delta, format, target.path);
    } finally {
      await rm(delta, { force: true });
    }
  }
}

/** The file just below the disk in its chain: the base image, or what a resize left in between. */
async function backingOf(domain: Domain, disk: string): Promise<{ path: string; format: "raw" | "qcow2" }> {
  const found = elements(await domain.xml(), "disk").find((element) => element.includes(`file='${disk}'`)) ?? "";
  const below = /<backingStore[^>]*>\s*<format type='(raw|qcow2)'\/>\s*<source file='([^']+)'/.exec(found);
  if (below?.[2] === undefined) throw new DriverError("failed", "The root disk's base image is not known.");
  return { path: below[2], format: below[1] === "raw" ? "raw" : "qcow2" };
}
