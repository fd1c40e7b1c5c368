import type { Domain } from "./domain.ts";
import { isLibvirtError, LibvirtTimeoutError } from "./errors.ts";
import type { Libvirt } from "./libvirt.ts";

/** How long one press of the power button may be without effect before it is pressed again: a booting guest misses it. */
const PRESS_AGAIN_MS = 5_000;

/** Presses the power button; false when the guest is still on after the time (a paused one does not even hear it). */
export async function powerOff(libvirt: Libvirt, domain: Domain, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const { state } = await domain.state();
    if (state === "shut-off" || state === "crashed") return true;
    const left = deadline - Date.now();
    if (left <= 0 || state === "paused") return false;
    // Listens before it presses: the answer may be quick.
    const stopped = libvirt
      .waitFor("lifecycle", (e) => domain.concerns(e) && e.event === "stopped", {
        timeoutMs: Math.min(PRESS_AGAIN_MS, left),
      })
      .catch((error: unknown) => {
        // Look at the state, and press again.
        if (!(error instanceof LibvirtTimeoutError)) throw error;
      });
    await domain.shutdown("acpi").catch((error: unknown) => {
      if (!isLibvirtError(error, "operation-invalid")) throw error;
    });
    await stopped;
  }
}
