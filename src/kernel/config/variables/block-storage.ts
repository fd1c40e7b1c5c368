import type { ValueType } from "../types.ts";
import { boolean, choice, listOf, nonEmpty, quota, size } from "../types.ts";
import { variable } from "../variable.ts";

const backend: ValueType<string> = {
  description: "type:name",
  parse: (value) =>
    /^[A-Za-z0-9_]+:[A-Za-z0-9_.-]+$/.test(value)
      ? { ok: true, value }
      : { ok: false, message: `is "${value}", not type:name`, hint: "write for example lvm:lvmdriver-1" },
};

const volumeGroup: ValueType<string> = {
  description: "LVM name",
  parse: (value) =>
    /^[A-Za-z0-9_+.][A-Za-z0-9_+.-]{0,100}$/.test(value)
      ? { ok: true, value }
      : { ok: false, message: `is "${value}", not an LVM name`, hint: "use letters, digits and _ + . -" },
};

const namePrefix: ValueType<string> = {
  description: "prefix",
  parse: (value) =>
    /^[A-Za-z0-9_+.][A-Za-z0-9_+.-]{0,30}$/.test(value)
      ? { ok: true, value }
      : { ok: false, message: `is "${value}", not the start of an LVM name`, hint: "use letters, digits and _ + . -" },
};

export const blockStorageVariables = {
  VOLUME_GROUP_NAME: variable({
    type: volumeGroup,
    default: "stack-volumes",
    aliases: ["VOLUME_GROUP"],
    meaning: "Volume group; `NAME-BACKEND` is made on a loop file, an existing group is used as it is.",
  }),
  VOLUME_BACKING_FILE_SIZE: variable({
    type: size,
    default: "30G",
    meaning: "Size of the (sparse) file behind the volume group.",
  }),
  CINDER_ENABLED_BACKENDS: variable({
    type: listOf(backend, "list of type:name"),
    default: "lvm:lvmdriver-1",
    meaning: "Backends; each becomes a volume type of its name.",
  }),
  VOLUME_NAME_PREFIX: variable({ type: namePrefix, default: "volume-", meaning: "Prefix of logical volumes' names." }),
  CINDER_VOLUME_CLEAR: variable({
    type: choice("zero", "none", "shred"),
    default: "zero",
    meaning: "How deleted volumes are wiped (thin ones need none).",
  }),
  CINDER_LVM_TYPE: variable({
    type: choice("auto", "thin", "default"),
    default: "auto",
    meaning: "Thin or thick volumes; auto is thin where the kernel can.",
  }),
  ENABLE_VOLUME_MULTIATTACH: variable({ type: boolean, default: "False", meaning: "Seed the multiattach type." }),
  VOLUME_TYPE_MULTIATTACH: variable({ type: nonEmpty, default: "multiattach", meaning: "Name of that type." }),
  CINDER_QUOTA_VOLUMES: variable({ type: quota, default: "10", meaning: "Volumes per project." }),
  CINDER_QUOTA_SNAPSHOTS: variable({ type: quota, default: "10", meaning: "Snapshots per project." }),
  CINDER_QUOTA_BACKUPS: variable({ type: quota, default: "10", meaning: "Backups per project." }),
};
