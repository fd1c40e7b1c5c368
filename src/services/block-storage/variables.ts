import { type ConfigurationFiles, own, same } from "../../kernel/config/declaration.ts";
import {
  boolean,
  choice,
  integer,
  listOf,
  nonEmpty,
  quota,
  ratio,
  size,
  type ValueType,
} from "../../kernel/config/types.ts";
import { classicPort, newDefaults, variable } from "../../kernel/config/variable.ts";

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

/** What it understands of localrc. */
export const variables = {
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
  CINDER_SERVICE_PORT: classicPort(8776, "Classic port of block storage."),
  CINDER_ENFORCE_NEW_DEFAULTS: newDefaults("cinder"),
};

/** What it understands of its configuration files. */
const options = {
  "DEFAULT/quota_groups": own(quota, 10, "Volume groups per project."),
  "DEFAULT/quota_gigabytes": own(quota, 1000, "GiB of volumes and snapshots per project."),
  "DEFAULT/quota_backup_gigabytes": own(quota, 1000, "GiB of backups per project."),
  "DEFAULT/per_volume_size_limit": own(quota, -1, "GiB of one volume."),
  "DEFAULT/osapi_max_limit": own(integer(1), 1000, "Most items of one list page."),
  "DEFAULT/max_over_subscription_ratio": own(ratio, "20.0", "Thin volumes promised per space there is."),
  "DEFAULT/quota_volumes": same("CINDER_QUOTA_VOLUMES"),
  "DEFAULT/quota_snapshots": same("CINDER_QUOTA_SNAPSHOTS"),
  "DEFAULT/quota_backups": same("CINDER_QUOTA_BACKUPS"),
  "DEFAULT/volume_clear": same("CINDER_VOLUME_CLEAR"),
  "lvmdriver-1/volume_clear": same("CINDER_VOLUME_CLEAR"),
  "lvmdriver-1/lvm_type": same("CINDER_LVM_TYPE"),
  "oslo_policy/enforce_new_defaults": same("CINDER_ENFORCE_NEW_DEFAULTS"),
  "DEFAULT/debug": same("ENABLE_DEBUG_LOG_LEVEL"),
};

export const files: ConfigurationFiles = {
  name: "cinder",
  variable: "$CINDER_CONF",
  targets: [/^\$CINDER_CONF$|\/cinder\.conf$/],
  options,
};

type BlockStorageVariables = typeof variables;

declare module "../../kernel/config/variables.ts" {
  interface ServiceVariables extends BlockStorageVariables {}
  interface OptionTables {
    cinder: typeof options;
  }
}
