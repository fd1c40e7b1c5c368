import type { RequestContext } from "../../../kernel/auth/context.ts";
import { type ApiError, badRequest, conflict, inWords } from "../../../kernel/errors.ts";
import type { CreateImage, ImageInfo } from "../../image/facade.ts";
import { invalidInput, invalidVolume, metadataNotFound, quotaExceeded, volumeTooLarge } from "../errors.ts";
import type { CreateVolume } from "../facade.ts";
import {
  ALLOWED,
  ATTACH_STATUSES,
  type AttachStatus,
  isAllowed,
  RESETTABLE,
  SNAPSHOT_DELETABLE,
  statusesOf,
  type VolumeStatus,
} from "../states.ts";
import type { Volume, VolumeChanges } from "../store/volumes.ts";
import type { Core } from "./core.ts";
import { VolumeCreator } from "./create.ts";
import { imagePropertiesOf } from "./images.ts";
import { Reimager } from "./reimage.ts";
import { Retyper } from "./retype.ts";
import { checkTypeSize, type TypeManager } from "./types.ts";
import type { VolumeWork } from "./work.ts";

export interface UploadRequest {
  name: string;
  force: boolean;
  diskFormat: string;
  containerFormat: string;
  /** null where the microversion has no say in it. */
  visibility: "public" | "private" | "shared" | "community" | null;
  protected: boolean;
}

/** The verbs on volumes. Policies are asked by who calls; visibility (404) and states are checked here. */
export class VolumeManager {
  readonly #core: Core;
  readonly #work: VolumeWork;
  readonly #creator: VolumeCreator;
  readonly #reimager: Reimager;
  readonly #retyper: Retyper;

  constructor(core: Core, types: TypeManager, work: VolumeWork) {
    this.#core = core;
    this.#work = work;
    this.#reimager = new Reimager(core);
    this.#retyper = new Retyper(core, types);
    this.#creator = new VolumeCreator(core, types, work.create);
  }

  get(context: RequestContext, id: string): Volume {
    return this.#core.volume(context, id);
  }

  /** Errors: 400, 404 (type, snapshot, source volume), 413. */
  create(context: RequestContext, projectId: string, request: CreateVolume): Volume {
    return this.#creator.create(context, projectId, request);
  }

