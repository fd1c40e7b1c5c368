import { internalContext, type RequestContext } from "../../../kernel/auth/context.ts";
import { isUnwritable } from "../../../kernel/db/unwritable.ts";
import { badRequest, conflict } from "../../../kernel/errors.ts";
import { requestId } from "../../../kernel/ids/ids.ts";
import type { OperationHandle } from "../../../kernel/operations/operations.ts";
import { POWER, requireReady, TRANSITIONS } from "../states.ts";
import type { Server } from "../store/servers.ts";
import { type ActionHandle, defineAction, recordAction } from "./actions.ts";
import type { BuildInput } from "./build.ts";
import { change, requireServer } from "./change.ts";
import type { Core } from "./core.ts";
import { zoneOf } from "./hosts.ts";
import { discard, queueSnapshot, uploadSnapshot } from "./images.ts";
import { replugged, timeoutOf } from "./power.ts";
import { buildSpec, refOf } from "./spec.ts";
import { zonesInUse } from "./zones.ts";

interface ShelveInput {
  /** "" for a server that boots from a volume. */
  imageId: string;
}

/** Shelving: the disk becomes an image and the guest leaves the host, at once or after nova's shelved_offload_time. */
export class ShelveManager {
  readonly #core: Core;
  readonly #build: OperationHandle<BuildInput>;
  readonly #shelve: ActionHandle<ShelveInput>;
  readonly #offload: ActionHandle<null>;
  readonly #unshelve: ActionHandle<null>;

