import type { QuotaResource } from "../../kernel/quota/quota.ts";
import type { BlockStorageSettings } from "./settings.ts";
import type { SnapshotStore } from "./store/snapshots.ts";
import type { VolumeStore } from "./store/volumes.ts";

/**
 * What is limited, in the order cinder shows it. Every volume type adds three of its own, unlimited by default.
 * Snapshots count for gigabytes, too (cinder's no_snapshot_gb_quota is off).
 */
export function quotaResources(
  limits: BlockStorageSettings["quotas"],
  stores: { volumes: VolumeStore; snapshots: SnapshotStore },
  types: readonly { id: string; name: string }[],
): QuotaResource[] {
  const { volumes, snapshots } = stores;
  const gigabytes = (project: string, type: string | null) =>
    volumes.usage(project, type).gigabytes + snapshots.usage(project, type).gigabytes;
  return [
    { name: "volumes", defaultLimit: limits.volumes, count: (project) => volumes.usage(project, null).count },
    { name: "per_volume_gigabytes", defaultLimit: limits.perVolumeGigabytes },
    { name: "snapshots", defaultLimit: limits.snapshots, count: (project) => snapshots.usage(project, null).count },
    { name: "gigabytes", defaultLimit: limits.gigabytes, count: (project) => gigabytes(project, null) },
    { name: "backups", defaultLimit: limits.backups },
    { name: "backup_gigabytes", defaultLimit: limits.backupGigabytes },
    ...types.flatMap(({ id, name }): QuotaResource[] => [
      { name: `volumes_${name}`, defaultLimit: -1, count: (project) => volumes.usage(project, id).count },
      { name: `gigabytes_${name}`, defaultLimit: -1, count: (project) => gigabytes(project, id) },
      { name: `snapshots_${name}`, defaultLimit: -1, count: (project) => snapshots.usage(project, id).count },
    ]),
    { name: "groups", defaultLimit: limits.groups },
  ];
}
