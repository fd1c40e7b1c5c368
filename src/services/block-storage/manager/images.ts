import { badRequest } from "../../../kernel/errors.ts";
import type { ImageInfo } from "../../image/facade.ts";
import { VolumeDriverError } from "../driver/driver.ts";
import { invalidInput } from "../errors.ts";
import type { Core } from "./core.ts";

const GIB = 2 ** 30;

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

/** cinder/volume/volume_utils.py check_image_metadata. Errors: 400. */
export function checkImage(image: ImageInfo, sizeGb: number): void {
  if (image.status !== "active") throw invalidInput(`Image ${image.id} is not active.`);
  const imageGb = Math.ceil((image.size ?? 0) / GIB);
  if (imageGb > sizeGb) {
    throw invalidInput(`Size of specified image ${imageGb}GB is larger than volume size ${sizeGb}GB.`);
  }
  if (sizeGb < image.minDisk) {
    throw invalidInput(`Volume size ${sizeGb}GB cannot be smaller than the image minDisk size ${image.minDisk}GB.`);
  }
  const virtualGb = Math.ceil((image.virtualSize ?? 0) / GIB);
  if (virtualGb > sizeGb) {
    throw badRequest(
      `Image ${image.id} is unacceptable: Image virtual size is ${virtualGb}GB and doesn't fit in a volume of size ${sizeGb}GB.`,
    );
  }
}

/** An image's data for the driver. Errors: VolumeDriverError "image" when it went away meanwhile. */
export function fileOf(core: Core, imageId: string): { path: string; format: string } {
  const image = core.kernel.facade("image").find(imageId);
  if (image?.filePath === null || image?.filePath === undefined) {
    throw new VolumeDriverError("image", `image ${imageId} has no data any more`);
  }
  return { path: image.filePath, format: image.diskFormat ?? "raw" };
}
