import { conflict } from "../../kernel/errors.ts";

/** glance's life of an image (glance/domain: Image.valid_state_targets), as far as it can be seen from outside. */
export type ImageStatus =
  | "queued"
  | "saving"
  | "uploading"
  | "importing"
  | "active"
  | "deactivated"
  | "killed"
  | "deleted";
export type Visibility = "public" | "private" | "shared" | "community";
export type MemberStatus = "pending" | "accepted" | "rejected";

export const DISK_FORMATS = [
  "ami",
  "ari",
  "aki",
  "vhd",
  "vhdx",
  "vmdk",
  "raw",
  "qcow2",
  "vdi",
  "iso",
  "ploop",
] as const;
export type DiskFormat = (typeof DISK_FORMATS)[number];

export const CONTAINER_FORMATS = ["ami", "ari", "aki", "bare", "ovf", "ova", "docker", "compressed"] as const;
export type ContainerFormat = (typeof CONTAINER_FORMATS)[number];

/** From a status to those that may follow it. */
const TRANSITIONS: Readonly<Record<ImageStatus, readonly ImageStatus[]>> = {
  queued: ["saving", "uploading", "importing", "active", "deleted"],
  saving: ["active", "killed", "deleted", "queued", "importing"],
  uploading: ["importing", "queued", "deleted"],
  importing: ["active", "deleted", "queued"],
  active: ["deleted", "deactivated", "importing"],
  deactivated: ["active", "deleted"],
  killed: ["deleted"],
  deleted: [],
};

/** Errors: 409 in glance's words when an image in status `from` cannot become `to`. */
export function requireTransition(from: ImageStatus, to: ImageStatus): void {
  if (!TRANSITIONS[from].includes(to)) throw conflict(`Image status transition from ${from} to ${to} is not allowed`);
}
