import { invalidVolume } from "./errors.ts";

/** cinder/objects/fields.py and what its API sets by name. */
export const VOLUME_STATUSES = [
  "creating",
  "available",
  "reserved",
  "attaching",
  "detaching",
  "in-use",
  "maintenance",
  "deleting",
  "error",
  "error_deleting",
  "error_extending",
  "error_restoring",
  "error_managing",
  "extending",
  "uploading",
  "downloading",
  "retyping",
  "reverting",
  "backing-up",
  "restoring-backup",
  "awaiting-transfer",
  "managing",
  "error_backing-up",
] as const;
export type VolumeStatus = (typeof VOLUME_STATUSES)[number];

/** What an administrator may set by os-reset_status (cinder/objects/fields.py VolumeStatus, without what reset refuses). */
export const RESETTABLE: readonly VolumeStatus[] = VOLUME_STATUSES.filter(
  (status) => status !== "reverting" && status !== "deleting",
);

export const SNAPSHOT_STATUSES = ["creating", "available", "deleting", "restoring", "error", "error_deleting"] as const;
export type SnapshotStatus = (typeof SNAPSHOT_STATUSES)[number];

export const ATTACH_STATUSES = [
  "attached",
  "detached",
  "attaching",
  "detaching",
  "error_attaching",
  "error_detaching",
] as const;
export type AttachStatus = (typeof ATTACH_STATUSES)[number];

/** Of one attachment. */
export type AttachmentStatus = "reserved" | "attaching" | "attached" | "detaching";

/** Which statuses a verb accepts. */
export const ALLOWED = {
  delete: ["available", "error", "error_restoring", "error_extending", "error_managing"],
  extend: ["available"],
  extendAttached: ["in-use"],
  reserve: ["available", "downloading"],
  reserveMultiattach: ["available", "in-use", "downloading"],
  /** os-reserve, the older way. */
  reserveByAction: ["available"],
  reserveByActionMultiattach: ["available", "in-use"],
  attachByAction: ["available", "attaching", "reserved"],
  snapshot: ["available"],
  /** With `force`, which needs no saying since 3.66. */
  snapshotInUse: ["available", "in-use"],
  upload: ["available"],
  uploadForced: ["available", "in-use"],
  clone: ["available", "in-use"],
  retype: ["available", "in-use"],
  revert: ["available"],
  reimage: ["available", "error"],
  reimageReserved: ["available", "error", "reserved"],
} as const satisfies Record<string, readonly VolumeStatus[]>;
export type VolumeVerb = keyof typeof ALLOWED;

export const SNAPSHOT_DELETABLE: readonly SnapshotStatus[] = ["available", "error"];

/** They end by themselves, so waiting makes sense. */
export const BUSY: ReadonlySet<VolumeStatus> = new Set<VolumeStatus>([
  "creating",
  "downloading",
  "extending",
  "uploading",
  "retyping",
  "reverting",
  "backing-up",
  "restoring-backup",
]);

export function isAllowed(verb: VolumeVerb, status: VolumeStatus): boolean {
  return (ALLOWED[verb] as readonly VolumeStatus[]).includes(status);
}

/** "available or in-use" */
export const statusesOf = (verb: VolumeVerb): string => ALLOWED[verb].join(" or ");

/** Errors: 400 in the words that most of cinder's verbs share. */
export function requireStatus(volume: { id: string; status: VolumeStatus }, verb: VolumeVerb): void {
  if (isAllowed(verb, volume.status)) return;
  throw invalidVolume(
    `Volume ${volume.id} status must be ${statusesOf(verb)}, but current status is: ${volume.status}.`,
  );
}
