import type { OperationHandle } from "../../../kernel/operations/operations.ts";
import { OperationCancelled } from "../../../kernel/operations/operations.ts";
import type { Turns } from "../../../kernel/turns/turns.ts";
import { DriverError } from "../driver/driver.ts";
import { POWER } from "../states.ts";
import type { Fault, Nic, Server } from "../store/servers.ts";
import { attachAll, letGoOfVolumes, releaseVolumes } from "./block-devices.ts";
import { change, contextOf, faultOf, requireServer } from "./change.ts";
import { configDriveFiles } from "./config-drive.ts";
import type { Core } from "./core.ts";
import { schedule } from "./hosts.ts";
import { allocateNic, type RequestedNetworks, releaseNics } from "./networks.ts";
import { forgetShelvedImage } from "./shelve.ts";
import { buildSpec, refOf } from "./spec.ts";

export interface BuildInput {
  serverId: string;
  networks: RequestedNetworks;
  /** Ids; null: the project's default group. */
  securityGroupIds: string[] | null;
  adminPassword: string;
  /** The personality of old microversions. */
  files: { path: string; contents: string }[];
  /** The guest is made again of its snapshot, on the ports and volumes it has. */
  unshelve?: { imageId: string | null };
}

interface BuildData {
  nics: Nic[];
}

/** Builds a server: schedule → networks → block devices → spawn → wait for the network. Each step undoes itself. */
export function defineBuild(core: Core): OperationHandle<BuildInput> {
  const { kernel, driver } = core;
  const limit = new Semaphore(kernel.settings.compute.maxConcurrentBuilds, kernel.turns);
  return kernel.operations.define<BuildInput, BuildData>({
    kind: "compute.server.build",
    steps: [
      {
        name: "schedule",
        do: async ({ input }) => {
          const server = requireServer(core, input.serverId);
          if (server.host !== null) return;
          await schedule(core, server, (host, zone) =>
            change(core, server.id, { host, availabilityZone: zone, taskState: "networking" }),
          );
        },
        undo: async ({ input, requestId }) => {
          const server = core.servers.get(input.serverId);
          if (server === undefined) return;
          if (input.unshelve === undefined) await letGoOfVolumes(core, server, requestId);
          change(core, server.id, { host: null });
        },
      },
      {
        name: "allocate networks",
        do: (run) => {
          const { input, data, requestId } = run;
          const server = requireServer(core, input.serverId);
          if (input.unshelve !== undefined) return;
          data.nics ??= [];
          const wanted =
            input.networks === "auto"
              ? [
                  {
                    networkId: kernel.facade("network").autoAllocate(contextOf(server, requestId), server.projectId).id,
                    portId: null,
                    fixedIp: null,
                    tag: null,
                  },
                ]
              : input.networks;
          for (const nic of wanted.slice(data.nics.length)) {
            // The port and the note of it in one: a crash between them would leave a port that nobody knows.
            kernel.db.transaction(() => {
              data.nics?.push(allocateNic(core, server, requestId, nic, input.securityGroupIds));
              run.save();
            });
          }
          change(core, server.id, { nics: data.nics, taskState: "block_device_mapping" });
        },
        undo: ({ input, data, requestId }) => {
          const server = core.servers.get(input.serverId);
          if (server === undefined || input.unshelve !== undefined) return;
          releaseNics(core, server, requestId, data.nics ?? []);
          change(core, server.id, { nics: [] });
        },
      },
      {
        name: "attach block devices",
        do: async ({ input, requestId, signal }) => {
          const server = requireServer(core, input.serverId);
          await attachAll(core, server, requestId, signal);
          change(core, server.id, { taskState: "spawning" });
        },
        undo: async ({ input, requestId }) => {
          const server = core.servers.get(input.serverId);
          if (server !== undefined && input.unshelve === undefined) await releaseVolumes(core, server, requestId);
        },
      },
      {
        name: "spawn",
        do: async ({ input, requestId, signal }) => {
          await limit.run(async () => {
            signal.throwIfAborted();
            const server = requireServer(core, input.serverId);
            const spec = await buildSpec(core, server, requestId, {
              configDrive: configDriveFiles(core, server, { adminPassword: input.adminPassword, files: input.files }),
              ...(typeof input.unshelve?.imageId === "string" ? { imageId: input.unshelve.imageId } : {}),
            });
            const progress = (percent: number) => core.servers.update(server.id, { progress: percent }, null);
            await driver.spawn(spec, throttled(progress), signal);
          });
        },
        undo: async ({ input }) => {
          const server = core.servers.get(input.serverId);
          if (server !== undefined) await driver.destroy(refOf(core, server), { keepDisks: false });
        },
      },
      {
        name: "wait for the network",
        do: async ({ input }) => {
          const server = requireServer(core, input.serverId);
          if (server.nics.length === 0) return;
          await kernel.facade("network").plugged(server.nics.map(({ portId }) => portId));
        },
      },
      {
        name: "forget the shelved image",
        do: async ({ input, requestId }) => {
          if (input.unshelve === undefined) return;
          await forgetShelvedImage(core, requireServer(core, input.serverId), requestId);
        },
      },
    ],
    onDone({ input, requestId }) {
      const server = core.servers.get(input.serverId);
      if (server === undefined) return;
      const now = kernel.clock.now();
      change(core, server.id, {
        vmState: "active",
        taskState: null,
        powerState: POWER.running,
        progress: 0,
        launchedAt: now,
        terminatedAt: null,
      });
      core.actions.finish(server.id, requestId, { error: null }, now);
    },
    onFailed({ input, requestId }, error) {
      const server = core.servers.get(input.serverId);
      if (server === undefined) return;
      const now = kernel.clock.now();
      core.actions.finish(server.id, requestId, { error: error.message }, now);
      // A delete pushed it aside and goes on from here.
      if (error instanceof OperationCancelled || server.taskState === "deleting") return;
      change(core, server.id, {
        // An unshelve that found no room leaves it shelved.
        vmState: input.unshelve === undefined ? "error" : "shelved_offloaded",
        taskState: null,
        progress: 0,
        fault: buildFault(server, error, now),
      });
    },
  });
}

/** What nova says of a guest that could not be made: the reason is there, the host's paths are not. */
function buildFault(server: Server, error: Error, now: number): Fault {
  const fault = faultOf(error, now);
  if (!(error instanceof DriverError)) return fault;
  return { ...fault, message: `Build of instance ${server.id} aborted: ${fault.message}`.slice(0, 255) };
}

/** At most one write for each ten percent. */
function throttled(write: (percent: number) => unknown): (percent: number) => void {
  let last = 0;
  return (percent) => {
    if (percent - last < 10) return;
    last = percent;
    write(Math.round(percent));
  };
}

/** At most so many at once; 0 is no limit. */
class Semaphore {
  readonly #limit: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  readonly #turns: Pick<Turns, "background">;

  constructor(limit: number, turns: Pick<Turns, "background">) {
    this.#turns = turns;
    this.#limit = limit <= 0 ? Number.POSITIVE_INFINITY : limit;
  }

  async run(body: () => Promise<void>): Promise<void> {
    if (this.#running >= this.#limit) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
    try {
      // The one before may have ended in this turn, and the one before that.
      await this.#turns.background();
      await body();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