  /** Only what is given changes. Errors: 404; 400 in maintenance. */
  update(
    context: RequestContext,
    id: string,
    changes: Partial<Pick<VolumeChanges, "name" | "description" | "metadata" | "bootable">>,
  ): Volume {
    return this.#core.kernel.db.transaction(() => {
      const volume = this.get(context, id);
      if (volume.status === "maintenance") throw invalidVolume("The volume cannot be updated during maintenance.");
      this.#core.setVolume(id, changes);
      return this.get(context, id);
    });
  }

  /** Errors: 404; 400 when attached, in a wrong state, or with snapshots that do not go along (`cascade`). */
  delete(context: RequestContext, id: string, options: { cascade?: boolean; force?: boolean } = {}): void {
    const { cascade = false, force = false } = options;
    const { kernel, snapshots } = this.#core;
    kernel.db.transaction(() => {
      const volume = this.get(context, id);
      const own = snapshots.ofVolume(id);
      this.#core.requireThawed(volume.host);
      const foreign = own.some(({ project_id }) => project_id !== volume.project_id) && !context.isAdmin && !force;
      const kept = cascade
        ? own.filter(({ status }) => !force && !SNAPSHOT_DELETABLE.includes(status) && status !== "deleting")
        : own;
      const refused =
        volume.attach_status === "attached" ||
        kept.length > 0 ||
        foreign ||
        !(force || isAllowed("delete", volume.status));
      if (refused) {
        const status = force ? "" : ` status must be ${statusesOf("delete")} and`;
        throw invalidVolume(
          `Volume${status} must not be migrating, attached, belong to a group, have snapshots, awaiting a transfer, ` +
            "or be disassociated from snapshots after volume transfer.",
        );
      }
      for (const snapshot of own) this.#core.setSnapshot(snapshot.id, { status: "deleting" });
      this.#core.setVolume(id, { status: "deleting" });
      this.#work.delete.start({
        resource: `volume:${id}`,
        input: { volumeId: id },
        requestId: context.requestId,
        cancelOthers: true,
      });
    });
  }

  /** Errors: 404, 400, 413. `inUse`: also one that is attached (3.42). */
  extend(context: RequestContext, id: string, sizeGb: number, inUse: boolean): void {
    this.#core.kernel.db.transaction(() => {
      const volume = this.get(context, id);
      const added = sizeGb - volume.size_gb;
      if (added <= 0) {
        throw invalidInput(
          `New size for extend must be greater than current size. (current: ${volume.size_gb}, extended: ${sizeGb}).`,
        );
      }
      const type = this.#core.types.get(volume.type_id);
      if (type !== undefined) checkTypeSize(type, sizeGb);
      const verb = inUse && volume.status === "in-use" ? "extendAttached" : "extend";
      if (!isAllowed(verb, volume.status)) {
        throw invalidVolume(
          `Volume ${id} status must be '{'status': '${ALLOWED[verb][0]}'}' to extend, currently ${volume.status}.`,
        );
      }
      const quotas = this.#core.quotas();
      const largest = quotas.limit(volume.project_id, "per_volume_gigabytes");
      if (largest >= 0 && sizeGb > largest) throw volumeTooLarge(sizeGb, largest);
      const [exceeded] = quotas.check(volume.project_id, {
        gigabytes: added,
        [`gigabytes_${volume.type_name}`]: added,
      });
      if (exceeded !== undefined) throw quotaExceeded(exceeded);
      this.#begin(volume, "extending", { growing_gb: added });
      const input = { volumeId: id, sizeGb };
      this.#work.extend.start({ resource: `volume:${id}`, input, requestId: context.requestId });
    });
  }

  /** To its latest snapshot only, as cinder. Errors: 404, 400, 409. */
  revert(context: RequestContext, id: string, snapshotId: string | null): void {
    this.#core.kernel.db.transaction(() => {
      const volume = this.get(context, id);
      const latest = this.#core.snapshots.ofVolume(id).at(-1);
      if (latest === undefined) throw badRequest(`Volume ${id} doesn't have any snapshots.`);
      if (latest.id !== snapshotId) {
        throw badRequest(`Specified snapshot ${snapshotId ?? "None"} is None or not the latest one of volume ${id}.`);
      }
      if (volume.size_gb !== latest.size_gb) {
        throw badRequest(
          `Can't revert volume ${id} to its latest snapshot ${snapshotId}. The volume size must be equal to the snapshot size.`,
        );
      }
      if (!isAllowed("revert", volume.status)) {
        throw conflict(
          `Invalid volume: Can't revert volume ${id} to its latest snapshot ${snapshotId}. Volume's status must be 'available'.`,
        );
      }
      if (latest.status !== "available") {
        throw conflict(
          `Invalid snapshot: Can't revert volume ${id} to its latest snapshot ${snapshotId}. Snapshot's status must be 'available'.`,
        );
      }
      this.#begin(volume, "reverting", {});
      this.#core.setSnapshot(latest.id, { status: "restoring" });
      const input = { volumeId: id, snapshotId: latest.id };
      this.#work.revert.start({ resource: `volume:${id}`, input, requestId: context.requestId });
    });
  }

  /** Errors: 400, 404, 409; see Reimager. */
  reimage(context: RequestContext, id: string, imageId: string, options: { reserved: boolean }): void {
    this.#reimager.start(context, id, imageId, options);
  }

  /** The new image, which is queued; its data follows. Errors: 404, 400, and what the image service says. */
  upload(context: RequestContext, id: string, request: UploadRequest): { volume: Volume; imageId: string } {
    const volume = this.get(context, id);
    const verb = request.force ? "uploadForced" : "upload";
    if (!isAllowed(verb, volume.status)) {
      throw invalidVolume(`Volume ${id} status must be ${statusesOf(verb)}`);
    }
    const metadata = volume.image_metadata;
    const image = this.#newImage(context, {
      name: request.name,
      diskFormat: request.diskFormat,
      containerFormat: request.containerFormat,
      visibility: request.visibility ?? "shared",
      protected: request.protected,
      minDisk: Math.max(Number(metadata.min_disk ?? 0), 0),
      minRam: Math.max(Number(metadata.min_ram ?? 0), 0),
      properties: imagePropertiesOf(metadata),
    });
    return this.#core.kernel.db.transaction(() => {
      this.#begin(volume, "uploading", {});
      const { diskFormat, containerFormat } = request;
      const input = { volumeId: id, imageId: image.id, diskFormat, containerFormat };
      this.#work.upload.start({ resource: `volume:${id}`, input, requestId: context.requestId });
      return { volume: this.get(context, id), imageId: image.id };
    });
  }

  /** Errors: 400, 404, 413; see Retyper. */
  retype(context: RequestContext, id: string, newType: string): void {
    this.#retyper.start(context, id, newType);
  }

  /** Errors: 404; 400 unless available. */
  setReadOnly(context: RequestContext, id: string, readOnly: boolean): void {
    this.#core.kernel.db.transaction(() => {
      const volume = this.get(context, id);
      if (volume.status !== "available") {
        throw invalidVolume(
          `Volume ${id} status must be available to update readonly flag, but current status is: ${volume.status}.`,
        );
      }
      const flags = { ...volume.admin_metadata, readonly: readOnly ? "True" : "False" };
      this.#core.setVolume(id, { admin_metadata: flags });
    });
  }

  /** An administrator's repair of the database, without any work on the data. Errors: 404, 400. */
  resetStatus(
    context: RequestContext,
    id: string,
    wanted: { status?: string | null; attach_status?: string | null; migration_status?: string | null },
  ): void {
    this.get(context, id);
    const changes: VolumeChanges = {};
    if (wanted.status !== undefined && wanted.status !== null) {
      const status = wanted.status.toLowerCase();
      if (status === "deleting") throw badRequest(`Cannot reset-state to ${status}`);
      if (!(RESETTABLE as readonly string[]).includes(status)) throw invalidChoice("status", wanted.status);
      changes.status = status as VolumeStatus;
      if (status === "in-use" && this.#core.attachments.ofVolume(id).length === 0) {
        throw badRequest("Cannot reset-state to in-use because volume does not have any attachments.");
      }
    }
    if (wanted.attach_status !== undefined && wanted.attach_status !== null) {
      const status = wanted.attach_status.toLowerCase();
      if (!(ATTACH_STATUSES as readonly string[]).includes(status)) {
        throw invalidChoice("attach_status", wanted.attach_status);
      }
      changes.attach_status = status as AttachStatus;
    }
    if (wanted.migration_status !== undefined) {
      changes.migration_status = wanted.migration_status === "none" ? null : wanted.migration_status;
    }
    if (Object.keys(changes).length === 0) {
      throw badRequest("Must specify 'status', 'attach_status', or 'migration_status' for update.");
    }
    this.#core.kernel.db.transaction(() => {
      this.#core.setVolume(id, changes);
      if (changes.attach_status !== "detached") return;
      for (const attachment of this.#core.attachments.ofVolume(id)) this.#core.attachments.delete(attachment.id);
      const { attached_mode, ...flags } = this.get(context, id).admin_metadata;
      this.#core.setVolume(id, { admin_metadata: flags });
    });
  }

  /** Adds or (with `replace`) sets all. Errors: 404; 400 while it is worked on. */
  setMetadata(
    context: RequestContext,
    id: string,
    metadata: Readonly<Record<string, string>>,
    options: { replace: boolean },
  ): Record<string, string> {
    return this.#core.kernel.db.transaction(() => {
      const volume = this.#changeable(context, id, "Updating");
      const result = options.replace ? { ...metadata } : { ...volume.metadata, ...metadata };
      this.#core.setVolume(id, { metadata: result });
      return result;
    });
  }

  /** Errors: 404 for volume or key. */
  deleteMetadata(context: RequestContext, id: string, key: string): void {
    this.#core.kernel.db.transaction(() => {
      const volume = this.#changeable(context, id, "Deleting");
      const { [key]: value, ...rest } = volume.metadata;
      if (value === undefined) throw metadataNotFound(id, key);
      this.#core.setVolume(id, { metadata: rest });
    });
  }

  /**
   * Image metadata: sets some, or with null removes, as cinder/volume/api.py does with either kind of metadata.
   * Errors: 404 for a key that is not there; 400 while the volume is worked on.
   */
  changeImageMetadata(
    context: RequestContext,
    id: string,
    changes: Readonly<Record<string, string | null>>,
  ): Record<string, string> {
    return this.#core.kernel.db.transaction(() => {
      const removes = Object.values(changes).some((value) => value === null);
      const volume = this.#changeable(context, id, removes ? "Deleting" : "Updating");
      const metadata = new Map(Object.entries(volume.image_metadata));
      for (const [key, value] of Object.entries(changes)) {
        if (value !== null) metadata.set(key, value);
        else if (!metadata.delete(key)) throw metadataNotFound(id, key);
      }
      const result = Object.fromEntries(metadata);
      this.#core.setVolume(id, { image_metadata: result });
      return result;
    });
  }

  /** Whatever the image service has against it is a bad request here, as in cinder. Errors: 400. */
  #newImage(context: RequestContext, image: CreateImage): ImageInfo {
    const refused = ({ message }: ApiError) => badRequest(message);
    return inWords({ refused }, () => this.#core.kernel.facade("image").create(context, image));
  }

  #changeable(context: RequestContext, id: string, verb: string): Volume {
    const volume = this.get(context, id);
    if (volume.status === "maintenance" || volume.status === "uploading") {
      throw invalidVolume(`${verb} volume metadata is not allowed for volumes in ${volume.status} status.`);
    }
    return volume;
  }

  /** Work begins: the status tells so, and what it was is kept for afterwards. */
  #begin(volume: Volume, status: VolumeStatus, changes: VolumeChanges): void {
    this.#core.setVolume(volume.id, { ...changes, status, previous_status: volume.status });
  }
}

function invalidChoice(field: string, value: string) {
  return badRequest(
    `Invalid input for field/attribute ${field}. Value: ${value}. '${value}' is not a 'volume_${field}'`,
  );
}
