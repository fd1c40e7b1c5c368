import type { RequestContext } from "../../../kernel/auth/context.ts";
import { POWER, TRANSITIONS } from "../states.ts";
import type { Server } from "../store/servers.ts";
import { type ActionHandle, defineAction } from "./actions.ts";
import type { Core } from "./core.ts";
import { buildSpec, refOf } from "./spec.ts";

/** Start, stop, reboot, pause, suspend and back. */
export class PowerManager {
  readonly #start: ActionHandle<null>;
  readonly #stop: ActionHandle<null>;
  readonly #rebootSoft: ActionHandle<null>;
  readonly #rebootHard: ActionHandle<null>;
  readonly #pause: ActionHandle<null>;
  readonly #unpause: ActionHandle<null>;
  readonly #suspend: ActionHandle<null>;
  readonly #resume: ActionHandle<null>;

  constructor(core: Core) {
    const { driver } = core;
    const { shutdownTimeout } = core.kernel.settings.compute;
    const ref = (server: Server) => refOf(core, server);
    const spec = (server: Server, requestId: string) => buildSpec(core, server, requestId, { configDrive: "keep" });
    const running = { vmState: "active", powerState: POWER.running } as const;
    const hardReboot = async (server: Server, requestId: string) => {
      await driver.rebootHard(await spec(server, requestId));
      await replugged(core, server);
      return running;
    };

    this.#start = defineAction(core, {
      name: "start",
      event: "compute_start_instance",
      run: async (server, _, { requestId }) => {
        await driver.start(await spec(server, requestId));
        await replugged(core, server);
        return running;
      },
    });
    this.#stop = defineAction(core, {
      name: "stop",
      event: "compute_stop_instance",
      run: async (server) => {
        await driver.stop(ref(server), timeoutOf(server, shutdownTimeout));
        return { vmState: "stopped", powerState: POWER.shutdown };
      },
    });
    this.#rebootSoft = defineAction(core, {
      name: "reboot-soft",
      event: "compute_reboot_instance",
      run: async (server, _, { requestId }) => {
        // One that is off (this goes on after a reboot of the host) has no power button to press.
        const isOn = (await driver.powerState(ref(server))) === "running";
        const obeyed = isOn && (await driver.rebootSoft(ref(server), timeoutOf(server, shutdownTimeout)));
        return obeyed ? running : hardReboot(server, requestId);
      },
      failed: () => ({ vmState: "error" }),
    });
    this.#rebootHard = defineAction(core, {
      name: "reboot-hard",
      event: "compute_reboot_instance",
      run: (server, _, { requestId }) => hardReboot(server, requestId),
      failed: () => ({ vmState: "error" }),
    });
    this.#pause = defineAction(core, {
      name: "pause",
      event: "compute_pause_instance",
      run: async (server) => {
        await driver.pause(ref(server));
        return { vmState: "paused", powerState: POWER.paused };
      },
    });
    this.#unpause = defineAction(core, {
      name: "unpause",
      event: "compute_unpause_instance",
      run: async (server) => {
        await driver.unpause(ref(server));
        return running;
      },
    });
    this.#suspend = defineAction(core, {
      name: "suspend",
      event: "compute_suspend_instance",
      run: async (server) => {
        await driver.suspend(ref(server));
        return { vmState: "suspended", powerState: POWER.suspended };
      },
    });
    this.#resume = defineAction(core, {
      name: "resume",
      event: "compute_resume_instance",
      run: async (server, _, { requestId }) => {
        await driver.resume(await spec(server, requestId));
        await replugged(core, server);
        return running;
      },
    });
  }

  start(context: RequestContext, server: Server): void {
    this.#start.start(context, server, TRANSITIONS.start, null);
  }

  stop(context: RequestContext, server: Server): void {
    this.#stop.start(context, server, TRANSITIONS.stop, null);
  }

  reboot(context: RequestContext, server: Server, type: "SOFT" | "HARD"): void {
    if (type === "SOFT") this.#rebootSoft.start(context, server, TRANSITIONS.rebootSoft, null);
    else this.#rebootHard.start(context, server, TRANSITIONS.rebootHard, null);
  }

  pause(context: RequestContext, server: Server): void {
    this.#pause.start(context, server, TRANSITIONS.pause, null);
  }

  unpause(context: RequestContext, server: Server): void {
    this.#unpause.start(context, server, TRANSITIONS.unpause, null);
  }

  suspend(context: RequestContext, server: Server): void {
    this.#suspend.start(context, server, TRANSITIONS.suspend, null);
  }

  resume(context: RequestContext, server: Server): void {
    this.#resume.start(context, server, TRANSITIONS.resume, null);
  }
}

/** Seconds a guest may take to power off: the image's os_shutdown_timeout, else the configured ones. */
export function timeoutOf(server: Server, fallback: number): number {
  const own = Number(server.imageProperties.os_shutdown_timeout);
  return Number.isFinite(own) && own >= 0 ? own : fallback;
}

/** A guest that was started anew has new taps: the network service puts rules and leases on them. */
export async function replugged(core: Core, server: Server): Promise<void> {
  if (server.nics.length === 0) return;
  await core.kernel.facade("network").plugged(server.nics.map(({ portId }) => portId));
}
