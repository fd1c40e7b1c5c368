import type { RequestContext } from "../../../kernel/auth/context.ts";
import { isUnwritable } from "../../../kernel/db/unwritable.ts";
import { badRequest, conflict, inWords, notFound } from "../../../kernel/errors.ts";
import { uuid } from "../../../kernel/ids/ids.ts";
import type { VolumeInfo } from "../../block-storage/facade.ts";
import { POWER, requireReady, TRANSITIONS } from "../states.ts";
import type { BlockDevice, Server } from "../store/servers.ts";
import { type ActionHandle, defineAction } from "./actions.ts";
import { multiattachTooOld, storageOf } from "./bdm-check.ts";
import { nextDevice } from "./block-devices.ts";
import { change, contextOf, requireServer } from "./change.ts";
import type { Core } from "./core.ts";
import { isTimeout } from "./driver-call.ts";
import { refOf, volumeSpec } from "./spec.ts";

export interface AttachWish {
  volumeId: string;
  device: string | null;
  tag: string | null;
  deleteOnTermination: boolean;
  /** Since 2.60 a volume that several servers may have. */
  multiattach: boolean;
}

/** Volumes of servers that are there already. */
export class VolumeManager {
  readonly #core: Core;
  readonly #attach: ActionHandle<{ deviceId: string }>;
  readonly #detach: ActionHandle<{ volumeId: string }>;

  constructor(core: Core) {
    this.#core = core;
    const { driver } = core;
    this.#attach = defineAction<{ deviceId: string }>(core, {
      name: "attach-volume",
      event: "compute_attach_volume",
      needs: "block-storage",
      run: async (server, { deviceId }, { requestId }) => {
        const device = server.blockDevices.find(({ id }) => id === deviceId);
        const attachmentId = device?.attachmentId ?? null;
        if (device === undefined || attachmentId === null) return {};
        const storage = storageOf(core);
        const context = contextOf(server, requestId);
        try {
          // A shelved server has nowhere to plug it in until it comes back, but the volume is its own from now on.
          if (server.host === null) {
            storage.complete(context, attachmentId);
            return {};
          }
          const connection = await storage.connect(context, attachmentId, {
            hostName: server.host,
            device: device.device,
          });
          if (server.powerState !== POWER.shutdown)
            await driver.attachVolume(refOf(core, server), volumeSpec(device, connection));
          storage.complete(context, attachmentId);
        } catch (error) {
          if (isUnwritable(error)) throw error;
          await storage.detach(context, attachmentId);
          dropDevice(core, server.id, deviceId);
          throw error;
        }
        return {};
      },
    });
    this.#detach = defineAction<{ volumeId: string }>(core, {
      name: "detach-volume",
      event: "compute_detach_volume",
      needs: "block-storage",
      run: async (server, { volumeId }, { requestId }) => {
        const device = server.blockDevices.find((candidate) => candidate.volumeId === volumeId);
        const attachmentId = device?.attachmentId ?? null;
        if (device === undefined || attachmentId === null) return {};
        const context = contextOf(server, requestId);
        try {
          // Without its attachment an earlier try, which a crash cut off, came this far.
          const isThere = storageOf(core).getAttachment(attachmentId) !== null;
          if (isThere && server.host !== null && server.powerState !== POWER.shutdown) {
            // Before it is asked: it may obey at the very moment when it is no longer waited for.
            setLeaving(core, server.id, device.id, true);
            await this.#unplug(server, device, context);
          }
        } catch (error) {
          if (isUnwritable(error)) throw error;
          if (!isTimeout(error)) setLeaving(core, server.id, device.id, false);
          storageOf(core).rollDetaching(context, volumeId);
          throw error;
        }
        await this.#end(server, device, context);
        return {};
      },
    });
  }

  /** What the guest was asked to let go of in vain is gone at last: the attachment ends. */
  async endLate(server: Server, volumeId: string, requestId: string): Promise<void> {
    const device = this.get(server, volumeId);
    const context = contextOf(server, requestId);
    // A kill may have come between the end of the attachment and that of the device.
    const attachments = storageOf(this.#core).listAttachments(server.id);
    if (attachments.some(({ id }) => id === device.attachmentId)) await this.#unplug(server, device, context);
    await this.#end(server, device, context);
  }

  async #unplug(server: Server, device: BlockDevice, context: RequestContext): Promise<void> {
    const connection = await storageOf(this.#core).connect(context, device.attachmentId ?? "", {
      hostName: server.host ?? "",
      device: device.device,
    });
    await this.#core.driver.detachVolume(refOf(this.#core, server), volumeSpec(device, connection));
  }

  async #end(server: Server, device: BlockDevice, context: RequestContext): Promise<void> {
    const core = this.#core;
    const storage = storageOf(core);
    await storage.detach(context, device.attachmentId ?? "");
    core.kernel.db.transaction(() => {
      if (device.deleteOnTermination) storage.deleteVolume(context, device.volumeId ?? "");
      dropDevice(core, server.id, device.id);
    });
  }

  /** Errors: 404. */
  get(server: Server, volumeId: string): BlockDevice {
    const device = attached(server).find((candidate) => candidate.volumeId === volumeId);
    if (device === undefined) throw notFound(`Instance ${server.id} is not attached to volume ${volumeId}`);
    return device;
  }

  list(server: Server): BlockDevice[] {
    return attached(server);
  }

  /** Reserves the volume at once, so that nobody else gets it; plugs it in afterwards. Errors: 400, 404, 409. */
  attach(context: RequestContext, server: Server, wish: AttachWish): BlockDevice {
    const core = this.#core;
    const storage = storageOf(core);
    return core.kernel.db.transaction(() => {
      const current = requireServer(core, server.id);
      requireReady(context, current, TRANSITIONS.attachVolume);
      const volume = storage.getVolume(context, wish.volumeId);
      requireAttachable(current, volume, wish);
      const wanted = wish.device === null ? null : `/dev/${wish.device.replace(/^\/dev\//, "")}`;
      if (
        wanted !== null &&
        (wanted === current.rootDeviceName || current.blockDevices.some(({ device }) => device === wanted))
      ) {
        throw conflict(`The supplied device path (${wanted}) is in use.`);
      }
      const attachment = storage.reserve(context, volume.id, current.id);
      const device: BlockDevice = {
        id: uuid(),
        source: "volume",
        destination: "volume",
        bootIndex: null,
        volumeId: volume.id,
        sourceId: null,
        sizeGb: volume.sizeGb,
        // libvirt's driver has its own names, whatever was asked for.
        device: nextDevice(current),
        bus: null,
        deviceType: "disk",
        guestFormat: null,
        deleteOnTermination: wish.deleteOnTermination,
        tag: wish.tag,
        volumeType: null,
        attachmentId: attachment.id,
      };
      change(core, current.id, { blockDevices: [...current.blockDevices, device] });
      this.#attach.start(context, current, TRANSITIONS.attachVolume, { deviceId: device.id });
      return device;
    });
  }

  /** Errors: 404, 400 for the root volume, 409. */
  detach(context: RequestContext, server: Server, volumeId: string): void {
    const core = this.#core;
    core.kernel.db.transaction(() => {
      const current = requireServer(core, server.id);
      const device = this.get(current, volumeId);
      if (device.bootIndex === 0) throw badRequest("Cannot detach a root device volume");
      requireReady(context, current, TRANSITIONS.detachVolume);
      storageOf(core).beginDetaching(context, volumeId);
      this.#detach.start(context, current, TRANSITIONS.detachVolume, { volumeId });
    });
  }

  /**
   * Swapping one volume for another in a running guest, which no driver here does. Errors: always, in the order in which nova finds what
   * is wrong (nova/compute/api.py swap_volume): 404, 400, 409.
   */
  refuseSwap(context: RequestContext, server: Server, volumeId: string, otherId: string): never {
    const storage = storageOf(this.#core);
    const volume = storage.getVolume(context, volumeId);
    const other = inWords({ 404: ({ message }) => badRequest(message) }, () => storage.getVolume(context, otherId));
    requireReady(context, server, TRANSITIONS.swapVolume);
    if (!volume.attachments.some(({ instanceId }) => instanceId === server.id)) {
      throw badRequest("Invalid volume: Old volume is attached to a different instance.");
    }
    if (other.status === "in-use") throw badRequest("Invalid volume: New volume must be detached in order to swap.");
    if (other.sizeGb < volume.sizeGb) {
      throw badRequest("Invalid volume: New volume must be the same size or larger.");
    }
    throw badRequest("Swapping a volume for another is not supported by this cloud.");
  }

  /** 2.85: whether the volume goes with the server. */
  setDeleteOnTermination(server: Server, volumeId: string, value: boolean): void {
    const device = this.get(server, volumeId);
    change(this.#core, server.id, {
      blockDevices: server.blockDevices.map((item) =>
        item === device ? { ...item, deleteOnTermination: value } : item,
      ),
    });
  }
}

