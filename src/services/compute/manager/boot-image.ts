import type { RequestContext } from "../../../kernel/auth/context.ts";
import { badRequest, forbidden, inWords } from "../../../kernel/errors.ts";
import type { VolumeInfo } from "../../block-storage/facade.ts";
import type { ImageInfo } from "../../image/facade.ts";
import type { Flavor } from "../store/flavors.ts";
import { isTrue } from "../values/boolean.ts";
import type { Core } from "./core.ts";

/** What a server boots from, as far as it is checked: an image, or what the root volume says of the one it was made of. */
export interface BootImage {
  /** null for a volume's. */
  readonly image: ImageInfo | null;
  /** MiB */
  readonly minRam: number;
  /** GiB */
  readonly minDisk: number;
  /** Bytes a local disk has to have. */
  readonly bytes: number;
  /** What stays with the server: what the driver obeys, and what snapshots inherit. */
  readonly properties: Readonly<Record<string, string>>;
}

const GIB = 1024 ** 3;

export function fromImage(image: ImageInfo): BootImage {
  return {
    image,
    minRam: image.minRam,
    minDisk: image.minDisk,
    bytes: Math.max(image.size ?? 0, image.virtualSize ?? 0),
    properties: imageProperties(image),
  };
}

export function fromVolume({ imageMetadata }: Pick<VolumeInfo, "imageMetadata">): BootImage {
  const { min_ram = "0", min_disk = "0" } = imageMetadata;
  return { image: null, minRam: Number(min_ram), minDisk: Number(min_disk), bytes: 0, properties: imageMetadata };
}

/** Of an existing server: what is kept of its image, which may be gone. */
export function fromProperties(properties: Readonly<Record<string, string>>): BootImage {
  return fromVolume({ imageMetadata: properties });
}

/** Where the root disk is to be; a volume that exists already has no size to check (`null`): the block storage service has done that. */
export type RootPlace = "local" | { volumeGb: number | null };

/** Errors: 400 in nova's words when the image is not there for this caller. */
export function imageOrBadRequest(core: Core, context: RequestContext, imageId: string): ImageInfo {
  const unknown = () => badRequest("Can not find requested image");
  return inWords({ 404: unknown }, () => core.kernel.facade("image").get(context, imageId));
}

/**
 * Whether a flavor, and the place for the root disk, suit an image: nova/compute/api.py _checks_for_create_and_rebuild.
 * Errors: 400; 403 for a flavor without a disk.
 */
export function requireRoom(
  flavor: Pick<Flavor, "ram" | "disk">,
  boot: BootImage,
  root: RootPlace,
  options: { mayUseZeroDisk: boolean },
): void {
  requireBootable(boot);
  if (flavor.ram < boot.minRam) throw badRequest("Flavor's memory is too small for requested image.");
  if (root !== "local") {
    requireVolumeSize(boot, root.volumeGb);
    return;
  }
  if (flavor.disk === 0) {
    if (options.mayUseZeroDisk) return;
    throw forbidden("Only volume-backed servers are allowed for flavors with zero disk.");
  }
  const available = flavor.disk * GIB;
  if (boot.bytes > available) {
    throw badRequest(
      `Flavor's disk is too small for requested image. Flavor disk is ${available} bytes, image is ${boot.bytes} bytes.`,
    );
  }
  if (boot.minDisk > flavor.disk) {
    throw badRequest(
      `Flavor's disk is smaller than the minimum size specified in image metadata. Flavor disk is ${available} bytes, minimum size is ${boot.minDisk * GIB} bytes.`,
    );
  }
}

function requireBootable({ image, properties }: BootImage): void {
  if (image !== null && image.status !== "active") throw badRequest(`Image ${image.id} is not active.`);
  if (image !== null && (properties.cinder_encryption_key_id ?? "") !== "") {
    throw badRequest(
      `Image ${image.id} is unacceptable: Direct booting of an image uploaded from an encrypted volume is unsupported.`,
    );
  }
  const configDrive = properties.img_config_drive ?? "optional";
  if (!["optional", "mandatory"].includes(configDrive)) {
    throw badRequest(`Image's config drive option '${configDrive}' is invalid`);
  }
}

function requireVolumeSize(boot: BootImage, volumeGb: number | null): void {
  if (volumeGb === null || boot.minDisk <= volumeGb) return;
  throw badRequest(
    `Volume is smaller than the minimum size specified in image metadata. Volume size is ${volumeGb * GIB} bytes, minimum size is ${boot.minDisk * GIB} bytes.`,
  );
}

/** Errors: 400 when the image forbids what "AUTO" asks for. */
export function requireDiskConfig(asked: "AUTO" | "MANUAL" | null, boot: BootImage, imageId: string): void {
  if (asked === "AUTO" && boot.properties.auto_disk_config?.toLowerCase() === "disabled") {
    throw badRequest(`Requested image ${imageId} has automatic disk resize disabled.`);
  }
}

/** What a new server has: what it asks for, or what its image says. */
export function diskConfigOf(asked: "AUTO" | "MANUAL" | null, boot: BootImage): "AUTO" | "MANUAL" {
  const ofImage = boot.properties.auto_disk_config;
  return asked ?? (ofImage !== undefined && isTrue(ofImage) ? "AUTO" : "MANUAL");
}

/** Properties that stay with the server: what the driver obeys, and what snapshots inherit. */
export function imageProperties(image: ImageInfo): Record<string, string> {
  return {
    ...image.properties,
    min_ram: String(image.minRam),
    min_disk: String(image.minDisk),
    disk_format: image.diskFormat ?? "",
    container_format: image.containerFormat ?? "",
  };
}
