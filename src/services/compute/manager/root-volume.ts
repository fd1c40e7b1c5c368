import type { RequestContext } from "../../../kernel/auth/context.ts";
import { badRequest } from "../../../kernel/errors.ts";
import type { OperationRun } from "../../../kernel/operations/operations.ts";
import type { VolumeInfo } from "../../block-storage/facade.ts";
import type { BlockDevice, Server } from "../store/servers.ts";
import { storageOf } from "./bdm-check.ts";
import { contextOf } from "./change.ts";
import type { Core } from "./core.ts";
import { timeoutOf } from "./power.ts";
import { refOf } from "./spec.ts";

const isRoot = ({ bootIndex, volumeId }: BlockDevice): boolean => bootIndex === 0 && volumeId !== null;

/** The volume a server boots from; null for one with a disk of its own. */
export function rootVolume(core: Core, server: Server): VolumeInfo | null {
  const volumeId = server.blockDevices.find(isRoot)?.volumeId ?? null;
  return volumeId === null ? null : storageOf(core).findVolume(volumeId);
}

/** Errors: 400 for a volume of the server that is not "in-use": what is about to be done with its disks would fail later. */
export function requireVolumesInUse(core: Core, context: RequestContext, server: Server): void {
  for (const { volumeId } of server.blockDevices) {
    if (volumeId === null) continue;
    const { status } = storageOf(core).getVolume(context, volumeId);
    if (status === "in-use") continue;
    throw badRequest(`Invalid volume: volume '${volumeId}' status must be 'in-use'. Currently in '${status}' status`);
  }
}

/**
 * Writes an image to the volume that a server boots from, with the guest off: nova/compute/manager.py _rebuild_volume_backed_instance.
 * Nobody else gets the volume meanwhile. Runs again after a crash in its midst, and then does not write twice.
 */
export async function reimageRoot(
  core: Core,
  server: Server,
  imageId: string,
  run: OperationRun<unknown, unknown>,
): Promise<void> {
  const device = server.blockDevices.find(isRoot);
  const { volumeId = null, attachmentId = null } = device ?? {};
  if (volumeId === null || attachmentId === null) throw new Error(`server ${server.id} has no root volume`);
  const { driver, kernel } = core;
  const storage = storageOf(core);
  const context = contextOf(server, run.requestId);
  const ref = refOf(core, server);
  if ((await driver.powerState(ref)) === "running") {
    await driver.stop(ref, timeoutOf(server, kernel.settings.compute.shutdownTimeout));
  }
  await storage.release(context, attachmentId);
  const data = run.data as { written?: true };
  if (data.written === undefined) {
    kernel.db.transaction(() => {
      storage.reimage(context, volumeId, imageId);
      data.written = true;
      run.save();
    });
  }
  await storage.waitForVolume(volumeId, { signal: run.signal });
  await storage.connect(context, attachmentId, { hostName: server.host ?? "", device: device?.device ?? null });
  storage.complete(context, attachmentId);
}
