import type { ImageInfo } from "../../image/facade.ts";

/** Attributes of an image that a volume keeps beside its properties; not given back as properties on upload. */
const CORE_ATTRIBUTES = new Set([
  "signature_verified",
  "image_id",
  "image_name",
  "checksum",
  "container_format",
  "disk_format",
  "min_disk",
  "min_ram",
  "size",
]);

/** `volume_image_metadata` of a volume made from an image: all values are strings. */
export function imageMetadataOf(image: ImageInfo): Record<string, string> {
  return {
    signature_verified: "False",
    ...image.properties,
    image_id: image.id,
    image_name: image.name ?? "",
    checksum: image.checksum ?? "",
    container_format: image.containerFormat ?? "",
    disk_format: image.diskFormat ?? "",
    min_disk: String(image.minDisk),
    min_ram: String(image.minRam),
    size: String(image.size ?? 0),
  };
}

/** The other way round: what an image made from a volume carries. */
export function imagePropertiesOf(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).filter(([key]) => !CORE_ATTRIBUTES.has(key)));
}

/** The volume snapshot that stands for an image's root disk, or null for an image with data of its own. */
export function snapshotOfImage(image: ImageInfo): string | null {
  const text = image.properties.block_device_mapping;
  if (text === undefined) return null;
  let mappings: unknown;
  try {
    mappings = JSON.parse(text);
  } catch {
    return null;
  }
  if (!Array.isArray(mappings)) return null;
  for (const mapping of mappings) {
    if (typeof mapping !== "object" || mapping === null) continue;
    const { source_type, boot_index, snapshot_id } = mapping as Record<string, unknown>;
    if (source_type === "snapshot" && Number(boot_index) === 0 && typeof snapshot_id === "string") return snapshot_id;
  }
  return null;
}
