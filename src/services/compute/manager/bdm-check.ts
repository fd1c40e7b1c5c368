import type { RequestContext } from "../../../kernel/auth/context.ts";
import { badRequest, inWords } from "../../../kernel/errors.ts";
import type { BlockStorageFacade } from "../../block-storage/facade.ts";
import type { Flavor } from "../store/flavors.ts";
import type { BlockDevice } from "../store/servers.ts";
import { invalidDevice } from "./bdm-request.ts";
import { type BootImage, fromImage, fromVolume } from "./boot-image.ts";
import type { Core } from "./core.ts";

/** nova's max_local_block_devices. */
const MAX_LOCAL = 3;
/** nova/objects/fields.py DiskBus. */
const BUSES: readonly string[] = ["fdc", "ide", "sata", "scsi", "usb", "virtio", "xen", "lxc", "uml"];

/** What a request may name beside volumes that are to be had. */
export interface DeviceRules {
  flavor: Pick<Flavor, "ephemeral" | "swap">;
  /** The image itself is one more local disk, which no device stands for. */
  imageIsRoot: boolean;
  /** Since 2.60. */
  multiattach: boolean;
  /** Several servers are wanted. */
  several: boolean;
}

/** The block storage service. Errors: 400 when it is not part of this cloud. */
export function storageOf(core: Core): BlockStorageFacade {
  if (core.kernel.has("block-storage")) return core.kernel.facade("block-storage");
  throw badRequest("Volumes need the block storage service, which is not enabled in this cloud.");
}

/**
 * What a server without an image boots from: what its root device is to be made of, or was (nova/block_device.py
 * get_bdm_image_metadata). Errors: 400; null when no device is the root.
 */
export function bootImageOf(core: Core, context: RequestContext, devices: readonly BlockDevice[]): BootImage | null {
  const root = devices.find(({ bootIndex }) => bootIndex === 0);
  if (root === undefined) return null;
  const { source, sourceId } = root;
  if (source === "image" && sourceId !== null) return fromImage(imageOf(core, context, sourceId));
  const storage = storageOf(core);
  const volumeId =
    source === "snapshot" && sourceId !== null ? snapshotOf(storage, context, sourceId).volumeId : root.volumeId;
  if (volumeId === null) return null;
  // A snapshot knows of its image what its volume knows.
  const volume = source === "snapshot" ? storage.findVolume(volumeId) : volumeOf(storage, context, volumeId);
  if (volume === null) throw invalidDevice(`failed to get volume ${volumeId}.`);
  if (!volume.bootable) throw badRequest(`Block Device ${volumeId} is not bootable.`);
  return fromVolume(volume);
}

/**
 * Checks a create request's block devices as nova/compute/api.py does (_check_and_transform_bdm, _validate_bdm) and gives each its
 * size and a name. Errors: 400 in nova's words.
 */
export function checkBlockDevices(
  core: Core,
  context: RequestContext,
  devices: readonly BlockDevice[],
  rules: DeviceRules,
): BlockDevice[] {
  if (rules.several && devices.some(({ source }) => source === "volume")) {
    throw badRequest("Cannot attach one or more volumes to multiple instances");
  }
  requireBootSequence(devices, rules.imageIsRoot);
  const sized = devices.map((device) => {
    const sizeGb = device.destination === "volume" ? volumeSize(core, context, device, rules) : device.sizeGb;
    if (device.destination === "local" && (device.source === "volume" || device.source === "snapshot")) {
      throw invalidDevice(`Mapping ${device.source} to local is not supported.`);
    }
    if (device.volumeType !== null && !storageOf(core).hasVolumeType(context, device.volumeType)) {
      throw badRequest(`Volume type ${device.volumeType} could not be found.`);
    }
    // nova's exception for it has a slip of the pen and says no more than its kind does.
    if (device.bus !== null && !BUSES.includes(device.bus)) throw badRequest("Block Device Mapping is Invalid.");
    return { ...device, sizeGb };
  });
  requireLocalRoom(sized, rules);
  return named(sized);
}

