import { badRequest } from "../../../kernel/errors.ts";
import { uuid } from "../../../kernel/ids/ids.ts";
import type { BlockDevice } from "../store/servers.ts";
import { isTrue } from "../values/boolean.ts";

/** A disk as a request describes it (block_device_mapping_v2). */
export interface BlockDeviceWish {
  source_type?: "volume" | "image" | "snapshot" | "blank";
  destination_type?: "local" | "volume";
  uuid?: string | null;
  volume_id?: string;
  snapshot_id?: string;
  image_id?: string;
  boot_index?: number | string | null;
  volume_size?: number | string | null;
  device_name?: string | null;
  disk_bus?: string;
  device_type?: string;
  guest_format?: string;
  delete_on_termination?: boolean | string;
  tag?: string;
  volume_type?: string | null;
  virtual_name?: string;
  no_device?: unknown;
}

/** nova's InvalidBDM with details. */
export const invalidDevice = (details: string) => badRequest(`Block Device Mapping is Invalid: ${details}`);

/** Errors: 400 for a mapping (v2) that contradicts itself: nova/block_device.py BlockDeviceDict.from_api. */
export function requireConsistent(items: readonly BlockDeviceWish[], hasImage: boolean): void {
  for (const item of items.filter(isWanted)) {
    const { source_type: source, uuid: id, destination_type: destination } = item;
    if (source === "blank" && isSet(id)) throw invalidDevice("Invalid device UUID.");
    if (source !== "blank" && !isSet(id)) throw invalidDevice("Missing device UUID.");
    if (source === "image" && destination === "local" && !(hasImage && indexOf(item) === 0)) {
      throw invalidDevice("Mapping image to local is not supported.");
    }
    if (destination === "local" && isSet(item.volume_type)) {
      throw invalidDevice("Specifying a volume_type with destination_type=local is not supported.");
    }
    if (source === "volume" && isSet(item.volume_type)) {
      throw invalidDevice("Specifying volume type to existing volume is not supported.");
    }
    if (source === undefined) throw invalidDevice("Some required fields are missing");
  }
}

/**
 * A mapping in the oldest syntax in the words of the newer one: nova/block_device.py from_legacy_mapping. `hasRoot`: the image defines
 * the root disk itself. Errors: 400.
 */
export function fromLegacy(items: readonly BlockDeviceWish[], hasRoot: boolean): BlockDeviceWish[] {
  const devices = items.map(fromLegacyItem);
  if (hasRoot) return devices.map((item) => ({ ...item, boot_index: -1 }));
  const isRoot = (item: BlockDeviceWish) => item.source_type !== "blank" && nameOf(item) === "vda";
  return devices.map((item) => ({ ...item, boot_index: isRoot(item) ? 0 : -1 }));
}

function fromLegacyItem(item: BlockDeviceWish): BlockDeviceWish {
  const { virtual_name, ...rest } = item;
  if (virtual_name !== undefined && /^(swap|ephemeral\d+)$/.test(virtual_name)) {
    const format = virtual_name === "swap" ? { guest_format: "swap" } : {};
    return { ...rest, ...format, source_type: "blank", destination_type: "local", delete_on_termination: true };
  }
  if (item.snapshot_id !== undefined) return { ...rest, source_type: "snapshot", destination_type: "volume" };
  if (item.volume_id !== undefined) return { ...rest, source_type: "volume", destination_type: "volume" };
  if (!isWanted(item)) return rest;
  throw invalidDevice("Unrecognized legacy format.");
}

/** What is wanted, as it is kept with the server: nothing of it is made or looked up yet. */
export function devicesOf(items: readonly BlockDeviceWish[]): BlockDevice[] {
  return items.filter(isWanted).map(deviceOf);
}

function deviceOf(item: BlockDeviceWish): BlockDevice {
  const source = item.source_type ?? "blank";
  const sourceId = item.uuid ?? item.volume_id ?? item.snapshot_id ?? item.image_id ?? null;
  const index = indexOf(item);
  return {
    id: uuid(),
    source,
    destination: item.destination_type ?? (source === "volume" || source === "snapshot" ? "volume" : "local"),
    bootIndex: index >= 0 ? index : null,
    volumeId: source === "volume" ? sourceId : null,
    sourceId: source === "volume" ? null : sourceId,
    sizeGb: isSet(item.volume_size) ? Number(item.volume_size) : null,
    device: item.device_name ?? null,
    bus: item.disk_bus ?? null,
    deviceType: item.device_type ?? null,
    guestFormat: item.guest_format ?? null,
    deleteOnTermination: isTrue(item.delete_on_termination ?? false),
    tag: item.tag ?? null,
    volumeType: isSet(item.volume_type) ? (item.volume_type ?? null) : null,
    attachmentId: null,
  };
}

/** The device's letters: "vda" of "/dev/vda". */
export const nameOf = ({ device_name }: BlockDeviceWish): string | undefined => device_name?.replace(/^\/dev\//, "");

/** null, absent and negative ones: not to be booted from. */
export const indexOf = ({ boot_index }: BlockDeviceWish): number =>
  boot_index === undefined || boot_index === null ? -1 : Number(boot_index);

/** Python's truth: nova takes "" for absent. */
const isSet = (value: unknown): boolean => value !== undefined && value !== null && value !== "";

const isWanted = ({ no_device }: BlockDeviceWish): boolean =>
  no_device === undefined || no_device === null || no_device === false || no_device === "";
