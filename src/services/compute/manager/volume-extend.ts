import type { OperationHandle } from "../../../kernel/operations/operations.ts";
import type { Server } from "../store/servers.ts";
import { recordAction } from "./actions.ts";
import { storageOf } from "./bdm-check.ts";
import { change, contextOf } from "./change.ts";
import type { Core } from "./core.ts";
import { refOf, volumeSpec } from "./spec.ts";

const ACTION = "extend_volume";
const GIB = 2 ** 30;

interface ExtendInput {
  serverId: string;
  volumeId: string;
}

/**
 * Volumes that grew while servers have them: the guest is told the new size, and the server has an action to see it by
 * (nova/compute/api.py external_instance_event "volume-extended", nova/compute/manager.py extend_volume).
 */
export class VolumeExtender {
  readonly #core: Core;
  readonly #extend: OperationHandle<ExtendInput>;

  constructor(core: Core) {
    this.#core = core;
    this.#extend = core.kernel.operations.define<ExtendInput>({
      kind: "compute.server.extend-volume",
      needs: "block-storage",
      steps: [{ name: "tell the guest", do: ({ input, requestId }) => this.#tell(input, requestId) }],
      onDone: ({ input, requestId }) => core.actions.finish(input.serverId, requestId, { error: null }, this.#now),
      onFailed: ({ input, requestId }, { message }) =>
        core.actions.finish(input.serverId, requestId, { error: message }, this.#now),
    });
  }

  /** Called for the event, which may come twice: once is noted and told. Servers that do not have it (any more) are left out. */
  extended(volumeId: string, serverIds: readonly string[], requestId: string): void {
    const { db } = this.#core.kernel;
    db.transaction(() => {
      for (const server of this.#core.servers.many(serverIds)) {
        if (server.deletedAt !== null || deviceOf(server, volumeId) === undefined) continue;
        if (this.#core.actions.get(server.id, requestId)?.action === ACTION) continue;
        const context = contextOf(server, requestId);
        recordAction(this.#core, context, server, { action: ACTION, event: "compute_extend_volume" });
        this.#extend.start({ resource: `server:${server.id}`, requestId, input: { serverId: server.id, volumeId } });
      }
    });
  }

  async #tell({ serverId, volumeId }: ExtendInput, requestId: string): Promise<void> {
    const core = this.#core;
    const server = core.servers.get(serverId);
    const volume = storageOf(core).findVolume(volumeId);
    if (server === undefined || server.deletedAt !== null || volume === null) return;
    const device = deviceOf(server, volumeId);
    if (device === undefined || device.attachmentId === null) return;
    const blockDevices = server.blockDevices.map((one) =>
      one.id === device.id ? { ...one, sizeGb: volume.sizeGb } : one,
    );
    change(core, serverId, { blockDevices });
    // A shelved one has no guest; it finds the new size when it comes back.
    if (server.host === null) return;
    const connection = await storageOf(core).connect(contextOf(server, requestId), device.attachmentId, {
      hostName: server.host,
      device: device.device,
    });
    await core.driver.extendVolume(refOf(core, server), volumeSpec(device, connection), volume.sizeGb * GIB);
  }

  get #now(): number {
    return this.#core.kernel.clock.now();
  }
}

const deviceOf = (server: Server, volumeId: string) =>
  server.blockDevices.find((device) => device.volumeId === volumeId && device.attachmentId !== null);