/** Boot indexes count from 0 without a gap; somewhere there must be a 0. */
function requireBootSequence(devices: readonly BlockDevice[], imageIsRoot: boolean): void {
  const indexes = devices.flatMap(({ bootIndex }) => bootIndex ?? []);
  if (imageIsRoot) indexes.push(0);
  indexes.sort((a, b) => a - b);
  if (indexes.length > 0 && indexes.every((value, position) => value === position)) return;
  throw invalidDevice("Boot sequence for the instance and image/block device mapping combination is not valid.");
}

function requireLocalRoom(devices: readonly BlockDevice[], { flavor, imageIsRoot }: DeviceRules): void {
  const blank = devices.filter(({ source, destination }) => source === "blank" && destination === "local");
  const ephemeral = blank.filter(({ guestFormat }) => guestFormat !== "swap");
  const swaps = blank.filter(({ guestFormat }) => guestFormat === "swap");
  if (ephemeral.reduce((sum, { sizeGb }) => sum + (sizeGb || flavor.ephemeral), 0) > flavor.ephemeral) {
    throw badRequest(
      "Ephemeral disks requested are larger than the instance type allows. If no size is given in one block device mapping, flavor ephemeral size will be used.",
    );
  }
  if (swaps.length > 1) throw invalidDevice("More than one swap drive requested.");
  if ((swaps[0]?.sizeGb ?? 0) > flavor.swap)
    throw badRequest("Swap drive requested is larger than instance type allows.");
  const local =
    devices.filter(({ destination }) => destination === "local").length +
    (imageIsRoot ? 1 : 0) +
    // The flavor's own disks count when the request says nothing of them.
    (flavor.ephemeral > 0 && ephemeral.length === 0 ? 1 : 0) +
    (flavor.swap > 0 && swaps.length === 0 ? 1 : 0);
  if (local > MAX_LOCAL) throw invalidDevice("You specified more local devices than the limit allows");
}

/** Of a volume that is there, or that is to be made. */
function volumeSize(
  core: Core,
  context: RequestContext,
  { source, sourceId, volumeId, sizeGb }: BlockDevice,
  rules: DeviceRules,
): number | null {
  const storage = storageOf(core);
  if (source === "volume" && volumeId !== null) {
    const volume = volumeOf(storage, context, volumeId);
    if (volume.multiattach && !rules.multiattach) throw multiattachTooOld();
    if (volume.status !== "available" && !(volume.multiattach && volume.status === "in-use")) {
      throw badRequest(
        `Invalid volume: volume '${volumeId}' status must be 'available'. Currently in '${volume.status}'`,
      );
    }
    return volume.sizeGb;
  }
  if (source === "snapshot" && sourceId !== null) return sizeGb || snapshotOf(storage, context, sourceId).sizeGb;
  if (source === "image" && sourceId !== null) {
    imageOf(core, context, sourceId);
    if (!sizeGb) throw badRequest("Images with destination_type 'volume' need to have a non-zero size specified");
  }
  if (source === "blank" && !sizeGb) {
    throw badRequest("Blank volumes (source: 'blank', dest: 'volume') need to have non-zero size");
  }
  return sizeGb;
}

export const multiattachTooOld = () =>
  badRequest("Multiattach volumes are only supported starting with compute API version 2.60.");

const imageOf = (core: Core, context: RequestContext, id: string) =>
  inWords({ 404: () => invalidDevice(`failed to get image ${id}.`) }, () =>
    core.kernel.facade("image").get(context, id),
  );
const volumeOf = (storage: BlockStorageFacade, context: RequestContext, id: string) =>
  inWords({ 404: () => invalidDevice(`failed to get volume ${id}.`) }, () => storage.getVolume(context, id));
const snapshotOf = (storage: BlockStorageFacade, context: RequestContext, id: string) =>
  inWords({ 404: () => invalidDevice(`failed to get snapshot ${id}.`) }, () => storage.getSnapshot(context, id));

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
