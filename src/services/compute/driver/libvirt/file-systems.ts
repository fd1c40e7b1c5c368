import { setTimeout as sleep } from "node:timers/promises";
import { isLibvirtError, LibvirtConnectionError, LibvirtTimeoutError } from "../../../../libvirt/index.ts";
import { DriverError, type InstanceRef } from "../driver.ts";
import { type DriverContext, isActive } from "./context.ts";

/** An agent that is busy freezing hears of nothing else: how long, and how often, it is asked to thaw again. */
const THAW_MS = 600_000;
const THAW_AGAIN_MS = 1_000;

/** A running guest's file systems, through the agent in it. */
export class FileSystems {
  readonly #context: DriverContext;

  constructor(context: DriverContext) {
    this.#context = context;
  }

  /** The agent carries it out even if nobody waits any more, so it is waited for as long as it takes (as nova does). */
  async freeze(ref: InstanceRef, signal: AbortSignal): Promise<void> {
    const domain = await this.#context.running(ref);
    signal.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    const abort = (): void => aborted.reject(signal.reason);
    signal.addEventListener("abort", abort);
    const freezing = domain.guest.freeze([], { timeoutMs: 0 });
    try {
      await Promise.race([freezing, aborted.promise]);
    } catch (error) {
      if (signal.aborted) {
        void freezing.then(() => domain.guest.thaw()).catch(() => {});
        throw error;
      }
      throw new DriverError("agent", "The guest agent in the instance cannot freeze its file systems.", error);
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  async thaw(ref: InstanceRef): Promise<void> {
    const deadline = Date.now() + THAW_MS;
    for (;;) {
      try {
        const domain = await this.#context.find(ref);
        if (domain !== null && (await isActive(domain))) await domain.guest.thaw();
        return;
      } catch (error) {
        if (!mayPass(error) || Date.now() > deadline)
          throw new DriverError("agent", "The guest agent in the instance cannot thaw its file systems.", error);
        await sleep(THAW_AGAIN_MS);
      }
    }
  }
}

function mayPass(error: unknown): boolean {
  if (error instanceof LibvirtTimeoutError || error instanceof LibvirtConnectionError) return true;
  return isLibvirtError(error, "operation-timeout");
}
