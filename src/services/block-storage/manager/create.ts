import type { RequestContext } from "../../../kernel/auth/context.ts";
import { badRequest, conflict, notFound, orNull } from "../../../kernel/errors.ts";
import { isUuidLike, uuid } from "../../../kernel/ids/ids.ts";
import type { OperationHandle } from "../../../kernel/operations/operations.ts";
import type { ImageInfo } from "../../image/facade.ts";
import { invalidInput, invalidSnapshot, invalidVolume, quotaExceeded, volumeTooLarge } from "../errors.ts";
import type { CreateVolume } from "../facade.ts";
import { ALLOWED, isAllowed } from "../states.ts";
import type { SnapshotRow } from "../store/snapshots.ts";
import type { TypeRow } from "../store/types.ts";
import type { Volume, VolumeRow } from "../store/volumes.ts";
import type { Core } from "./core.ts";
import { checkImage, imageMetadataOf, snapshotOfImage } from "./images.ts";
import { checkTypeSize, isMultiattach, type TypeManager } from "./types.ts";
import type { CreateInput, VolumeSourceInput } from "./work.ts";

/** The only zone of a cloud on one box, under cinder's default name. */
export const AVAILABILITY_ZONE = "nova";

interface Source {
  image: ImageInfo | null;
  snapshot: SnapshotRow | null;
  volume: Volume | null;
}

/** Checks a request for a new volume in the order cinder does (api/v3/volumes.py, volume/api.py, volume/flows/api/create_volume.py), writes it down and starts the work. */
export class VolumeCreator {
  readonly #core: Core;
  readonly #types: TypeManager;
  readonly #create: OperationHandle<CreateInput>;

  constructor(core: Core, types: TypeManager, create: OperationHandle<CreateInput>) {
    this.#core = core;
    this.#types = types;
    this.#create = create;
  }

  /** Errors: 400, 404 (type, snapshot, source volume), 413. */
  create(context: RequestContext, projectId: string, request: CreateVolume): Volume {
    const { volumes, kernel } = this.#core;
    const named = request.volumeType ? this.#types.byNameOrId(context, request.volumeType) : null;
    const source = this.#source(context, request);
    const wanted = request.sizeGb ?? source.snapshot?.size_gb ?? source.volume?.size_gb ?? null;
    if (wanted !== null) checkTypeSize(named ?? this.#types.default(projectId), wanted);
    if (named !== null) this.#checkCompatible(named, source);
    if (Object.values(source).filter((one) => one !== null).length > 1) {
      throw invalidInput("May specify only one of backup, imageRef, snapshot, source volume");
    }
    checkStatus(source);
    const sizeGb = sizeOf(wanted, source);
    if (source.image !== null) checkImage(source.image, sizeGb);

    return kernel.db.transaction(() => {
      const type = named ?? this.#typeOf(context, projectId, source);
      const zone = zoneOf(request.availabilityZone ?? source.volume?.availability_zone ?? null, type);
      this.#checkQuota(projectId, sizeGb, type);
      const volume: VolumeRow = {
        id: uuid(),
        project_id: projectId,
        user_id: context.userId,
        name: request.name ?? null,
        description: request.description ?? null,
        size_gb: sizeGb,
        growing_gb: 0,
        status: "creating",
        previous_status: null,
        attach_status: "detached",
        type_id: type.id,
        availability_zone: zone,
        host: null,
        bootable: (source.snapshot ?? source.volume)?.bootable ?? false,
        multiattach: isMultiattach(type),
        migration_status: null,
        snapshot_id: source.snapshot?.id ?? null,
        source_volume_id: source.volume?.id ?? null,
        metadata: request.metadata ?? {},
        admin_metadata: {},
        image_metadata: {},
        created_at: kernel.clock.now(),
        updated_at: null,
      };
      volumes.insert(volume);
      const input = { volumeId: volume.id, source: sourceInput(source), ...inherited(source) };
      this.#create.start({ resource: `volume:${volume.id}`, input, requestId: context.requestId });
      return { ...volume, type_name: type.name };
    });
  }

  #source(context: RequestContext, request: CreateVolume): Source {
    const { imageId, snapshotId, sourceVolumeId } = request;
    let snapshot = snapshotId ? this.#core.snapshot(context, snapshotId) : null;
    const volume = sourceVolumeId ? this.#core.volume(context, sourceVolumeId) : null;
    let image = imageId ? this.#image(context, imageId) : null;
    const behind = image === null ? null : snapshotOfImage(image);
    if (behind !== null) {
      // Nova's image of a server that boots from a volume: no data, but the name of a snapshot.
      if (!this.#core.finds(() => this.#core.snapshot(context, behind))) {
        throw notFound(`Nova specific image is found, but boot volume snapshot id:${behind} not found.`);
      }
      snapshot = this.#core.snapshot(context, behind);
      image = null;
    }
    return { image, snapshot, volume };
  }

