import type { Call } from "./call.ts";
import type { Resource } from "./resource.ts";

export interface Image {
  readonly id: string;
  readonly name: string | null;
  readonly status: string;
  readonly visibility: string;
  readonly owner: string | null;
  readonly size: number | null;
  readonly virtual_size: number | null;
  readonly min_disk: number;
  readonly min_ram: number;
  readonly disk_format: string | null;
  readonly container_format: string | null;
  readonly protected: boolean;
  readonly os_hidden: boolean;
  readonly created_at: string;
  readonly updated_at: string;
  readonly tags: readonly string[];
  readonly checksum: string | null;
  readonly [property: string]: unknown;
}

export interface Volume {
  readonly id: string;
  readonly name: string | null;
  readonly description: string | null;
  readonly status: string;
  readonly size: number;
  readonly volume_type: string;
  readonly bootable: "true" | "false";
  readonly encrypted: boolean;
  readonly multiattach: boolean;
  readonly availability_zone: string;
  readonly created_at: string;
  readonly snapshot_id: string | null;
  readonly source_volid: string | null;
  readonly attachments: readonly {
    readonly server_id: string;
    readonly device: string;
    readonly attachment_id: string;
  }[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly "os-vol-tenant-attr:tenant_id"?: string;
}

export interface Snapshot {
  readonly id: string;
  readonly name: string | null;
  readonly description: string | null;
  readonly status: string;
  readonly size: number;
  readonly volume_id: string;
  readonly created_at: string;
  readonly "os-extended-snapshot-attributes:project_id"?: string;
}

export interface VolumeType {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly is_public: boolean;
}

export const images: Resource<Image> = {
  kind: "image.image",
  list: { service: "image", path: "/v2/images" },
  plural: "images",
  singular: null,
  path: "/v2/images",
  idOf: ({ id }) => id,
  paged: true,
};

export const volumes: Resource<Volume> = {
  kind: "block-storage.volume",
  list: { service: "block-storage", path: "/v3/{project}/volumes/detail" },
  plural: "volumes",
  singular: "volume",
  path: "/v3/{project}/volumes",
  idOf: ({ id }) => id,
  paged: true,
};

export const snapshots: Resource<Snapshot> = {
  kind: "block-storage.snapshot",
  list: { service: "block-storage", path: "/v3/{project}/snapshots/detail" },
  plural: "snapshots",
  singular: "snapshot",
  path: "/v3/{project}/snapshots",
  idOf: ({ id }) => id,
  paged: true,
};

export const volumeTypes: Resource<VolumeType> = {
  kind: "block-storage.type",
  list: { service: "block-storage", path: "/v3/{project}/types" },
  plural: "volume_types",
  singular: "volume_type",
  path: "/v3/{project}/types",
  idOf: ({ id }) => id,
  paged: false,
};

export const volumeCall = (method: Call["method"], path: string, body?: unknown): Call => ({
  service: "block-storage",
  ...(method === undefined ? {} : { method }),
  path: `/v3/{project}${path}`,
  ...(body === undefined ? {} : { body }),
});
