import { rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { type Domain, isLibvirtError, LibvirtTimeoutError } from "../../../../libvirt/index.ts";
import { DriverError, type InstanceRef, type SnapshotResult, type SnapshotTarget } from "../driver.ts";
import { type DriverContext, isActive } from "./context.ts";
import { diskFiles, type GuestDisks } from "./disks.ts";
import { exists } from "./guests.ts";
import { virtualSize } from "./image-header.ts";
import { el, render } from "./xml/element.ts";
import { elements } from "./xml/read.ts";

/** A look at a copy's progress at least this often, should its event be missed (libvirtd restarted). */
const LOOK_MS = 2_000;

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
    else await this.#takeLive(domain, { disk, directory, format, target }, signal);
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
      await this.#mirror(domain, disk, delta, target.around ?? ((cut) => cut()), signal);
      signal.throwIfAborted();
      await this.#disks.flatten(delta, format, target.path);
    } finally {
      await rm(delta, { force: true });
    }
  }

  async #mirror(
    domain: Domain,
    disk: string,
    delta: string,
    around: NonNullable<SnapshotTarget["around"]>,
    signal: AbortSignal,
  ): Promise<void> {
    const destination = el(
      "disk",
      { type: "file" },
      el("source", { file: delta }),
      el("driver", { name: "qemu", type: "qcow2" }),
    );
    const flags = { shallow: true, reuseExternal: true, transientJob: true };
    await domain.block.copy(disk, render(destination), flags);
    try {
      await this.#whenMirrored(domain, disk, signal);
      await around(() => domain.block.jobAbort(disk));
    } catch (error) {
      await domain.block.jobAbort(disk).catch(() => {});
      throw error;
    }
  }

  /** Resolves when the mirror has caught up: from then on every write goes to both. */
  async #whenMirrored(domain: Domain, disk: string, signal: AbortSignal): Promise<void> {
    const libvirt = await this.#context.libvirt();
    for (;;) {
      signal.throwIfAborted();
      const ready = libvirt
        .waitFor("block-job", (e) => domain.concerns(e) && e.status !== "completed", { timeoutMs: LOOK_MS })
        .catch((error: unknown) => {
          if (!(error instanceof LibvirtTimeoutError)) throw error;
          return null;
        });
      if (await isReady(domain, disk)) return;
      const event = await ready;
      if (event?.status === "failed") throw new DriverError("failed", "The root disk could not be copied.");
    }
  }
}

/** A mirror is ready when libvirt says so in the disk's `<mirror ready='yes'>`. */
async function isReady(domain: Domain, disk: string): Promise<boolean> {
  try {
    const found = elements(await domain.xml(), "disk").find((element) => element.includes(`file='${disk}'`));
    if (found === undefined || !found.includes("<mirror"))
      throw new DriverError("failed", "The copy of the disk ended.");
    return /<mirror[^>]*\sready='yes'/.test(found);
  } catch (error) {
    if (isLibvirtError(error, "operation-invalid")) return false;
    throw error;
  }
}

/** The file just below the disk in its chain: the base image, or what a resize left in between. */
async function backingOf(domain: Domain, disk: string): Promise<{ path: string; format: "raw" | "qcow2" }> {
  const found = elements(await domain.xml(), "disk").find((element) => element.includes(`file='${disk}'`)) ?? "";
  const below = /<backingStore[^>]*>\s*<format type='(raw|qcow2)'\/>\s*<source file='([^']+)'/.exec(found);
  if (below?.[2] === undefined) throw new DriverError("failed", "The root disk's base image is not known.");
  return { path: below[2], format: below[1] === "raw" ? "raw" : "qcow2" };
}
