import { join } from "node:path";
import type { Settings } from "../kernel/config/settings.ts";
import type { Lvm } from "./lvm.ts";

/** Backend of CINDER_ENABLED_BACKENDS → its volume group. */
export type VolumeGroups = ReadonlyMap<string, string>;

export const makesVolumes = ({ services }: Settings): boolean => services.includes("block-storage");

/**
 * The volume group of every backend, made on a sparse loop file where it is missing (after a reboot: attached again). A group
 * that the host has under the exact VOLUME_GROUP_NAME is the user's own and serves all backends; otherwise each gets
 * `NAME-BACKEND` as in DevStack. Null where the kernel has no device-mapper, and where nobody makes volumes.
 */
export async function ensureVolumeGroups(lvm: Lvm, settings: Settings): Promise<VolumeGroups | null> {
  if (!makesVolumes(settings) || !(await lvm.hasDeviceMapper())) return null;
  const { volumeGroupName, backingFileSize, backends } = settings.blockStorage;
  const own = await lvm.group(volumeGroupName);
  const groups = new Map<string, string>();
  for (const { name } of backends) {
    if (own !== null) {
      groups.set(name, own.name);
      continue;
    }
    const group = `${volumeGroupName}-${name}`;
    const backing = { file: join(settings.dataDir, `${group}.img`), size: backingFileSize };
    groups.set(name, (await lvm.ensureGroup(group, backing, "block-storage")).name);
  }
  return groups;
}
