import { type Microversion, mv } from "../../../kernel/http/microversion.ts";
import type { JsonSchema } from "../../../kernel/http/route.ts";
import { object, wrapped } from "../../../kernel/http/schemas.ts";
import {
  anything,
  boolean,
  connector,
  optionalBoolean,
  optionalSize,
  optionalUuid,
  size,
  strings,
  text,
  uuid,
} from "./parameter-types.ts";

export interface CreateVolumeBody {
  volume: {
    name?: string | null;
    description?: string | null;
    display_name?: string | null;
    display_description?: string | null;
    volume_type?: string | null;
    metadata?: Record<string, string> | null;
    snapshot_id?: string | null;
    source_volid?: string | null;
    consistencygroup_id?: string | null;
    group_id?: string | null;
    backup_id?: string | null;
    size?: number | string | null;
    availability_zone?: string | null;
    multiattach?: boolean | string | null;
    image_id?: string | null;
    imageRef?: string | null;
  };
}

const createProperties = {
  name: text,
  description: text,
  display_name: text,
  display_description: text,
  volume_type: text,
  metadata: strings({ nullable: true }),
  snapshot_id: optionalUuid,
  source_volid: optionalUuid,
  consistencygroup_id: optionalUuid,
  size: optionalSize,
  availability_zone: { type: ["string", "null"], minLength: 1, maxLength: 255 },
  multiattach: optionalBoolean,
  image_id: text,
  imageRef: text,
  group_id: text,
  backup_id: optionalUuid,
};

const create = (additional: boolean): JsonSchema => ({
  type: "object",
  properties: {
    volume: object(createProperties, { additional }),
    "OS-SCH-HNT:scheduler_hints": { type: ["object", "null"] },
  },
  required: ["volume"],
  additionalProperties: false,
});
const createLoose = create(true);
const createStrict = create(false);

/** Unknown attributes were ignored until 3.53. */
export const createVolume = (version: Microversion): JsonSchema => (version >= mv("3.53") ? createStrict : createLoose);

export interface UpdateVolumeBody {
  volume: {
    name?: string | null;
    description?: string | null;
    display_name?: string | null;
    display_description?: string | null;
    metadata?: Record<string, string>;
  };
}

const updateProperties = {
  name: text,
  description: text,
  display_name: text,
  display_description: text,
  metadata: strings(),
};
const updateLoose = wrapped("volume", object(updateProperties));
const updateStrict = wrapped(
  "volume",
  object(updateProperties, { anyOf: Object.keys(updateProperties).map((name) => ({ required: [name] })) }),
);
/** Since 3.53 something has to change. */
export const updateVolume = (version: Microversion): JsonSchema => (version >= mv("3.53") ? updateStrict : updateLoose);

export const revertVolume = wrapped(
  "revert",
  object({ snapshot_id: { type: ["string", "null"] } }, { additional: true }),
);

/** Schemas of POST /volumes/{id}/action, by action. */
export const actions = {
  attach: wrapped(
    "os-attach",
    object(
      {
        instance_uuid: uuid,
        mountpoint: { type: "string", minLength: 1, maxLength: 255 },
        host_name: { type: "string", maxLength: 255 },
        mode: { type: "string", enum: ["rw", "ro"] },
      },
      { required: ["mountpoint"], anyOf: [{ required: ["instance_uuid"] }, { required: ["host_name"] }] },
    ),
  ),
  detach: wrapped("os-detach", {
    type: ["object", "null"],
    properties: { attachment_id: optionalUuid },
    additionalProperties: false,
  }),
  reserve: anything("os-reserve"),
  unreserve: anything("os-unreserve"),
  beginDetaching: anything("os-begin_detaching"),
  rollDetaching: anything("os-roll_detaching"),
  initialise: wrapped("os-initialize_connection", object({ connector }, { required: ["connector"] })),
  terminate: wrapped(
    "os-terminate_connection",
    object({ connector: { type: ["string", "object", "null"] } }, { required: ["connector"] }),
  ),
  extend: wrapped("os-extend", object({ new_size: size }, { required: ["new_size"] })),
  retype: wrapped(
    "os-retype",
    object(
      {
        new_type: { type: "string" },
        migration_policy: { type: ["string", "null"], enum: ["on-demand", "never", null] },
      },
      { required: ["new_type"] },
    ),
  ),
  reimage: wrapped("os-reimage", object({ image_id: uuid, reimage_reserved: boolean }, { required: ["image_id"] })),
  setBootable: wrapped("os-set_bootable", object({ bootable: boolean }, { required: ["bootable"] })),
  setReadOnly: wrapped("os-update_readonly_flag", object({ readonly: boolean }, { required: ["readonly"] })),
  resetStatus: wrapped(
    "os-reset_status",
    object({
      status: { type: ["string", "null"] },
      attach_status: { type: ["string", "null"] },
      migration_status: {
        type: ["string", "null"],
        enum: ["none", "migrating", "error", "success", "completing", "starting", null],
      },
    }),
  ),
  forceDelete: anything("os-force_delete"),
  forceDetach: wrapped(
    "os-force_detach",
    object({ connector: { type: ["string", "object", "null"] }, attachment_id: { type: ["string", "null"] } }),
  ),
  setImageMetadata: wrapped(
    "os-set_image_metadata",
    object({ metadata: strings({ maxLength: 65_535 }) }, { required: ["metadata"] }),
  ),
  unsetImageMetadata: wrapped(
    "os-unset_image_metadata",
    object({ key: { type: "string", minLength: 1, maxLength: 255 } }, { required: ["key"] }),
  ),
} as const;

export interface UploadBody {
  "os-volume_upload_image": {
    image_name: string;
    force?: boolean | string;
    disk_format?: string;
    container_format?: string | null;
    visibility?: "community" | "public" | "private" | "shared";
    protected?: boolean | string;
  };
}

const uploadProperties = {
  image_name: { type: "string", minLength: 1, maxLength: 255 },
  force: boolean,
  disk_format: { type: "string", enum: ["raw", "vmdk", "vdi", "qcow2", "vhd", "vhdx", "ploop"] },
  container_format: text,
};
const uploadOld = wrapped("os-volume_upload_image", object(uploadProperties, { required: ["image_name"] }));
const uploadNew = wrapped(
  "os-volume_upload_image",
  object(
    {
      ...uploadProperties,
      visibility: { type: "string", enum: ["community", "public", "private", "shared"] },
      protected: boolean,
    },
    { required: ["image_name"] },
  ),
);
export const uploadImage = (version: Microversion): JsonSchema => (version >= mv("3.1") ? uploadNew : uploadOld);

export interface MetadataBody {
  metadata: Record<string, string>;
}
export const metadata = wrapped("metadata", strings());

export interface MetadataItemBody {
  meta: Record<string, string>;
}
export const metadataItem = wrapped("meta", { ...strings(), minProperties: 1, maxProperties: 1 });
