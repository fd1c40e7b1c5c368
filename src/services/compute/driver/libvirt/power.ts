import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../../../kernel/errors.ts";
import { type Domain, isLibvirtError, powerOff } from "../../../../libvirt/index.ts";
import { DriverError, type InstanceRef, type PowerState } from "../driver.ts";
import { type DriverContext, isActive } from "./context.ts";

/** How long a guest that goes on waits for its agent. */
const CLOCK_MS = 5_000;
const CLOCK_AGAIN_MS = 200;

/** Turning guests off, pausing them, and saying which state they are in. */
export class Power {
  readonly #context: DriverContext;

  constructor(context: DriverContext) {
    this.#context = context;
  }

  async stop(ref: InstanceRef, timeoutSeconds: number): Promise<void> {
    const domain = await this.#context.get(ref);
    if (!(await isActive(domain))) return;
    if (timeoutSeconds > 0 && (await powerOff(await this.#context.libvirt(), domain, timeoutSeconds * 1000))) return;
    await unplug(domain);
  }

  /** Soft reboot as nova does it: the guest powers itself off and is started again. */
  async rebootSoft(ref: InstanceRef, timeoutSeconds: number): Promise<boolean> {
    const domain = await this.#context.get(ref);
    if (!(await powerOff(await this.#context.libvirt(), domain, timeoutSeconds * 1000))) return false;
    await domain.start();
    return true;
  }

  async pause(ref: InstanceRef): Promise<void> {
    const domain = await this.#context.running(ref);
    if ((await domain.state()).state !== "paused") await domain.suspend();
  }

  async unpause(ref: InstanceRef): Promise<void> {
    const domain = await this.#context.running(ref);
    if ((await domain.state()).state === "paused") await domain.resume();
    await this.setClock(domain, { hasAgent: false });
  }

  /**
   * A guest's clock stands still while it is paused or saved, and is set by its agent, as nova's sync_guest_time does it. Guests without
   * one, or with one that cannot, are left to NTP. `hasAgent`: it is waited for, as libvirt finds it only a moment after a restored guest
   * goes on.
   */
  async setClock(domain: Domain, { hasAgent }: { hasAgent: boolean }): Promise<void> {
    const deadline = Date.now() + CLOCK_MS;
    for (;;) {
      try {
        return await domain.guest.setTime(Date.now(), { timeoutMs: CLOCK_MS });
      } catch (error) {
        if (!hasAgent || !isLibvirtError(error, "agent-unresponsive") || Date.now() > deadline) {
          const reason = messageOf(error);
          this.#context.deps.log.debug("a guest's clock was not set", { instance: domain.uuid, reason });
          return;
        }
        await sleep(CLOCK_AGAIN_MS);
      }
    }
  }

  async suspend(ref: InstanceRef): Promise<void> {
    const domain = await this.#context.get(ref);
    if (await isActive(domain)) await this.#context.alone(ref, () => domain.managedSave());
    else if (!(await domain.hasManagedSave()))
      throw new DriverError("not-running", `Instance ${ref.uuid} is not running.`);
  }

  async state(ref: InstanceRef): Promise<PowerState> {
    const domain = await this.#context.find(ref);
    return domain === null ? "nostate" : powerStateOf(domain);
  }
}

/** As nova's libvirt driver maps libvirt's states; a guest whose memory is saved counts as shut down there, too. */
export async function powerStateOf(domain: Domain): Promise<PowerState> {
  const { state } = await domain.state();
  switch (state) {
    case "running":
    case "blocked":
    case "shutting-down":
      return "running";
    case "paused":
      return "paused";
    case "shut-off":
      return "shutdown";
    case "crashed":
      return "crashed";
    case "pm-suspended":
      return "suspended";
    default:
      return "nostate";
  }
}

/** Pulls the plug; a guest that is off already is no error. */
export async function unplug(domain: Domain): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await domain.destroy();
      return;
    } catch (error) {
      if (isLibvirtError(error, "operation-invalid") || isLibvirtError(error, "no-domain")) return;
      // A process that waits for its disk does not die at once ("Failed to terminate process"): nova tries again, too.
      if (!isLibvirtError(error, "system-error") || attempt >= 6) throw error;
      await sleep(attempt * 500);
    }
  }
}
