import { type Microversion, mv } from "../../../kernel/http/microversion.ts";
import { isoMicrosNaive } from "../../../kernel/time/clock.ts";
import type { AttachmentRow } from "../store/attachments.ts";
import type { TypeRow } from "../store/types.ts";
import type { Volume } from "../store/volumes.ts";

/** What a view must know of the request. */
export interface ViewContext {
  version: Microversion;
  isAdmin: boolean;
  /** Admins and services see which host has an attachment. */
  seesHosts: boolean;
  /** "http://10.0.0.5/volume" */
  baseUrl: string;
  /** As the URL of the request has it; null for those without, which get links without. */
  projectId: string | null;
}

const time = (ms: number | null): string | null => (ms === null ? null : isoMicrosNaive(ms));

const SINCE_GROUPS = mv("3.13");
const SINCE_PROVIDER_ID = mv("3.21");
const SINCE_SHARED_TARGETS = mv("3.48");
const SINCE_CLUSTER_NAME = mv("3.61");
const SINCE_TYPE_ID = mv("3.63");
const SINCE_CONSUMES_QUOTA = mv("3.65");
const SINCE_SHARED_TARGETS_TRISTATE = mv("3.69");

/** cinder's `error_managing` and such are shown by simpler names. */
const SHOWN_STATUS: Readonly<Record<string, string>> = { error_managing: "error" };

export function linksOf(view: Pick<ViewContext, "baseUrl" | "projectId">, collection: string, id: string) {
  const path = `${view.projectId ?? ""}/${collection}/${id}`.replace(/^\//, "");
  return [
    { rel: "self", href: `${view.baseUrl}/v3/${path}` },
    { rel: "bookmark", href: `${view.baseUrl}/${path}` },
  ];
}

export const volumeSummary = (volume: Volume, view: ViewContext) => ({
  id: volume.id,
  name: volume.name,
  links: linksOf(view, "volumes", volume.id),
});

/** `extended`: with the attributes of extensions, which create and update do not answer. */
export function volumeDetail(
  volume: Volume,
  attachments: readonly AttachmentRow[],
  view: ViewContext,
  options: { extended: boolean },
): Record<string, unknown> {
  const { version } = view;
  const result: Record<string, unknown> = {
    id: volume.id,
    status: SHOWN_STATUS[volume.status] ?? volume.status,
    size: volume.size_gb,
    availability_zone: volume.availability_zone,
    created_at: time(volume.created_at),
    updated_at: time(volume.updated_at),
    name: volume.name,
    description: volume.description,
    volume_type: volume.type_name,
    snapshot_id: volume.snapshot_id,
    source_volid: volume.source_volume_id,
    metadata: { ...volume.metadata, ...(options.extended ? volume.admin_metadata : {}) },
    links: linksOf(view, "volumes", volume.id),
    user_id: volume.user_id,
    bootable: volume.bootable ? "true" : "false",
    encrypted: false,
    replication_status: null,
    consistencygroup_id: null,
    multiattach: volume.multiattach,
    attachments: attachments.filter(({ status }) => status === "attached").map((row) => attachmentOf(row, view)),
  };
  if (view.isAdmin) result.migration_status = volume.migration_status;
  if (version >= SINCE_GROUPS) result.group_id = null;
  if (view.isAdmin && version >= SINCE_PROVIDER_ID) result.provider_id = null;
  if (version >= SINCE_SHARED_TARGETS) {
    // Nothing is shared between volumes: each is a device or file of its own.
    result.shared_targets = version >= SINCE_SHARED_TARGETS_TRISTATE ? null : false;
    result.service_uuid = null;
  }
  if (view.isAdmin && version >= SINCE_CLUSTER_NAME) result.cluster_name = null;
  if (version >= SINCE_TYPE_ID) result.volume_type_id = volume.type_id;
  if (version >= SINCE_CONSUMES_QUOTA) result.consumes_quota = true;
  if (!options.extended) return result;

  result["os-vol-tenant-attr:tenant_id"] = volume.project_id;
  if (view.isAdmin) {
    result["os-vol-mig-status-attr:migstat"] = volume.migration_status;
    result["os-vol-mig-status-attr:name_id"] = null;
    result["os-vol-host-attr:host"] = volume.host;
  }
  if (Object.keys(volume.image_metadata).length > 0) result.volume_image_metadata = volume.image_metadata;
  return result;
}

function attachmentOf(row: AttachmentRow, view: ViewContext) {
  return {
    id: row.volume_id,
    attachment_id: row.id,
    volume_id: row.volume_id,
    server_id: row.instance_id,
    host_name: view.seesHosts ? row.host_name : null,
    device: row.device,
    attached_at: time(row.attached_at),
  };
}

/** The answer of os-volume_upload_image. */
export function uploadView(
  volume: Volume,
  type: TypeRow,
  image: {
    id: string;
    containerFormat: string;
    diskFormat: string;
    name: string;
    protected: boolean;
    visibility: string;
  },
) {
  return {
    id: volume.id,
    updated_at: time(volume.updated_at),
    status: volume.status,
    display_description: volume.description,
    size: volume.size_gb,
    volume_type: {
      id: type.id,
      name: type.name,
      description: type.description,
      is_public: type.is_public,
      extra_specs: type.extra_specs,
      qos_specs_id: null,
      created_at: time(type.created_at),
      updated_at: time(type.updated_at),
      deleted_at: null,
      deleted: false,
    },
    image_id: image.id,
    container_format: image.containerFormat,
    disk_format: image.diskFormat,
    image_name: image.name,
    protected: image.protected,
    visibility: image.visibility,
  };
}
