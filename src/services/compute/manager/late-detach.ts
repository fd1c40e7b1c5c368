import type { OperationHandle } from "../../../kernel/operations/operations.ts";
import type { DeviceRef } from "../driver/driver.ts";
import type { Server } from "../store/servers.ts";
import type { Core } from "./core.ts";
import type { Managers } from "./index.ts";
import { refOf } from "./spec.ts";

interface LateInput {
  serverId: string;
  device: DeviceRef;
}

/**
 * A guest that did not let go of a device in time does so later: QEMU carries the request out when the guest hears it, or at its next
 * reset. Then the attachment ends, as was asked for. nova goes on calling such a volume in use, and plugs it in again at a hard reboot.
 */
export class LateDetach {
  readonly #core: Core;
  readonly #operation: OperationHandle<LateInput>;
  #unlisten: () => void = () => {};

  constructor(core: Core, managers: Pick<Managers, "volumes" | "interfaces">) {
    this.#core = core;
    // After what is being done to the server, a detach for one.
    this.#operation = core.kernel.operations.define<LateInput>({
      kind: "compute.server.late-detach",
      steps: [
        {
          name: "end the attachment",
          do: async ({ input: { serverId, device }, requestId }) => {
            const server = core.servers.get(serverId);
            if (server === undefined || !isLeaving(server, device) || !(await this.#isGone(server, device))) return;
            core.kernel.log.info(`the guest has let go of ${device.kind} ${device.id} at last`, { server: serverId });
            if (device.kind === "volume") await managers.volumes.endLate(server, device.id, requestId);
            else await managers.interfaces.endLate(server, device.id, requestId);
          },
        },
      ],
    });
  }

  /** Hears of devices from now on, and looks at those that guests may have let go of while nobody heard it. */
  start(): void {
    const { driver, servers } = this.#core;
    this.#unlisten = driver.onDeviceGone(({ uuid, device }) => this.#hear(uuid, device));
    for (const server of servers.withLeavingDevices())
      for (const device of leaving(server)) this.#end(server.id, device);
  }

  stop(): void {
    this.#unlisten();
  }

  #hear(serverId: string, device: DeviceRef): void {
    const server = this.#core.servers.get(serverId);
    if (server !== undefined && server.deletedAt === null && isLeaving(server, device)) this.#end(serverId, device);
  }

  #end(serverId: string, device: DeviceRef): void {
    this.#core.kernel.eventually.write(`a device that left guest ${serverId}`, () => {
      this.#operation.start({ resource: `server:${serverId}`, input: { serverId, device } });
    });
  }

  async #isGone(server: Server, device: DeviceRef): Promise<boolean> {
    const { driver } = this.#core;
    const ref = refOf(this.#core, server);
    return (await driver.powerState(ref)) === "running" && !(await driver.isPlugged(ref, device));
  }
}

/** What was asked of the guest in vain so far. */
function leaving({ blockDevices, nics }: Server): DeviceRef[] {
  return [
    ...blockDevices.flatMap(({ leaving, volumeId }) =>
      leaving === true && volumeId !== null ? [{ kind: "volume" as const, id: volumeId }] : [],
    ),
    ...nics.flatMap(({ leaving, portId }) => (leaving === true ? [{ kind: "interface" as const, id: portId }] : [])),
  ];
}

function isLeaving(server: Server, { kind, id }: DeviceRef): boolean {
  return leaving(server).some((device) => device.kind === kind && device.id === id);
}
