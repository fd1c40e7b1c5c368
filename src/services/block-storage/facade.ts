import type { RequestContext } from "../../kernel/auth/context.ts";
import type { SnapshotStatus, VolumeStatus } from "./states.ts";

/** A volume as other services see it. */
export interface VolumeInfo {
  readonly id: string;
  /** null when it was given none. */
  readonly name: string | null;
  readonly description: string | null;
  readonly status: VolumeStatus;
  /** GiB */
  readonly sizeGb: number;
  readonly projectId: string;
  readonly userId: string;
  readonly bootable: boolean;
  readonly readOnly: boolean;
  readonly multiattach: boolean;
  readonly encrypted: boolean;
  readonly availabilityZone: string;
  readonly volumeTypeId: string;
  readonly volumeTypeName: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Properties of the image it was made from, with image_id, min_disk, disk_format, …; empty for other volumes. */
  readonly imageMetadata: Readonly<Record<string, string>>;
  readonly snapshotId: string | null;
  readonly sourceVolumeId: string | null;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly attachments: readonly AttachmentInfo[];
}

export interface AttachmentInfo {
  readonly id: string;
  readonly volumeId: string;
  /** The server; null for one that was attached to a host. */
  readonly instanceId: string | null;
  readonly status: "reserved" | "attaching" | "attached" | "detaching";
  readonly hostName: string | null;
  /** "/dev/vdb", as given to `connect`. */
  readonly device: string | null;
  readonly mode: "rw" | "ro";
}

export interface VolumeSnapshotInfo {
  readonly id: string;
  readonly name: string | null;
  readonly description: string | null;
  readonly status: SnapshotStatus;
  readonly volumeId: string;
  /** GiB */
  readonly sizeGb: number;
  readonly projectId: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/** How a hypervisor on this host reaches the data: the `source` of compute's VolumeSpec. */
export interface VolumeSource {
  readonly kind: "file" | "block";
  readonly path: string;
  readonly format: "raw" | "qcow2";
}

export interface VolumeConnection {
  readonly volumeId: string;
  readonly attachmentId: string;
  readonly source: VolumeSource;
  /** The volume or this attachment is read-only. */
  readonly readOnly: boolean;
  readonly sizeGb: number;
}

export interface CreateVolume {
  /** GiB; null takes the size of the source (snapshot or volume). */
  sizeGb: number | null;
  name?: string | null;
  description?: string | null;
  /** At most one source; none makes a blank volume. */
  imageId?: string | null;
  snapshotId?: string | null;
  sourceVolumeId?: string | null;
  /** Name or id; the default type when left out. */
  volumeType?: string | null;
  availabilityZone?: string | null;
  metadata?: Readonly<Record<string, string>>;
}

export interface WaitOptions {
  signal?: AbortSignal;
  /** Milliseconds; 10 minutes by default. */
  timeout?: number;
}

/**
 * The verbs other services may call. Each checks what its `context` may see and do and throws the API's ApiError
 * (404 for what is not visible, 400 for a wrong state, 409, 413 over quota). `internalContext(…)` sees and may do everything.
 */
export interface BlockStorageFacade {
  /** Errors: 404, also for another project's volume. */
  getVolume(context: RequestContext, volumeId: string): VolumeInfo;
  /** Null instead of an error, and without asking who may see it. */
  findVolume(volumeId: string): VolumeInfo | null;
  /** Answers at once, in status "creating"; `waitForVolume` waits for the data. Errors: 400, 404, 413. */
  createVolume(context: RequestContext, volume: CreateVolume): VolumeInfo;
  /**
   * Resolves when a volume that is being made (or worked on) is "available" or "in-use".
   * Rejects with ApiError 404 when it vanished and 400 when it ended in an error state, with 504 after the time, or with the signal's reason.
   */
  waitForVolume(volumeId: string, options?: WaitOptions): Promise<VolumeInfo>;
  /** Begins the removal of an available or failed volume (snapshots that keep it: 400). Gone already: nothing to do. */
  deleteVolume(context: RequestContext, volumeId: string): void;

  /**
   * Nova's attachment_create without a connector: the volume is "reserved" (or stays "in-use" when it is multiattach) and nobody else can take it.
   * `bootIndex`-less data volumes and boot volumes alike. Idempotent by (volume, instance): a second call answers the first's attachment.
   * Errors: 400 when it is not available.
   */
  reserve(
    context: RequestContext,
    volumeId: string,
    instanceId: string,
    options?: { mode?: "rw" | "ro" },
  ): AttachmentInfo;
  /**
   * Nova's attachment_update: the data is made reachable on this host; status "attaching". `device` is "/dev/vdb".
   * Idempotent: also the way to get at the data again after a restart of the host, without a change of status then.
   */
  connect(
    context: RequestContext,
    attachmentId: string,
    connector: { hostName: string; device: string | null },
  ): Promise<VolumeConnection>;
  /** Nova's attachment_complete: the guest has it; "in-use". */
  complete(context: RequestContext, attachmentId: string): void;
  /** The guest is about to let go: "in-use" → "detaching". Errors: 400 when it is not in use. */
  beginDetaching(context: RequestContext, volumeId: string): void;
  /** It did not: back to "in-use". */
  rollDetaching(context: RequestContext, volumeId: string): void;
  /**
   * The guest is off, but its server keeps the volume: "reserved" again, as in the midst of nova's rebuild of a root volume; `connect`
   * and `complete` take it up again. Idempotent. Errors: 404.
   */
  release(context: RequestContext, attachmentId: string): Promise<void>;
  /**
   * os-reimage of a volume that is available, in error, or reserved (see `release`): its contents become the image's, which
   * `waitForVolume` waits for; the volume is then in the status from before. Errors: 400 (status; image not active or too large),
   * 404 (volume, image), 409 with several attachments.
   */
  reimage(context: RequestContext, volumeId: string, imageId: string): VolumeInfo;
  /** Nova's attachment_delete: the data is let go and the volume is "available" again. Gone already: nothing to do. */
  detach(context: RequestContext, attachmentId: string): Promise<void>;
  getAttachment(attachmentId: string): AttachmentInfo | null;
  /** All attachments of a server, oldest first. */
  listAttachments(instanceId: string): AttachmentInfo[];
  /** The servers that compute has attached volumes to, or is about to. */
  serversWithVolumes(): string[];

  getSnapshot(context: RequestContext, snapshotId: string): VolumeSnapshotInfo;
  /** For images of servers that boot from volumes; works on volumes in use (`force`). Status "creating" at first. */
  createSnapshot(
    context: RequestContext,
    volumeId: string,
    options: { name: string; description?: string },
  ): VolumeSnapshotInfo;
  waitForSnapshot(snapshotId: string, options?: WaitOptions): Promise<VolumeSnapshotInfo>;
  deleteSnapshot(context: RequestContext, snapshotId: string): void;

  /** Whether there is a type of this name or id that the context may use. */
  hasVolumeType(context: RequestContext, nameOrId: string): boolean;
}

declare module "../../kernel/module.ts" {
  interface Facades {
    "block-storage": BlockStorageFacade;
  }
}
