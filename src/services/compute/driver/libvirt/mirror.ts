import { type Domain, isLibvirtError, LibvirtTimeoutError } from "../../../../libvirt/index.ts";
import { DriverError } from "../driver.ts";
import type { DriverContext } from "./context.ts";
import { el, render } from "./xml/element.ts";
import { attribute, elements } from "./xml/read.ts";

/** A look at a copy's progress at least this often, should its event be missed (libvirtd restarted). */
const LOOK_MS = 2_000;

export interface MirrorTarget {
  /** A file that is there, large enough, and QEMU's user's. */
  path: string;
  format: "raw" | "qcow2";
  /** Only what the disk's own file holds, not what lies below it. */
  shallow: boolean;
}

/**
 * As nova does it for images: what a running guest's disk holds is mirrored into a second file until both are equal; the moment the
 * mirror is cut off, in `cut`, is the moment of the copy. The guest goes on, and its own files never change. `disk` is its target
 * ("vdb") or its file.
 */
export async function mirror(
  context: DriverContext,
  domain: Domain,
  disk: string,
  target: MirrorTarget,
  options: { cut(abort: () => Promise<void>): Promise<void>; signal: AbortSignal },
): Promise<void> {
  const destination = el(
    "disk",
    { type: "file" },
    el("source", { file: target.path }),
    // Zeros become holes.
    el("driver", { name: "qemu", type: target.format, discard: "unmap" }),
  );
  const abort = () => domain.block.jobAbort(disk);
  // One that a crash of ours left would stand in the way.
  if ((await domain.block.job(disk)) !== null) await abort();
  await domain.block.copy(disk, render(destination), {
    shallow: target.shallow,
    reuseExternal: true,
    transientJob: true,
    // A guest that writes faster than the copy goes would never be caught up with.
    synchronousWrites: true,
  });
  try {
    await whenMirrored(context, domain, disk, options.signal);
    await options.cut(abort);
  } catch (error) {
    await abort().catch(() => {});
    throw error;
  }
}

/** Ends the mirrors that an earlier process of ours left in a guest: nobody knows their files any more. */
export async function dropMirrors(domain: Domain): Promise<void> {
  for (const disk of elements(await domain.xml(), "disk")) {
    const target = attribute(disk, "target", "dev");
    if (target !== null && disk.includes("<mirror")) await domain.block.jobAbort(target);
  }
}

/** Resolves when the mirror has caught up: from then on every write goes to both. */
async function whenMirrored(context: DriverContext, domain: Domain, disk: string, signal: AbortSignal): Promise<void> {
  const libvirt = await context.libvirt();
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
    if (event?.status === "failed") throw new DriverError("failed", "The disk could not be copied.");
  }
}

/** A mirror is ready when libvirt says so in the disk's `<mirror ready='yes'>`. */
async function isReady(domain: Domain, disk: string): Promise<boolean> {
  try {
    const found = elements(await domain.xml(), "disk").find(
      (element) => attribute(element, "target", "dev") === disk || element.includes(`file='${disk}'`),
    );
    if (found === undefined || !found.includes("<mirror"))
      throw new DriverError("failed", "The copy of the disk ended.");
    return /<mirror[^>]*\sready='yes'/.test(found);
  } catch (error) {
    if (isLibvirtError(error, "operation-invalid")) return false;
    throw error;
  }
}
