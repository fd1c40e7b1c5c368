import { isoSeconds } from "../../../kernel/time/clock.ts";
import type { VolumeInfo, VolumeSnapshotInfo } from "../../block-storage/facade.ts";

/** nova's old proxies show times without a zone. */
const naive = (time: number) => isoSeconds(time).replace("Z", ".000000");

/** A volume as nova's os-volumes shows it. */
export function volumeView(volume: VolumeInfo) {
  const attachments = volume.attachments.flatMap(({ instanceId, device }) =>
    instanceId === null
      ? []
      : [{ id: volume.id, volumeId: volume.id, serverId: instanceId, ...(device === null ? {} : { device }) }],
  );
  return {
    id: volume.id,
    status: volume.status,
    size: volume.sizeGb,
    availabilityZone: volume.availabilityZone,
    createdAt: naive(volume.createdAt),
    // An empty one where there is none.
    attachments: attachments.length === 0 ? [{}] : attachments,
    displayName: volume.name,
    displayDescription: volume.description,
    volumeType: volume.volumeTypeName,
    snapshotId: volume.snapshotId,
    metadata: volume.metadata,
  };
}

/** A snapshot as nova's os-snapshots shows it. */
export const snapshotView = (snapshot: VolumeSnapshotInfo) => ({
  id: snapshot.id,
  volumeId: snapshot.volumeId,
  status: snapshot.status,
  size: snapshot.sizeGb,
  createdAt: naive(snapshot.createdAt),
  displayName: snapshot.name,
  displayDescription: snapshot.description,
});
