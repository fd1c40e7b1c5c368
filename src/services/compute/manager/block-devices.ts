import { isUnwritable } from "../../../kernel/db/unwritable.ts";
import { messageOf } from "../../../kernel/errors.ts";
import type { BlockDevice, Server } from "../store/servers.ts";
import { storageOf } from "./bdm-check.ts";
import { change, contextOf } from "./change.ts";
import type { Core } from "./core.ts";

/**
 * Makes and connects the volumes of a server that is being built: those it names are reserved, others are made from an image,
 * a snapshot or nothing. What is done is written down after each, so that it can be resumed and undone.
 */
export async function attachAll(core: Core, server: Server, requestId: string, signal: AbortSignal): Promise<void> {
  if (server.blockDevices.every(({ destination }) => destination === "local")) return;
  const storage = storageOf(core);
  const context = contextOf(server, requestId);
  const devices = [...server.blockDevices];
  const save = (index: number, changes: Partial<BlockDevice>): BlockDevice => {
    const device = { ...(devices[index] as BlockDevice), ...changes };
    devices[index] = device;
    change(core, server.id, { blockDevices: devices });
    return device;
  };
  for (let index = 0; index < devices.length; index += 1) {
    let device = devices[index];
    if (device === undefined || device.destination !== "volume") continue;
    // What is made and the note of it in one transaction: a crash between them would leave something that nobody knows.
    if (device.volumeId === null) {
      const { sizeGb, source, sourceId, volumeType } = device;
      device = core.kernel.db.transaction(() => {
        const made = storage.createVolume(context, {
          name: "",
          sizeGb,
          ...(source === "image" && sourceId !== null ? { imageId: sourceId } : {}),
          ...(source === "snapshot" && sourceId !== null ? { snapshotId: sourceId } : {}),
          ...(volumeType === null ? {} : { volumeType }),
        });
        return save(index, { volumeId: made.id });
      });
    }
    const volumeId = device.volumeId ?? "";
    if (device.attachmentId === null) {
      await storage.waitForVolume(volumeId, { signal });
      device = core.kernel.db.transaction(() =>
        save(index, { attachmentId: storage.reserve(context, volumeId, server.id).id }),
      );
    }
    await storage.connect(context, device.attachmentId ?? "", { hostName: server.host ?? "", device: device.device });
    storage.complete(context, device.attachmentId ?? "");
  }
}

/** Gives back the volumes that were reserved for a server that is not to be: somebody else may have them at once. */
export async function letGoOfVolumes(core: Core, server: Server, requestId: string): Promise<void> {
  await releaseVolumes(core, server, requestId, { deleteOwn: false });
}

/**
 * Lets go of all volumes; deletes those that were to go with the server. Failures are logged: a server must be deletable. Where block storage
 * is left out, the server goes all the same, as nova's does where the catalog has no cinder; what it had is let go of when that returns.
 */
export async function releaseVolumes(
  core: Core,
  server: Server,
  requestId: string,
  { deleteOwn } = { deleteOwn: true },
): Promise<void> {
  const volumes = server.blockDevices.filter(({ volumeId }) => volumeId !== null);
  if (volumes.length === 0) return;
  if (!core.kernel.has("block-storage")) {
    core.kernel.log.warning(`the volumes of server ${server.id} are let go of when block storage is enabled again`);
    return;
  }
  const context = contextOf(server, requestId);
  const storage = storageOf(core);
  for (const { attachmentId, volumeId, deleteOnTermination } of volumes) {
    try {
      if (attachmentId !== null) await storage.detach(context, attachmentId);
      if (deleteOwn && deleteOnTermination && volumeId !== null) storage.deleteVolume(context, volumeId);
    } catch (error) {
      if (isUnwritable(error)) throw error;
      core.kernel.log.warning(`volume ${volumeId} of server ${server.id} could not be released: ${messageOf(error)}`);
    }
  }
  change(core, server.id, {
    blockDevices: server.blockDevices.map((device) => ({ ...device, attachmentId: null })),
  });
}

/** Lets go of what servers had that were deleted while block storage was left out. At each start; mostly there is none. */
export async function releaseLeftVolumes(core: Core): Promise<void> {
  if (!core.kernel.has("block-storage")) return;
  for (const id of core.servers.deletedAmong(storageOf(core).serversWithVolumes())) {
    const server = core.servers.get(id);
    if (server === undefined) continue;
    await releaseVolumes(core, server, "");
    // What its row does not know of (any more).
    for (const left of storageOf(core).listAttachments(id))
      await storageOf(core).detach(contextOf(server, ""), left.id);
  }
}

/** "/dev/vdb", "/dev/vdc", …: the first letter that no disk of the server has. */
export function nextDevice(server: Pick<Server, "blockDevices" | "flavor">, prefix = "vd"): string {
  const taken = new Set(server.blockDevices.map(({ device }) => device?.replace(/^\/dev\/[a-z]d/, "") ?? ""));
  taken.add("a");
  let local = "b";
  // Ephemeral and swap disks of the flavor come right after the root disk.
  for (const size of [server.flavor.ephemeral, server.flavor.swap]) {
    if (size > 0) {
      taken.add(local);
      local = String.fromCharCode(local.charCodeAt(0) + 1);
    }
  }
  for (let code = "b".charCodeAt(0); code <= "z".charCodeAt(0); code += 1) {
    const letter = String.fromCharCode(code);
    if (!taken.has(letter)) return `/dev/${prefix}${letter}`;
  }
  return `/dev/${prefix}aa`;
}