  constructor(core: Core, build: OperationHandle<BuildInput>) {
    this.#core = core;
    this.#build = build;
    const { driver } = core;
    const { shutdownTimeout } = core.kernel.settings.compute;
    const offload = async (server: Server) => {
      change(core, server.id, { taskState: "shelving_offloading" });
      await driver.destroy(refOf(core, server), { keepDisks: false });
      core.kernel.facade("network").unplugged(server.nics.map(({ portId }) => portId));
      return {
        vmState: "shelved_offloaded",
        powerState: POWER.shutdown,
        host: null,
      } as const;
    };

    this.#shelve = defineAction<ShelveInput>(core, {
      name: "shelve",
      event: "compute_shelve_instance",
      run: async (server, { imageId }, operation) => {
        // After a crash the guest may be gone already, with its disk in the image.
        const power = await driver.powerState(refOf(core, server));
        // One that is paused does not hear the power button.
        const timeout = power === "paused" ? 0 : timeoutOf(server, shutdownTimeout);
        if (power === "running" || power === "paused") await driver.stop(refOf(core, server), timeout);
        change(core, server.id, { taskState: "shelving_image_uploading" });
        if (imageId !== "") {
          await uploadSnapshot(core, server, imageId, operation).catch(async (error: unknown) => {
            if (isUnwritable(error)) throw error;
            await discard(core, server, imageId, operation.requestId);
            throw error;
          });
        }
        // nova keeps no guest whose disks are volumes: there is nothing to be gained by it.
        if (this.#keepFor === 0 || imageId === "") return offload(server);
        return { vmState: "shelved", powerState: POWER.shutdown };
      },
      failed: () => ({ vmState: "error", shelvedImageId: null }),
    });
    this.#offload = defineAction(core, {
      name: "shelve-offload",
      event: "compute_shelve_offload_instance",
      run: offload,
      failed: () => ({ vmState: "error" }),
    });
    this.#unshelve = defineAction(core, {
      name: "unshelve",
      event: "compute_unshelve_instance",
      run: async (server, _, { requestId }) => {
        await driver.start(await buildSpec(core, server, requestId, { configDrive: "keep" }));
        await replugged(core, server);
        await forgetShelvedImage(core, server, requestId);
        return { vmState: "active", powerState: POWER.running };
      },
      failed: () => ({ vmState: "error" }),
    });
  }

  /** How often to look for servers whose time on the host is over, in milliseconds; null: never. */
  get period(): number | null {
    return this.#keepFor <= 0 ? null : Math.min(60, this.#keepFor) * 1000;
  }

  /** Takes those off the host. */
  offloadDue(): void {
    const { servers, kernel } = this.#core;
    const oldest = kernel.clock.now() - this.#keepFor * 1000;
    for (const server of servers.list({ projectId: null, deleted: "no", vmStates: ["shelved"] })) {
      if (server.taskState !== null || server.updatedAt > oldest) continue;
      const context = internalContext(requestId(), server.projectId);
      kernel.eventually.write(`offloading server ${server.id}`, () => this.offload(context, server));
    }
  }

  get #keepFor(): number {
    return this.#core.kernel.settings.compute.shelvedOffloadTime;
  }

  /** Errors: 409. */
  shelve(context: RequestContext, server: Server): void {
    this.#core.kernel.db.transaction(() => {
      const current = requireServer(this.#core, server.id);
      requireReady(context, current, TRANSITIONS.shelve);
      const name = `${current.name}-shelved`;
      const image =
        current.imageId === "" ? null : queueSnapshot(this.#core, context, current, name, { image_type: "snapshot" });
      this.#shelve.start(
        context,
        current,
        TRANSITIONS.shelve,
        { imageId: image?.id ?? "" },
        { shelvedImageId: image?.id ?? null },
      );
    });
  }

  offload(context: RequestContext, server: Server): void {
    this.#offload.start(context, server, TRANSITIONS.shelveOffload, null);
  }

  /**
   * Scheduled and spawned again from the snapshot, on the ports it had. `zone`: where from now on (since 2.77; null: anywhere); `host`:
   * which it is to be on (since 2.91). Errors: 400 for a zone or host that is none, 409.
   */
  unshelve(context: RequestContext, server: Server, wish: UnshelveWish): void {
    requireReady(context, server, TRANSITIONS.unshelve);
    const zone = this.#zone(server, wish);
    if (server.vmState === "shelved") {
      this.#unshelve.start(context, server, TRANSITIONS.unshelve, null);
      return;
    }
    this.#core.kernel.db.transaction(() => {
      const current = requireServer(this.#core, server.id);
      requireReady(context, current, TRANSITIONS.unshelve);
      recordAction(this.#core, context, current, { action: "unshelve", event: "compute_unshelve_instance" });
      change(this.#core, current.id, { taskState: "unshelving", requestedZone: zone });
      this.#build.start({
        resource: `server:${current.id}`,
        requestId: context.requestId,
        input: {
          serverId: current.id,
          networks: [],
          securityGroupIds: null,
          adminPassword: "",
          files: [],
          unshelve: { imageId: current.shelvedImageId },
        },
      });
    });
  }

  /** The zone it is bound to from now on. Errors: 400, 409 (nova/compute/api.py unshelve). */
  #zone(server: Server, { zone, host }: UnshelveWish): string | null {
    const core = this.#core;
    if ((zone !== undefined || host !== undefined) && server.vmState !== "shelved_offloaded") {
      throw conflict(
        `Specifying an availability zone or a host when unshelving server "${server.id}" with status "${server.vmState}" is not supported. The server status must be SHELVED_OFFLOADED.`,
      );
    }
    const next = zone === undefined ? server.requestedZone : zone === "" ? null : zone;
    if (typeof zone === "string" && zone !== "" && !zonesInUse(core).includes(zone)) {
      throw badRequest("The requested availability zone is not available");
    }
    if (host === undefined) return next;
    if (core.hosts.hypervisor()?.hostname !== host) throw badRequest(`Compute host ${host} could not be found.`);
    if (next !== null && zoneOf(core, host) !== next) {
      throw conflict(`Host "${host}" is not in the availability zone "${next}".`);
    }
    return next;
  }
}

/** Where a server is to be once it is back; what is not there stays as it was. */
export interface UnshelveWish {
  zone?: string | null;
  host?: string;
}

/** The snapshot has done its work once the server runs again, or is gone. A crash in between only repeats it. */
export async function forgetShelvedImage(core: Core, server: Server, requestId: string): Promise<void> {
  if (server.shelvedImageId === null) return;
  await discard(core, server, server.shelvedImageId, requestId);
  change(core, server.id, { shelvedImageId: null });
}
