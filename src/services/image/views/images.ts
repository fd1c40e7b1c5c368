import { isoSeconds } from "../../../kernel/time/clock.ts";
import type { ImageRow } from "../store/images.ts";

/** Custom properties come first, as glance writes them. */
export function imageView(image: ImageRow): Record<string, unknown> {
  const self = `/v2/images/${image.id}`;
  return {
    ...(JSON.parse(image.properties) as Record<string, string>),
    name: image.name,
    disk_format: image.disk_format,
    container_format: image.container_format,
    visibility: image.visibility,
    size: image.size,
    virtual_size: image.virtual_size,
    status: image.status,
    checksum: image.checksum,
    protected: image.protected !== 0,
    min_ram: image.min_ram,
    min_disk: image.min_disk,
    owner: image.owner,
    os_hidden: image.os_hidden !== 0,
    os_hash_algo: image.os_hash_algo,
    os_hash_value: image.os_hash_value,
    id: image.id,
    created_at: isoSeconds(image.created_at),
    updated_at: isoSeconds(image.updated_at),
    tags: JSON.parse(image.tags) as string[],
    self,
    file: `${self}/file`,
    schema: "/v2/schemas/image",
    ...(image.has_data === 0 ? {} : { stores: "file" }),
  };
}
