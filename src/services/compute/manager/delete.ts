import type { OperationHandle } from "../../../kernel/operations/operations.ts";
import { releaseVolumes } from "./block-devices.ts";
import { change, faultOf } from "./change.ts";
import type { Core } from "./core.ts";
import { releaseNics } from "./networks.ts";
import { forgetShelvedImage } from "./shelve.ts";
import { refOf } from "./spec.ts";

export interface DeleteInput {
  serverId: string;
}

/** Takes a server away: guest → volumes → ports → the image it was shelved as. Each step copes with what is gone already, so a crash only repeats it. */
export function defineDelete(core: Core): OperationHandle<DeleteInput> {
  const { kernel, driver } = core;
  return kernel.operations.define<DeleteInput>({
    kind: "compute.server.delete",
    steps: [
      {
        name: "destroy the guest",
        do: async ({ input }) => {
          const server = core.servers.get(input.serverId);
          if (server !== undefined) await driver.destroy(refOf(core, server), { keepDisks: false });
        },
      },
      {
        name: "release volumes",
        do: async ({ input, requestId }) => {
          const server = core.servers.get(input.serverId);
          if (server !== undefined) await releaseVolumes(core, server, requestId);
        },
      },
      {
        name: "release ports",
        do: ({ input, requestId }) => {
          const server = core.servers.get(input.serverId);
          if (server !== undefined) releaseNics(core, server, requestId, server.nics);
        },
      },
      {
        name: "forget the shelved image",
        do: async ({ input, requestId }) => {
          const server = core.servers.get(input.serverId);
          if (server !== undefined) await forgetShelvedImage(core, server, requestId);
        },
      },
    ],
    onDone({ input, requestId }) {
      const server = core.servers.get(input.serverId);
      if (server === undefined || server.deletedAt !== null) return;
      const now = kernel.clock.now();
      change(core, server.id, {
        vmState: "deleted",
        taskState: null,
        powerState: 0,
        deletedAt: now,
        terminatedAt: now,
        nics: [],
        vifs: [],
      });
      core.consoleTokens.deleteOf(server.id);
      core.actions.finish(server.id, requestId, { error: null }, now);
    },
    onFailed({ input, requestId }, error) {
      const now = kernel.clock.now();
      core.actions.finish(input.serverId, requestId, { error: error.message }, now);
      change(core, input.serverId, { vmState: "error", taskState: null, fault: faultOf(error, now) });
    },
  });
}
