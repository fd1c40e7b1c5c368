import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { RequestContext } from "../../../kernel/auth/context.ts";
import { isUnwritable } from "../../../kernel/db/unwritable.ts";
import { badRequest, messageOf, orNull } from "../../../kernel/errors.ts";
import type { OperationRun } from "../../../kernel/operations/operations.ts";
import type { ImageInfo } from "../../image/facade.ts";
import { requireReady, TRANSITIONS } from "../states.ts";
import type { Server } from "../store/servers.ts";
import { type ActionHandle, defineAction } from "./actions.ts";
import { contextOf } from "./change.ts";
import type { Core } from "./core.ts";
import { quiesced, thawLeftFrozen } from "./quiesce.ts";
import { pathsOf, refOf } from "./spec.ts";
import { uploadVolumeImage } from "./volume-images.ts";

interface SnapshotInput {
  imageId: string;
  /** createBackup: how many of this type are kept. */
  rotation: { type: string; keep: number } | null;
}

/** Attributes of the source image that its snapshots do not inherit. */
const NOT_INHERITED = new Set([
  "disk_format",
  "container_format",
  "min_ram",
  "min_disk",
  "cache_in_nova",
  "instance_uuid",
  "image_type",
  "backup_type",
  // Of a root volume, about the image it was made from; and about the disks of an image that is none.
  "image_id",
  "image_name",
  "checksum",
  "size",
  "block_device_mapping",
  "bdm_v2",
  "img_signature",
  "img_signature_certificate_uuid",
  "img_signature_hash_method",
  "img_signature_key_type",
]);

/** Images made of servers. */
export class SnapshotManager {
  readonly #core: Core;
  readonly #snapshot: ActionHandle<SnapshotInput>;

  constructor(core: Core) {
    this.#core = core;
    this.#snapshot = defineAction<SnapshotInput>(core, {
      name: "snapshot",
      event: "compute_snapshot_instance",
      run: async (server, { imageId, rotation }, operation) => {
        const { requestId } = operation;
        await thawLeftFrozen(core, server, operation);
        const upload =
          server.imageId === ""
            ? uploadVolumeImage(core, server, imageId, operation)
            : uploadSnapshot(core, server, imageId, operation);
        await upload.catch(async (error: unknown) => {
          if (isUnwritable(error)) throw error;
          await discard(core, server, imageId, requestId);
          throw error;
        });
        if (rotation !== null) await rotate(core, server, rotation, requestId);
        return {};
      },
    });
  }

  /** createImage and createBackup: the image exists at once, its data comes later. Errors: 409, 403. */
  create(
    context: RequestContext,
    server: Server,
    wish: { name: string; metadata: Readonly<Record<string, string>>; backup: SnapshotInput["rotation"] },
  ): ImageInfo {
    const { kernel } = this.#core;
    return kernel.db.transaction(() => {
      const backup = wish.backup;
      const transition = backup === null ? TRANSITIONS.createImage : TRANSITIONS.createBackup;
      requireReady(context, server, transition);
      if (backup !== null && server.imageId === "") {
        throw badRequest("Backup is not supported for volume-backed instances.");
      }
      const image = queueSnapshot(this.#core, context, server, wish.name, {
        ...wish.metadata,
        image_type: backup === null ? (wish.metadata.image_type ?? "snapshot") : "backup",
        ...(backup === null ? {} : { backup_type: backup.type }),
      });
      this.#snapshot.start(context, server, transition, { imageId: image.id, rotation: backup });
      return image;
    });
  }
}

/** The image without data, owned by the server's project. */
export function queueSnapshot(
  core: Core,
  context: RequestContext,
  server: Server,
  name: string,
  properties: Readonly<Record<string, string>>,
): ImageInfo {
  const inherited = Object.fromEntries(
    Object.entries(server.imageProperties).filter(([key]) => !NOT_INHERITED.has(key) && !key.startsWith("os_glance")),
  );
  const identity = core.kernel.facade("identity");
  return core.kernel.facade("image").create(context, {
    name,
    visibility: "private",
    ...(context.isAdmin ? { owner: server.projectId } : {}),
    minDisk: Math.max(server.flavor.disk, Number(server.imageProperties.min_disk ?? 0)),
    minRam: Number(server.imageProperties.min_ram ?? 0),
    properties: {
      ...inherited,
      base_image_ref: server.imageId,
      instance_uuid: server.id,
      user_id: context.userId,
      owner_user_name: context.userName,
      owner_project_name: identity.getProject(server.projectId)?.name ?? server.projectId,
      boot_roles: [...context.roles].join(","),
      ...properties,
    },
  });
}

/** Takes the disk's data and puts it into the image. */
export async function uploadSnapshot(
  core: Core,
  server: Server,
  imageId: string,
  run: OperationRun<unknown, unknown>,
): Promise<void> {
  const { requestId, signal } = run;
  const image = core.kernel.facade("image");
  // After a crash right after the upload there is nothing left to do.
  if (image.find(imageId)?.status === "active") return;
  const path = join(pathsOf(core, server).directory, `snapshot-${imageId}`);
  try {
    const taken = await core.driver.snapshot(
      refOf(core, server),
      { path, format: "qcow2", around: (cut) => quiesced(core, server, run, cut) },
      signal,
    );
    await image.uploadFile(contextOf(server, requestId), imageId, path, {
      diskFormat: taken.format,
      containerFormat: "bare",
    });
  } finally {
    if (await exists(path)) await rm(path, { force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Takes the image of a snapshot away that failed or is needed no more; one that cannot be deleted (protected) stays. */
export async function discard(core: Core, server: Server, imageId: string, requestId: string): Promise<void> {
  try {
    await orNull(() => core.kernel.facade("image").delete(contextOf(server, requestId), imageId));
  } catch (error) {
    if (isUnwritable(error)) throw error;
    core.kernel.log.warning(`image ${imageId} of a snapshot that is not needed stays: ${messageOf(error)}`);
  }
}

/** Deletes the oldest backups of this type beyond the number to keep. */
async function rotate(
  core: Core,
  server: Server,
  rotation: { type: string; keep: number },
  requestId: string,
): Promise<void> {
  const backups = core.kernel
    .facade("image")
    .list(contextOf(server, requestId), {
      properties: { instance_uuid: server.id, image_type: "backup", backup_type: rotation.type },
    })
    .sort((a, b) => b.createdAt - a.createdAt);
  for (const { id } of backups.slice(rotation.keep)) await discard(core, server, id, requestId);
}
