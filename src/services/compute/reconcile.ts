import { messageOf } from "../../kernel/errors.ts";
import { uuid } from "../../kernel/ids/ids.ts";
import type { Progress } from "../../kernel/module.ts";
import type { ComputeDriver, PowerState } from "./driver/driver.ts";
import { releaseLeftVolumes } from "./manager/block-devices.ts";
import { change, faultOf } from "./manager/change.ts";
import type { Core } from "./manager/core.ts";
import { replugged } from "./manager/power.ts";
import { buildSpec, refOf } from "./manager/spec.ts";
import { POWER } from "./states.ts";
import type { Server } from "./store/servers.ts";

/** What nova calls what the hypervisor says. */
const POWER_OF: Readonly<Record<PowerState, number>> = {
  nostate: POWER.nostate,
  running: POWER.running,
  paused: POWER.paused,
  shutdown: POWER.shutdown,
  crashed: POWER.crashed,
  suspended: POWER.suspended,
};

type GuestState = Awaited<ReturnType<ComputeDriver["listInstances"]>>[number];

/** What a start found, and holds until it has been looked at. */
interface Found {
  guests: ReadonlyMap<string, GuestState>;
  /** Those that belonged to no server. */
  strangers: readonly GuestState[];
  /** Server id → how to let operations on it begin. */
  held: ReadonlyMap<string, () => void>;
}

const NOTHING: Found = { guests: new Map(), strangers: [], held: new Map() };

/**
 * At every start: registers the host, takes away guests that belong to no server, starts again those that ran before the
 * host was rebooted, and writes down what became of the others. Operations on a server wait until it has been looked at.
 */
export class Reconciler {
  readonly #core: Core;
  #found: Found | null = null;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Before anybody asks. Answers the ids of servers that an operation still works on. */
  async prepare(): Promise<string[]> {
    const { kernel, driver, hosts, servers } = this.#core;
    await driver.connect();
    hosts.register(driver.hostname, kernel.settings.compute.defaultAvailabilityZone, kernel.clock.now(), uuid);
    const guests = new Map((await driver.listInstances()).map((guest) => [guest.uuid, guest]));
    const working = kernel.operations.busy();
    const held = new Map<string, () => void>();
    const busy: string[] = [];
    const live = new Set(servers.liveIds());
    for (const id of live) {
      if (working.has(`server:${id}`)) busy.push(id);
      else held.set(id, kernel.operations.hold(`server:${id}`));
    }
    const strangers = [...guests.values()].filter((guest) => !live.has(guest.uuid));
    this.#found = { guests, strangers, held };
    return busy;
  }

  /** As many guests at a time as servers are built. Errors: the first that was no guest's own fault; the others were looked at all the same. */
  async reconcile(progress: Progress, signal: AbortSignal): Promise<void> {
    const { kernel } = this.#core;
    if (this.#found === null) await this.prepare();
    const { guests, strangers, held } = this.#found ?? NOTHING;
    this.#found = null;
    const total = held.size;
    let done = 0;
    let failure: unknown = null;
    progress("guests", done, total);
    await this.#removeStrangers(strangers).catch((error) => {
      failure = error;
    });
    await releaseLeftVolumes(this.#core);
    const left = held[Symbol.iterator]();
    const work = async (): Promise<void> => {
      for (const [id, release] of left) {
        if (signal.aborted) return;
        await kernel.turns.background();
        try {
          await this.#settle(id, guests.get(id));
        } catch (error) {
          kernel.log.error(`server ${id} was not brought in line with its guest: ${messageOf(error)}`, error);
          failure ??= error;
        }
        release();
        done += 1;
        progress("guests", done, total);
      }
    };
    const limit = kernel.settings.compute.maxConcurrentBuilds;
    await Promise.all(Array.from({ length: limit > 0 ? limit : total }, work));
    if (failure !== null) throw failure;
  }