function attached(server: Server): BlockDevice[] {
  return server.blockDevices.filter(({ volumeId, attachmentId }) => volumeId !== null && attachmentId !== null);
}

function setLeaving(core: Core, serverId: string, deviceId: string, leaving: boolean): void {
  const { blockDevices } = requireServer(core, serverId);
  change(core, serverId, {
    blockDevices: blockDevices.map((device) => (device.id === deviceId ? { ...device, leaving } : device)),
  });
}

function dropDevice(core: Core, serverId: string, deviceId: string): void {
  const server = core.servers.get(serverId);
  if (server === undefined) return;
  change(core, serverId, { blockDevices: server.blockDevices.filter(({ id }) => id !== deviceId) });
}

/** Errors: 400 (nova/compute/api.py attach_volume). */
function requireAttachable(server: Server, volume: VolumeInfo, { tag, multiattach }: AttachWish): void {
  const others = volume.attachments.flatMap(({ instanceId }) => instanceId ?? []);
  if (others.length > 0 && !volume.multiattach) {
    throw badRequest(`Invalid volume: volume ${volume.id} is already attached to instances: ${others.join(" ")}`);
  }
  if (server.blockDevices.some(({ volumeId }) => volumeId === volume.id)) {
    throw badRequest(`Invalid volume: volume ${volume.id} already attached`);
  }
  if (server.vmState === "shelved_offloaded" && tag !== null) {
    throw badRequest("Tagged volume attachment is not supported for shelved-offloaded instances.");
  }
  if (server.vmState === "shelved_offloaded" && volume.multiattach) {
    throw badRequest("Attaching multiattach volumes is not supported for shelved-offloaded instances.");
  }
  if (volume.multiattach && !multiattach) throw multiattachTooOld();
}
