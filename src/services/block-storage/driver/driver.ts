import { PublicError } from "../../../kernel/errors.ts";
import type { VolumeSource } from "../facade.ts";

/**
 * One storage backend as the block storage service sees it. Every verb is idempotent (making what is there, removing what is gone),
 * because the operation that calls it may be resumed after a crash in its midst. Sizes are bytes. Errors are VolumeDriverError.
 */
export interface VolumeDriver {
  readonly info: DriverInfo;
  /** Makes the place volumes lie in; called at every start, before the other verbs. */
  start(): Promise<void>;
  capacity(): Promise<Capacity>;

  /** A blank volume: every byte reads zero. */
  create(volume: VolumeRef, sizeBytes: number): Promise<void>;
  /** A volume with the contents of a disk image in a local file, whose format is known and not guessed. */
  createFromFile(volume: VolumeRef, sizeBytes: number, image: { path: string; format: string }): Promise<void>;
  /** The contents of a volume that nobody has open become the image's; every byte behind them reads zero. */
  reimage(volume: VolumeRef, sizeBytes: number, image: { path: string; format: string }): Promise<void>;
  createFromSnapshot(volume: VolumeRef, sizeBytes: number, snapshot: SnapshotRef): Promise<void>;
  /** A point in time, as a snapshot. */
  clone(volume: VolumeRef, sizeBytes: number, source: VolumeRef): Promise<void>;
  /** Nothing there: nothing to do. */
  delete(volume: VolumeRef): Promise<void>;
  /** Never shrinks. A guest that has it open must be told by the hypervisor. */
  extend(volume: VolumeRef, sizeBytes: number): Promise<void>;

  /** A point in time; the volume may be in use (then as after a power cut). */
  createSnapshot(snapshot: SnapshotRef): Promise<void>;
  deleteSnapshot(snapshot: SnapshotRef): Promise<void>;
  /** The volume's contents become the snapshot's again; this and other snapshots stay what they are. Nobody has it open. */
  revert(volume: VolumeRef, snapshot: SnapshotRef): Promise<void>;

  /** Makes the volume reachable for the hypervisor on this host. */
  connect(volume: VolumeRef): Promise<VolumeSource>;
  disconnect(volume: VolumeRef): Promise<void>;
  /** Writes the contents, as of a point in time, as an image ("raw", "qcow2", …) to `path`, which does not exist. */
  exportTo(volume: VolumeRef, path: string, format: string): Promise<void>;

  /** What a person should know before it does harm, or because it has. */
  health(): Promise<BackendHealth>;
}

export interface VolumeRef {
  readonly id: string;
}

export interface SnapshotRef {
  readonly id: string;
  readonly volumeId: string;
}

export interface DriverInfo {
  /** What get_pools and capabilities show: "file", "lvm", "fake". */
  readonly storageProtocol: string;
  readonly vendor: string;
  readonly version: string;
  /** Space is taken as it is written. */
  readonly thin: boolean;
}

export interface Capacity {
  readonly totalBytes: number;
  readonly freeBytes: number;
}

export interface BackendHealth {
  /** Ids of snapshots whose data is lost. */
  readonly lostSnapshots: readonly string[];
  /** How full a pool is that volumes grow into, by blocks or by tables, whichever is worse; null where there is none. */
  readonly usedPercent: number | null;
}

export type VolumeDriverErrorCode = "not-found" | "no-space" | "image" | "unsupported" | "failed";

/** What a driver throws. */
export class VolumeDriverError extends PublicError {
  readonly code: VolumeDriverErrorCode;
  constructor(code: VolumeDriverErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "VolumeDriverError";
    this.code = code;
  }
}

/** Has the hypervisor that has a volume open copy it into a file. False where none has. */
export type CopyLive = (volumeId: string, file: string) => Promise<boolean>;

/** What builds the driver of a backend of CINDER_ENABLED_BACKENDS. */
export type DriverFactory = (
  backend: { readonly type: string; readonly name: string },
  copyLive: CopyLive,
) => VolumeDriver;
