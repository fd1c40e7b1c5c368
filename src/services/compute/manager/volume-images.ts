import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isUnwritable } from "../../../kernel/db/unwritable.ts";
import { badRequest, messageOf } from "../../../kernel/errors.ts";
import type { OperationRun } from "../../../kernel/operations/operations.ts";
import type { ImageInfo } from "../../image/facade.ts";
import type { BlockDevice, Server } from "../store/servers.ts";
import { isTrue } from "../values/boolean.ts";
import { storageOf } from "./bdm-check.ts";
import type { BlockDeviceWish } from "./bdm-request.ts";
import { indexOf } from "./bdm-request.ts";
import { contextOf } from "./change.ts";
import type { Core } from "./core.ts";
import { quiesced } from "./quiesce.ts";

/** Volume id → the snapshot that was made of it. */
type Snapshots = Record<string, string>;

/** Makes the image of a server that boots from a volume: it has no data, its properties name snapshots of the volumes. */
export async function uploadVolumeImage(
  core: Core,
  server: Server,
  imageId: string,
  run: OperationRun<unknown, unknown>,
): Promise<void> {
  const storage = storageOf(core);
  const image = core.kernel.facade("image");
  const context = contextOf(server, run.requestId);
  const data = run.data as { snapshots?: Snapshots };
  data.snapshots ??= {};
  const { snapshots } = data;
  const name = image.get(context, imageId).name ?? imageId;
  const devices: unknown[] = [];
  const takeAll = async () => {
    for (const device of server.blockDevices) {
      const { volumeId } = device;
      if (volumeId === null) continue;
      let snapshotId = snapshots[volumeId];
      // The snapshot and the note of it in one: a crash between them would leave one that nobody knows.
      snapshotId ??= core.kernel.db.transaction(() => {
        const { id } = storage.createSnapshot(context, volumeId, { name: `snapshot for ${name}` });
        snapshots[volumeId] = id;
        run.save();
        return id;
      });
      const snapshot = await storage.waitForSnapshot(snapshotId, { signal: run.signal });
      devices.push(mapped(device, snapshotId, snapshot.sizeGb));
    }
  };
  try {
    if (server.vmState === "active") await quiesced(core, server, run, takeAll);
    else await takeAll();
    image.updateProperties(context, imageId, {
      block_device_mapping: JSON.stringify(devices),
      bdm_v2: "True",
      root_device_name: server.rootDeviceName ?? "/dev/vda",
    });
    await uploadNothing(core, server, imageId, run.requestId);
  } catch (error) {
    if (isUnwritable(error)) throw error;
    for (const id of Object.values(snapshots)) {
      try {
        storage.deleteSnapshot(context, id);
      } catch (failure) {
        core.kernel.log.warning(`snapshot ${id} of a failed image stays: ${messageOf(failure)}`);
      }
    }
    throw error;
  }
}

async function uploadNothing(core: Core, server: Server, imageId: string, requestId: string): Promise<void> {
  const path = join(tmpdir(), `no-data-${imageId}`);
  await writeFile(path, "");
  try {
    const formats = { diskFormat: "raw", containerFormat: "bare" };
    await core.kernel.facade("image").uploadFile(contextOf(server, requestId), imageId, path, formats);
  } finally {
    await rm(path, { force: true });
  }
}

/** One disk in nova's words, so that it means the same elsewhere. */
function mapped(device: BlockDevice, snapshotId: string, sizeGb: number): Record<string, unknown> {
  return {
    source_type: "snapshot",
    destination_type: "volume",
    snapshot_id: snapshotId,
    volume_size: sizeGb,
    boot_index: device.bootIndex,
    device_name: device.device,
    ...(device.bus === null ? {} : { disk_bus: device.bus }),
    ...(device.deviceType === null ? {} : { device_type: device.deviceType }),
    ...(device.guestFormat === null ? {} : { guest_format: device.guestFormat }),
    ...(device.tag === null ? {} : { tag: device.tag }),
    delete_on_termination: device.deleteOnTermination,
    volume_type: device.volumeType,
    no_device: null,
    volume_id: null,
    image_id: null,
    connection_info: null,
  };
}

/** The disks that such an image defines; none for an ordinary one. */
export function devicesOfImage(image: ImageInfo | null): BlockDeviceWish[] {
  const text = image?.properties.block_device_mapping;
  if (text === undefined || !isTrue(image?.properties.bdm_v2)) return [];
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return [];
  }
  if (!Array.isArray(parsed)) return [];
  // Absent and null mean the same here.
  return parsed.map((item: unknown) => {
    const fields = Object.entries(Object(item)).filter(([, value]) => value !== null);
    // Whoever made the image wrote this: not all of it need be what nova would have written.
    const strange = fields.find(([key, value]) => !fits(key, value));
    if (strange !== undefined)
      throw badRequest(`Invalid image metadata. Error: ${strange[0]} of its block device mapping is not valid.`);
    return Object.fromEntries(fields);
  });
}

const FIELDS: Readonly<Record<string, RegExp>> = {
  source_type: /^(volume|image|snapshot|blank)$/,
  destination_type: /^(local|volume)$/,
  uuid: /^[a-zA-Z0-9._-]{1,255}$/,
  volume_id: /^[a-zA-Z0-9._-]{1,255}$/,
  snapshot_id: /^[a-zA-Z0-9._-]{1,255}$/,
  image_id: /^[a-zA-Z0-9._-]{1,255}$/,
  device_name: /^[a-zA-Z0-9._/-]{1,255}$/,
  boot_index: /^-?[0-9]{1,9}$/,
  volume_size: /^[0-9]{1,9}$/,
};

/** As the schema of a request has it; fields that are none are let be. */
function fits(key: string, value: unknown): boolean {
  if (Object.hasOwn(FIELDS, key)) return FIELDS[key]?.test(String(value)) === true && typeof value !== "object";
  return typeof value !== "object";
}

/** The image's disks (`devicesOfImage`) and the request's, which win where they name the same device or both are the root. */
export function mergedDevices(
  defined: readonly BlockDeviceWish[],
  asked: readonly BlockDeviceWish[],
): readonly BlockDeviceWish[] {
  if (defined.length === 0) return asked;
  const isRoot = (item: BlockDeviceWish) => indexOf(item) === 0;
  const hasRoot = defined.some(isRoot);
  // Clients name the image itself as the root disk: with such an image its root volume takes that place.
  const wanted = asked.filter((item) => !(hasRoot && isRoot(item) && item.source_type === "image"));
  const named = new Set(wanted.flatMap(({ device_name }) => device_name ?? []));
  const rooted = wanted.some(isRoot);
  return [...defined.filter((item) => !named.has(item.device_name ?? "") && !(rooted && isRoot(item))), ...wanted];
}
