import type { RequestContext } from "../../../kernel/auth/context.ts";
import { ApiError, badRequest } from "../../../kernel/errors.ts";
import { uuid } from "../../../kernel/ids/ids.ts";
import type { BlockStorageFacade } from "../../block-storage/facade.ts";
import type { ImageInfo } from "../../image/facade.ts";
import { isTrue } from "../schemas/common.ts";
import type { BlockDeviceWish } from "../schemas/servers.ts";
import type { Flavor } from "../store/flavors.ts";
import type { BlockDevice } from "../store/servers.ts";
import type { Core } from "./core.ts";

/** nova's max_local_block_devices. */
const MAX_LOCAL = 3;

/** The block storage service. Errors: 400 when it is not part of this cloud. */
export function storageOf(core: Core): BlockStorageFacade {
  try {
    return core.kernel.facade("block-storage");
  } catch {
    throw badRequest("Volumes need the block storage service, which is not enabled in this cloud.");
  }
}

/** Checks a create request's block devices and gives each a name. Errors: 400 in nova's words. */
export function checkBlockDevices(
  core: Core,
  context: RequestContext,
  wish: { blockDevices: readonly BlockDeviceWish[] },
  image: ImageInfo | null,
  flavor: Flavor,
): { devices: BlockDevice[]; bootsFromVolume: boolean } {
  const devices = wish.blockDevices
    .filter(({ no_device }) => no_device === undefined || no_device === null || no_device === false)
    .map((item) => one(core, context, item));
  if (devices.filter(({ destination }) => destination === "local").length > MAX_LOCAL)
    throw badRequest("Block Device Mapping is Invalid: You specified more local devices than the limit allows");
  const indexes = devices.flatMap(({ bootIndex }) => (bootIndex !== null && bootIndex >= 0 ? [bootIndex] : [])).sort();
  const roots = devices.filter(({ bootIndex }) => bootIndex === 0);
  const sequential = indexes.every((value, position) => value === position);
  if (devices.length > 0 && image === null && roots.length !== 1) {
    throw badRequest(
      "Block Device Mapping is Invalid: Boot sequence for the instance and image/block device mapping combination is not valid.",
    );
  }
  if (!sequential) {
    throw badRequest(
      "Block Device Mapping is Invalid: Boot sequence for the instance and image/block device mapping combination is not valid.",
    );
  }
  const root = roots[0];
  const blank = devices.filter(({ source, destination }) => source === "blank" && destination === "local");
  const ephemeral = blank.filter(({ guestFormat }) => guestFormat !== "swap");
  if (ephemeral.reduce((sum, { sizeGb }) => sum + (sizeGb ?? flavor.ephemeral), 0) > flavor.ephemeral) {
    throw badRequest(
      "Ephemeral disks requested are larger than the instance type allows. If no size is given in one block device mapping, flavor ephemeral size will be used.",
    );
  }
  const swap = blank.find(({ guestFormat }) => guestFormat === "swap");
  if (swap !== undefined && (swap.sizeGb ?? 0) > flavor.swap) {
    throw badRequest("Swap drive requested is larger than instance type allows.");
  }
  return { devices: named(devices), bootsFromVolume: root?.destination === "volume" };
}

