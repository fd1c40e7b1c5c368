/** A volume as cinder shows it, as far as nova's os-volumes passes it on. */
export interface CinderVolume {
  id: string;
  status: string;
  /** GiB */
  size: number;
  availability_zone: string;
  created_at: string;
  attachments: readonly { server_id: string; device: string | null }[];
  name: string | null;
  description: string | null;
  volume_type: string;
  snapshot_id: string | null;
  metadata: Readonly<Record<string, string>>;
  /** Whose it is; what a create answers does not say so. */
  "os-vol-tenant-attr:tenant_id"?: string;
}

/** The same of snapshots. */
export interface CinderSnapshot {
  id: string;
  volume_id: string;
  status: string;
  /** GiB */
  size: number;
  created_at: string;
  name: string | null;
  description: string | null;
  "os-extended-snapshot-attributes:project_id"?: string;
}

/** A volume as nova's os-volumes shows it: the first of its attachments, and an empty one where there is none. */
export function volumeView(volume: CinderVolume) {
  const { id } = volume;
  const [attachment] = volume.attachments.map(({ server_id, device }) => ({
    id,
    volumeId: id,
    serverId: server_id,
    ...(device === null ? {} : { device }),
  }));
  return {
    id,
    status: volume.status,
    size: volume.size,
    availabilityZone: volume.availability_zone,
    createdAt: volume.created_at,
    attachments: [attachment ?? {}],
    displayName: volume.name,
    displayDescription: volume.description,
    volumeType: volume.volume_type,
    snapshotId: volume.snapshot_id,
    metadata: volume.metadata,
  };
}

/** A snapshot as nova's os-snapshots shows it. */
export const snapshotView = (snapshot: CinderSnapshot) => ({
  id: snapshot.id,
  volumeId: snapshot.volume_id,
  status: snapshot.status,
  size: snapshot.size,
  createdAt: snapshot.created_at,
  displayName: snapshot.name,
  displayDescription: snapshot.description,
});