  async #removeStrangers(guests: readonly GuestState[]): Promise<void> {
    const { kernel, driver, servers } = this.#core;
    for (const { uuid: id, name } of guests) {
      const server = servers.get(id);
      if (server !== undefined && server.deletedAt === null) continue;
      kernel.log.warning(`guest ${name} belongs to no server: taking it away`);
      await driver.destroy({ uuid: id, name }, { keepDisks: false });
    }
  }

  async #settle(id: string, listed: GuestState | undefined): Promise<void> {
    const { servers } = this.#core;
    // As for nearly all when only the daemon was started anew: none of them is read, or kept in memory for it.
    if (listed?.powerState === "running" && servers.isIn(id, "active", POWER.running)) return;
    const server = servers.get(id);
    if (server === undefined || server.deletedAt !== null || server.host === null) return;
    await settle(this.#core, server, await this.#power(server, listed));
  }

  /** What the list said may have changed since: it is believed where there is nothing to do. */
  async #power(server: Server, listed: GuestState | undefined): Promise<PowerState> {
    if (listed?.powerState === "running" && server.powerState === POWER.running) return "running";
    return this.#core.driver.powerState(refOf(this.#core, server));
  }
}

/**
 * Servers that an operation works on across a restart are looked at once it has ended: what it did not start (it was about to
 * take a snapshot, say) may have to be started. Answers how to have that done for one, once operations have been resumed.
 */
export function defineSettle(core: Core): (serverId: string) => void {
  const { kernel, servers, driver } = core;
  const operation = kernel.operations.define<{ serverId: string }>({
    kind: "compute.server.settle",
    steps: [
      {
        name: "bring the guest in line with its server",
        do: async ({ input }) => {
          const server = servers.get(input.serverId);
          if (server === undefined || server.deletedAt !== null || server.host === null) return;
          await settle(core, server, await driver.powerState(refOf(core, server)));
        },
      },
    ],
  });
  return (serverId) => void operation.start({ resource: `server:${serverId}`, input: { serverId } });
}

/** Whether the guest is meant to run, as nova's resume_state_on_host_boot goes by. */
const shouldRun = ({ vmState, powerState }: Server): boolean =>
  vmState === "active" || (vmState === "resized" && powerState === POWER.running);

async function settle(core: Core, server: Server, power: PowerState): Promise<void> {
  const { kernel, driver } = core;
  if (!shouldRun(server)) {
    settleIdle(core, server, power);
    return;
  }
  if (power === "running") {
    if (server.powerState !== POWER.running) change(core, server.id, { powerState: POWER.running });
    return;
  }
  const isActive = server.vmState === "active";
  if (power === "paused") {
    if (isActive) change(core, server.id, { vmState: "paused", powerState: POWER.paused });
    return;
  }
  const hasNoDisks = !kernel.has("block-storage") && server.blockDevices.some(({ volumeId }) => volumeId !== null);
  if (hasNoDisks)
    kernel.log.warning(`server ${server.id} stays off: block storage, which has its volumes, is disabled`);
  if (hasNoDisks || !kernel.settings.compute.resumeGuestsOnBoot) {
    change(core, server.id, { ...(isActive ? { vmState: "stopped" } : {}), powerState: POWER.shutdown });
    return;
  }
  try {
    await driver.start(await buildSpec(core, server, "", { configDrive: "keep" }));
    await replugged(core, server);
    if (server.powerState !== POWER.running) change(core, server.id, { powerState: POWER.running });
  } catch (error) {
    kernel.log.error(`server ${server.id} could not be started again: ${messageOf(error)}`, error);
    const fault = faultOf(error, kernel.clock.now());
    change(core, server.id, { vmState: "error", powerState: POWER.shutdown, fault });
  }
}

/** A guest that is not meant to run: only what became of it is written down. */
function settleIdle(core: Core, server: Server, power: PowerState): void {
  const { vmState, powerState } = server;
  if (vmState === "shelved_offloaded" || vmState === "building") return;
  const isOff = power === "nostate" || power === "shutdown" || power === "crashed";
  // The memory of a paused guest does not survive the host; nova's power sync stops such a server.
  if (vmState === "paused" && isOff) {
    change(core, server.id, { vmState: "stopped", powerState: POWER.shutdown });
    return;
  }
  const now = vmState === "suspended" && isOff ? powerState : power === "nostate" ? POWER.shutdown : POWER_OF[power];
  if (now !== powerState && !(power === "nostate" && powerState === POWER.nostate)) {
    change(core, server.id, { powerState: now });
  }
}