function one(core: Core, context: RequestContext, item: BlockDeviceWish): BlockDevice {
  const source =
    item.source_type ??
    (item.volume_id !== undefined
      ? "volume"
      : item.snapshot_id !== undefined
        ? "snapshot"
        : item.image_id !== undefined
          ? "image"
          : "blank");
  const sourceId = item.uuid ?? item.volume_id ?? item.snapshot_id ?? item.image_id ?? null;
  const destination = item.destination_type ?? (source === "volume" || source === "snapshot" ? "volume" : "local");
  const bootIndex =
    item.boot_index === null || item.boot_index === undefined
      ? item.source_type === undefined && item.device_name?.endsWith("vda") === true
        ? 0
        : null
      : Number(item.boot_index);
  let sizeGb = item.volume_size === undefined || item.volume_size === null ? null : Number(item.volume_size);
  if (source !== "blank" && sourceId === null)
    throw badRequest("Block Device Mapping is Invalid: Missing device UUID.");
  if (source === "blank" && sourceId !== null) {
    throw badRequest("Block Device Mapping is Invalid: Invalid device UUID.");
  }
  if (destination === "local" && (source === "volume" || source === "snapshot")) {
    throw badRequest(`Block Device Mapping is Invalid: Mapping ${source} to local is not supported.`);
  }
  if (destination === "volume") {
    sizeGb = checkVolume(core, context, { source, sourceId, sizeGb, bootIndex });
  }
  return {
    id: uuid(),
    source,
    destination,
    bootIndex: bootIndex !== null && bootIndex >= 0 ? bootIndex : null,
    volumeId: source === "volume" ? sourceId : null,
    sourceId: source === "volume" ? null : sourceId,
    sizeGb,
    device: item.device_name ?? null,
    bus: item.disk_bus ?? null,
    deviceType: item.device_type ?? null,
    guestFormat: item.guest_format ?? null,
    deleteOnTermination: isTrue(item.delete_on_termination ?? false),
    tag: item.tag ?? null,
    volumeType: item.volume_type ?? null,
    attachmentId: null,
  };
}

function checkVolume(
  core: Core,
  context: RequestContext,
  wanted: { source: BlockDevice["source"]; sourceId: string | null; sizeGb: number | null; bootIndex: number | null },
): number | null {
  const storage = storageOf(core);
  const { source, sourceId, sizeGb, bootIndex } = wanted;
  if (source === "volume" && sourceId !== null) {
    const volume = orBadRequest(`Block Device Mapping is Invalid: failed to get volume ${sourceId}.`, () =>
      storage.getVolume(context, sourceId),
    );
    if (bootIndex === 0 && !volume.bootable) throw badRequest(`Block Device ${sourceId} is not bootable.`);
    if (volume.status !== "available" && !(volume.multiattach && volume.status === "in-use")) {
      throw badRequest(
        `Invalid volume: volume '${sourceId}' status must be 'available'. Currently in '${volume.status}'`,
      );
    }
    return volume.sizeGb;
  }
  if (source === "snapshot" && sourceId !== null) {
    const snapshot = orBadRequest(`Block Device Mapping is Invalid: failed to get snapshot ${sourceId}.`, () =>
      storage.getSnapshot(context, sourceId),
    );
    return sizeGb ?? snapshot.sizeGb;
  }
  if (source === "image" && sourceId !== null) {
    orBadRequest(`Block Device Mapping is Invalid: failed to get image ${sourceId}.`, () =>
      core.kernel.facade("image").get(context, sourceId),
    );
    if (sizeGb === null) {
      throw badRequest(
        "Block Device Mapping is Invalid: Volume size must be specified when image is mapped to a volume.",
      );
    }
  }
  if (source === "blank" && sizeGb === null) {
    throw badRequest(
      "Block Device Mapping is Invalid: Blank volumes (source: 'blank', dest: 'volume') need to have non-zero size",
    );
  }
  return sizeGb;
}

function orBadRequest<T>(message: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) throw badRequest(message);
    throw error;
  }
}

/** The root is vda; the others get the next letters nobody asked for. */
function named(devices: readonly BlockDevice[]): BlockDevice[] {
  const taken = new Set(devices.flatMap(({ device }) => (device === null ? [] : [device.replace(/^\/dev\//, "")])));
  taken.add("vda");
  let letter = "b".charCodeAt(0);
  return devices.map((device) => {
    if (device.bootIndex === 0) return { ...device, device: device.device ?? "/dev/vda" };
    if (device.source === "image" && device.destination === "local") return device;
    if (device.device !== null) {
      return { ...device, device: device.device.startsWith("/dev/") ? device.device : `/dev/${device.device}` };
    }
    while (taken.has(`vd${String.fromCharCode(letter)}`)) letter += 1;
    const name = `vd${String.fromCharCode(letter)}`;
    taken.add(name);
    return { ...device, device: `/dev/${name}` };
  });
}