  /** By id, else by name. */
  #image(context: RequestContext, reference: string): ImageInfo {
    const images = this.#core.kernel.facade("image");
    const id = reference.split("/").at(-1) ?? "";
    if (isUuidLike(id)) {
      const image = orNull(() => images.get(context, id));
      if (image !== null) return image;
    }
    const [found, ...others] = images.list(context, { name: reference });
    if (others.length > 0) {
      throw conflict(`Multiple matches found for '${reference}', use an ID to be more specific.`);
    }
    if (found === undefined) throw badRequest("Invalid image identifier or unable to access requested image.");
    return found;
  }

  #typeOf(context: RequestContext, projectId: string, source: Source): TypeRow {
    const sourceType = source.volume?.type_id ?? source.snapshot?.type_id;
    if (sourceType !== undefined) return this.#types.get(context, sourceType);
    const wanted = source.image?.properties.cinder_img_volume_type;
    return wanted === undefined ? this.#types.default(projectId) : this.#types.byNameOrId(context, wanted);
  }

  /** A copy stays on its source's backend. Errors: 400. */
  #checkCompatible(type: TypeRow, { snapshot, volume }: Source): void {
    const typeId = (volume ?? snapshot)?.type_id;
    const from = typeId === undefined ? undefined : this.#core.types.get(typeId);
    if (from === undefined || from.id === type.id || this.#core.backends.all.length === 1) return;
    if (from.extra_specs.volume_backend_name === type.extra_specs.volume_backend_name) return;
    const advice =
      volume === null ? "recommend omitting the type argument" : "either match source volume, or omit type argument";
    throw invalidInput(`Invalid volume_type provided: ${type.id} (requested type is not compatible; ${advice}).`);
  }

  #checkQuota(projectId: string, sizeGb: number, type: TypeRow): void {
    const quotas = this.#core.quotas();
    const largest = quotas.limit(projectId, "per_volume_gigabytes");
    if (largest >= 0 && sizeGb > largest) throw volumeTooLarge(sizeGb, largest);
    const [exceeded] = quotas.check(projectId, {
      gigabytes: sizeGb,
      [`gigabytes_${type.name}`]: sizeGb,
      volumes: 1,
      [`volumes_${type.name}`]: 1,
    });
    if (exceeded !== undefined) throw quotaExceeded(exceeded);
  }
}

/** The only zone, unless the type is for others (its "RESKEY:availability_zones"). Errors: 400. */
function zoneOf(asked: string | null, type: TypeRow): string {
  const zones = type.extra_specs["RESKEY:availability_zones"]?.split(",").map((zone) => zone.trim());
  if (zones !== undefined && !zones.includes(AVAILABILITY_ZONE)) {
    const listed = zones.filter((zone) => zone !== "").map((zone) => `'${zone}'`);
    throw badRequest(`Volume type is only supported in these availability zones: [${listed.join(", ")}]`);
  }
  if (asked !== null && asked !== AVAILABILITY_ZONE) throw badRequest(`Availability zone '${asked}' is invalid.`);
  return AVAILABILITY_ZONE;
}

function sizeOf(size: number | null, source: Source): number {
  if (size === null || !Number.isInteger(size) || size <= 0) {
    throw invalidInput(`Volume size '${size ?? "None"}' must be an integer and greater than 0`);
  }
  if (source.volume !== null && size < source.volume.size_gb) {
    throw invalidInput(
      `Volume size '${size}'GB cannot be smaller than original volume size  ${source.volume.size_gb}GB. ` +
        "They must be >= original volume size.",
    );
  }
  if (source.snapshot !== null && size < source.snapshot.size_gb) {
    throw invalidInput(
      `Volume size '${size}'GB cannot be smaller than the snapshot size ${source.snapshot.size_gb}GB. ` +
        "They must be >= original snapshot size.",
    );
  }
  return size;
}

function checkStatus({ snapshot, volume }: Source): void {
  if (snapshot !== null && snapshot.status !== "available") {
    throw invalidSnapshot("Originating snapshot status must be one of 'available' values");
  }
  if (volume !== null && !isAllowed("clone", volume.status)) {
    throw invalidVolume(`Originating source volume status must be one of '${ALLOWED.clone.join(", ")}' values`);
  }
}

function sourceInput({ image, snapshot, volume }: Source): VolumeSourceInput {
  if (image !== null) return { kind: "image", id: image.id };
  if (snapshot !== null) return { kind: "snapshot", id: snapshot.id, volumeId: snapshot.volume_id };
  return volume === null ? { kind: "blank" } : { kind: "volume", id: volume.id };
}

/** What the volume takes over from its source once it is made. */
function inherited({ image, snapshot, volume }: Source): Pick<CreateInput, "bootable" | "imageMetadata"> {
  if (image !== null) return { bootable: true, imageMetadata: imageMetadataOf(image) };
  const from = snapshot ?? volume;
  return from === null
    ? { bootable: false, imageMetadata: {} }
    : { bootable: from.bootable, imageMetadata: from.image_metadata };
}
