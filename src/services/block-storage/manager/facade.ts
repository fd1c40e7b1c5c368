import { projectOf, type RequestContext } from "../../../kernel/auth/context.ts";
import { ApiError, badRequest } from "../../../kernel/errors.ts";
import { snapshotNotFound, volumeNotFound } from "../errors.ts";
import type { AttachmentInfo, BlockStorageFacade, VolumeInfo, VolumeSnapshotInfo, WaitOptions } from "../facade.ts";
import { BUSY } from "../states.ts";
import type { AttachmentRow } from "../store/attachments.ts";
import type { SnapshotRow } from "../store/snapshots.ts";
import type { Volume } from "../store/volumes.ts";
import type { Core } from "./core.ts";
import type { Managers } from "./index.ts";

const TEN_MINUTES = 600_000;

/** The facade over the managers: it asks the policies that a route would have asked. */
export function createFacade({ core, volumes, snapshots, attachments, types }: Managers): BlockStorageFacade {
  const info = (row: Volume): VolumeInfo => volumeInfo(row, core.attachments.ofVolume(row.id));
  const mayChange = (context: RequestContext, volumeId: string, policy: string): Volume => {
    const volume = core.volume(context, volumeId);
    core.authorize(context, policy, { projectId: volume.project_id });
    return volume;
  };
  const attachmentFor = (context: RequestContext, id: string, policy: string): void => {
    core.authorize(context, policy, { projectId: core.attachment(context, id).project_id });
  };

  return {
    getVolume: (context, id) => info(mayChange(context, id, "volume:get")),
    findVolume: (id) => {
      const row = core.volumes.get(id);
      return row === undefined ? null : info(row);
    },
    createVolume(context, request) {
      const projectId = projectOf(context);
      core.authorize(context, "volume:create", { projectId });
      return info(volumes.create(context, projectId, request));
    },
    waitForVolume: (id, options) =>
      wait(core, id, `volume ${id}`, options, () => {
        const row = core.volumes.get(id);
        if (row === undefined) throw volumeNotFound(id);
        if (BUSY.has(row.status)) return null;
        if (row.status.startsWith("error") || row.status === "deleting") {
          throw badRequest(`Invalid volume: Volume ${id} did not become available; its status is ${row.status}.`);
        }
        return info(row);
      }),
    deleteVolume(context, id) {
      mayChange(context, id, "volume:delete");
      volumes.delete(context, id);
    },

    reserve(context, volumeId, instanceId, options = {}) {
      mayChange(context, volumeId, "volume:attachment_create");
      const mode = options.mode ?? null;
      return attachmentInfo(attachments.create(context, volumeId, { instanceId, mode, byCompute: true, reuse: true }));
    },
    async connect(context, id, { hostName, device }) {
      attachmentFor(context, id, "volume:attachment_update");
      return attachments.connect(context, id, { host: hostName, mountpoint: device });
    },
    complete(context, id) {
      attachmentFor(context, id, "volume:attachment_complete");
      attachments.complete(context, id);
    },
    beginDetaching(context, volumeId) {
      mayChange(context, volumeId, "volume_extension:volume_actions:begin_detaching");
      attachments.beginDetaching(context, volumeId);
    },
    rollDetaching(context, volumeId) {
      mayChange(context, volumeId, "volume_extension:volume_actions:roll_detaching");
      attachments.rollDetaching(context, volumeId);
    },
    async release(context, id) {
      attachmentFor(context, id, "volume:attachment_update");
      await attachments.release(context, id);
    },
    reimage(context, volumeId, imageId) {
      const { status } = core.volume(context, volumeId);
      mayChange(context, volumeId, status === "reserved" ? "volume:reimage_reserved" : "volume:reimage");
      volumes.reimage(context, volumeId, imageId, { reserved: true });
      return info(core.volume(context, volumeId));
    },
    async detach(context, id) {
      if (core.attachments.get(id) === undefined) return;
      attachmentFor(context, id, "volume:attachment_delete");
      await attachments.delete(context, id);
    },
    getAttachment: (id) => {
      const row = core.attachments.get(id);
      return row === undefined ? null : attachmentInfo(row);
    },
    serversWithVolumes: () => core.attachments.servers(),
    listAttachments: (instanceId) => core.attachments.ofInstance(instanceId).map(attachmentInfo),

    getSnapshot(context, id) {
      const snapshot = snapshots.get(context, id);
      core.authorize(context, "volume:get_snapshot", { projectId: snapshot.project_id });
      return snapshotInfo(snapshot);
    },
    createSnapshot(context, volumeId, { name, description }) {
      mayChange(context, volumeId, "volume:create_snapshot");
      const request = { name, description: description ?? null, metadata: {}, inUse: true };
      return snapshotInfo(snapshots.create(context, volumeId, request));
    },
    waitForSnapshot: (id, options) =>
      wait(core, id, `snapshot ${id}`, options, () => {
        const row = core.snapshots.get(id);
        if (row === undefined) throw snapshotNotFound(id);
        if (row.status === "creating") return null;
        if (row.status !== "available") {
          throw badRequest(`Invalid snapshot: Snapshot ${id} did not become available; its status is ${row.status}.`);
        }
        return snapshotInfo(row);
      }),
    deleteSnapshot(context, id) {
      core.authorize(context, "volume:delete_snapshot", { projectId: snapshots.get(context, id).project_id });
      snapshots.delete(context, id);
    },

    hasVolumeType: (context, nameOrId) => types.find(context, nameOrId) !== null,
  };
}

function wait<T>(core: Core, id: string, what: string, options: WaitOptions = {}, look: () => T | null): Promise<T> {
  return core.waitFor(id, look, {
    signal: options.signal,
    timeout: options.timeout ?? TEN_MINUTES,
    timedOut: () => new ApiError(504, `${what} did not become available in time.`),
  });
}

function volumeInfo(row: Volume, attached: readonly AttachmentRow[]): VolumeInfo {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    status: row.status,
    sizeGb: row.size_gb,
    projectId: row.project_id,
    userId: row.user_id,
    bootable: row.bootable,
    readOnly: row.admin_metadata.readonly === "True",
    multiattach: row.multiattach,
    encrypted: false,
    availabilityZone: row.availability_zone,
    volumeTypeId: row.type_id,
    volumeTypeName: row.type_name,
    metadata: row.metadata,
    imageMetadata: row.image_metadata,
    snapshotId: row.snapshot_id,
    sourceVolumeId: row.source_volume_id,
    createdAt: row.created_at,
    attachments: attached.map(attachmentInfo),
  };
}

function attachmentInfo(row: AttachmentRow): AttachmentInfo {
  return {
    id: row.id,
    volumeId: row.volume_id,
    instanceId: row.instance_id,
    status: row.status,
    hostName: row.host_name,
    device: row.device,
    mode: row.mode === "ro" ? "ro" : "rw",
  };
}

function snapshotInfo(row: SnapshotRow): VolumeSnapshotInfo {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    status: row.status,
    volumeId: row.volume_id,
    sizeGb: row.size_gb,
    projectId: row.project_id,
    createdAt: row.created_at,
  };
}
