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

/** One page. `first` and `next` repeat the query; `next` is there when the page is full. */
export function imagesView(images: readonly ImageRow[], query: URLSearchParams, limit: number) {
  const without = new URLSearchParams(query);
  without.delete("marker");
  const link = (parameters: URLSearchParams): string =>
    parameters.size === 0 ? "/v2/images" : `/v2/images?${parameters}`;
  const last = images.at(-1);
  const next = new URLSearchParams(without);
  if (last !== undefined) next.set("marker", last.id);
  return {
    images: images.map(imageView),
    first: link(without),
    ...(last !== undefined && limit > 0 && images.length === limit ? { next: link(next) } : {}),
    schema: "/v2/schemas/images",
  };
}
