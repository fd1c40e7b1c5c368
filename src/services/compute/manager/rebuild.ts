import type { RequestContext } from "../../../kernel/auth/context.ts";
import { badRequest, inWords, orNull } from "../../../kernel/errors.ts";
import { uuid } from "../../../kernel/ids/ids.ts";
import type { ImageInfo } from "../../image/facade.ts";
import { flavorNotFound, quotaExceeded } from "../errors.ts";
import { needOf } from "../scheduler/scheduler.ts";
import { POWER, requireReady, TRANSITIONS, type Transition } from "../states.ts";
import type { MigrationRow } from "../store/migrations.ts";
import type { Server, ServerChanges } from "../store/servers.ts";
import { type ActionHandle, defineAction } from "./actions.ts";
import { fromImage, fromProperties, imageOrBadRequest, requireDiskConfig, requireRoom } from "./boot-image.ts";
import { change } from "./change.ts";
import { configDriveFiles } from "./config-drive.ts";
import type { Core } from "./core.ts";
import { flavorSnapshot } from "./create.ts";
import { usableFlavor } from "./flavors.ts";
import { checkImage, NoValidHost, schedule } from "./hosts.ts";
import { replugged, timeoutOf } from "./power.ts";
import { checkRequestLimits } from "./request-limits.ts";
import { reimageRoot, requireVolumesInUse, rootVolume } from "./root-volume.ts";
import { buildSpec, refOf, rootDisk } from "./spec.ts";

interface RebuildInput {
  adminPassword: string;
  files: { path: string; contents: string }[];
  keepEphemeral: boolean;
  /** It was stopped, and is to be again. */
  stopAfter: boolean;
  /** Of what it was made before; null when that stays. */
  before: Pick<Server, "imageId" | "imageProperties"> | null;
  /** The image that its root volume is written with; null leaves the volume alone. Absent in what an older version began. */
  reimageWith?: string | null;
}

interface RebuildWish extends Pick<RebuildInput, "adminPassword" | "files" | "keepEphemeral"> {
  imageRef: string;
  changes: ServerChanges;
  reimage: boolean;
}

/** Rebuild, resize and rescue: what changes a server's disks or where they come from. */
export class RebuildManager {
  readonly #core: Core;
  readonly #rebuild: ActionHandle<RebuildInput>;
  readonly #resize: ActionHandle<null>;
  readonly #confirm: ActionHandle<null>;
  readonly #revert: ActionHandle<null>;
  readonly #rescue: ActionHandle<{ imageId: string; adminPassword: string }>;
  readonly #unrescue: ActionHandle<null>;
  readonly #password: ActionHandle<{ password: string }>;

  constructor(core: Core) {
    this.#core = core;
    const { driver } = core;
    const { shutdownTimeout } = core.kernel.settings.compute;
    const keep = { configDrive: "keep" } as const;
    const anotherGuest = (server: Server) =>
      core.kernel.facade("network").anotherGuest(server.nics.map(({ portId }) => portId));
    const migrated = (server: Server, status: MigrationRow["status"]) =>
      core.migrations.setStatus(server.id, status, core.kernel.clock.now());

    this.#rebuild = defineAction<RebuildInput>(core, {
      name: "rebuild",
      event: "compute_rebuild_instance",
      run: async (
        server,
        { adminPassword, files, keepEphemeral, stopAfter, before, reimageWith = null },
        operation,
      ) => {
        const { requestId } = operation;
        if (before !== null) await checkImage(core, server);
        if (reimageWith !== null) {
          change(core, server.id, { taskState: "rebuild_block_device_mapping" });
          await reimageRoot(core, server, reimageWith, operation);
        }
        const configDrive = configDriveFiles(core, server, { adminPassword, files });
        await driver.rebuild(await buildSpec(core, server, requestId, { configDrive }), { keepEphemeral });
        anotherGuest(server);
        change(core, server.id, { taskState: "rebuild_spawning" });
        if (stopAfter) return { vmState: "stopped", powerState: POWER.shutdown, launchedAt: core.kernel.clock.now() };
        await driver.start(await buildSpec(core, server, requestId, keep));
        await replugged(core, server);
        return { vmState: "active", powerState: POWER.running, launchedAt: core.kernel.clock.now() };
      },
      // Refused before anything was touched: it runs on as it was.
      failed: (_server, { before }, error) =>
        error instanceof NoValidHost && before !== null ? before : { vmState: "error" },
    });
    this.#resize = defineAction(core, {
      name: "resize",
      event: "compute_finish_resize",
      run: async (server, _, { requestId }) => {
        const wasActive = server.oldState === "active";
        change(core, server.id, { taskState: "resize_migrating" });
        if (wasActive) await driver.stop(refOf(core, server), timeoutOf(server, shutdownTimeout));
        const spec = await buildSpec(core, server, requestId, keep);
        await driver.resize(spec);
        change(core, server.id, { taskState: "resize_finish" });
        if (wasActive) {
          await driver.start(spec);
          await replugged(core, server);
        }
        migrated(server, "finished");
        return {
          vmState: "resized",
          powerState: wasActive ? POWER.running : POWER.shutdown,
          launchedAt: core.kernel.clock.now(),
        };
      },
      failed(server) {
        migrated(server, "error");
        return {
          vmState: "error",
          ...(server.oldFlavor === null ? {} : { flavor: server.oldFlavor, oldFlavor: null, oldState: null }),
        };
      },
    });
    this.#confirm = defineAction(core, {
      name: "confirm-resize",
      event: "compute_confirm_resize",
      run: async (server) => {
        await driver.confirmResize(refOf(core, server));
        migrated(server, "confirmed");
        return {
          vmState: server.powerState === POWER.shutdown ? "stopped" : "active",
          oldFlavor: null,
          oldState: null,
        };
      },
    });
    this.#revert = defineAction(core, {
      name: "revert-resize",
      event: "compute_finish_revert_resize",
      run: async (server, _, { requestId }) => {
        const flavor = server.oldFlavor ?? server.flavor;
        const wasActive = server.oldState !== "stopped";
        await driver.stop(refOf(core, server), timeoutOf(server, shutdownTimeout));
        const spec = await buildSpec(core, { ...server, flavor }, requestId, keep);
        await driver.revertResize(spec);
        if (wasActive) {
          await driver.start(spec);
          await replugged(core, server);
        }
        migrated(server, "reverted");
        return {
          flavor,
          oldFlavor: null,
          oldState: null,
          vmState: wasActive ? "active" : "stopped",
          powerState: wasActive ? POWER.running : POWER.shutdown,
          launchedAt: core.kernel.clock.now(),
        };
      },
      failed: () => ({ vmState: "error" }),
    });
    this.#rescue = defineAction<{ imageId: string; adminPassword: string }>(core, {
      name: "rescue",
      event: "compute_rescue_instance",
      run: async (server, { imageId, adminPassword }, { requestId }) => {
        const root = rootDisk(core, server, requestId, imageId);
        if (root === null) throw new Error("There is no image to rescue with.");
        const spec = await buildSpec(core, server, requestId, keep);
        const configDrive =
          spec.configDrive === null ? null : configDriveFiles(core, server, { adminPassword, files: [] });
        anotherGuest(server);
        await driver.rescue(spec, { imageId, imagePath: root.imagePath, imageFormat: root.imageFormat, configDrive });
        await replugged(core, server);
        return { vmState: "rescued", powerState: POWER.running, rescueImageId: imageId };
      },
      failed: () => ({ vmState: "error" }),
    });
    this.#unrescue = defineAction(core, {
      name: "unrescue",
      event: "compute_unrescue_instance",
      run: async (server, _, { requestId }) => {
        anotherGuest(server);
        await driver.unrescue(await buildSpec(core, server, requestId, keep));
        await replugged(core, server);
        return { vmState: "active", powerState: POWER.running, rescueImageId: null };
      },
      failed: () => ({ vmState: "error" }),
    });
    this.#password = defineAction<{ password: string }>(core, {
      name: "change-password",
      event: "compute_set_admin_password",
      run: async (server, { password }) => {
        await driver.setAdminPassword(refOf(core, server), password);
        return {};
      },
    });
  }

  /** `reimage`: a root volume is written anew too (since 2.93). Errors: 400 for an image that does not fit, 403 over a limit, 409. */
  rebuild(context: RequestContext, server: Server, wish: RebuildWish): Server {
    const core = this.#core;
    requireReady(context, server, TRANSITIONS.rebuild);
    const image = this.#imageToRebuildWith(context, wish.imageRef);
    const boot = fromImage(image);
    requireDiskConfig(wish.changes.diskConfig ?? null, boot, image.id);
    const volume = server.imageId === "" ? rootVolume(core, server) : null;
    const imageNow = volume === null ? server.imageId : volume.imageMetadata.image_id;
    if (volume !== null && (wish.changes.trustedCertificates ?? null) !== null) {
      throw badRequest("Image certificate validation is not supported for volume-backed servers.");
    }
    if (volume !== null && imageNow !== image.id && !wish.reimage) {
      throw badRequest(
        `Image ${image.id} is unacceptable: Unable to rebuild with a different image for a volume-backed server.`,
      );
    }
    const { adminPassword, files, keepEphemeral } = wish;
    checkRequestLimits(core, server.projectId, server.userId, { metadata: wish.changes.metadata ?? {}, files });
    const root = volume === null ? "local" : { volumeGb: volume.sizeGb };
    requireRoom(server.flavor, boot, root, { mayUseZeroDisk: true });
    requireVolumesInUse(core, context, server);
    const { imageId, imageProperties: properties } = server;
    return this.#rebuild.start(
      context,
      server,
      TRANSITIONS.rebuild,
      {
        adminPassword,
        files,
        keepEphemeral,
        stopAfter: server.vmState === "stopped",
        before: image.id === imageNow ? null : { imageId, imageProperties: properties },
        reimageWith: volume !== null && wish.reimage ? image.id : null,
      },
      {
        ...wish.changes,
        // Without one it says that the server boots from a volume.
        ...(volume === null ? { imageId: image.id } : {}),
        imageProperties: boot.properties,
        fault: null,
        progress: 0,
      },
    );
  }

  #imageToRebuildWith(context: RequestContext, id: string): ImageInfo {
    const unknown = () => badRequest("Cannot find image for rebuild");
    return inWords({ 404: unknown }, () => this.#core.kernel.facade("image").get(context, id));
  }

  /** Errors: 400 for the same, an unknown or a smaller flavor, 403 over quota, 409. */
  async resize(context: RequestContext, server: Server, flavorId: string, changes: ServerChanges): Promise<void> {
    const core = this.#core;
    const { quotas } = core;
    requireReady(context, server, TRANSITIONS.resize);
    const flavor = usableFlavor(core, context, flavorId);
    if (flavor === undefined) throw badRequest(flavorNotFound(flavorId).message);
    if (flavor.id === server.flavor.id) throw badRequest("When resizing, instances must change flavor!");
    if (flavor.disk === 0 && server.flavor.disk !== 0 && server.imageId !== "") {
      throw badRequest("Server disk was unable to be resized because: Resize to zero disk flavor is not allowed.");
    }
    if (flavor.disk < server.flavor.disk && server.imageId !== "") {
      throw badRequest("Resize to a flavor with a smaller root disk is not supported: disks only grow.");
    }
    const more = { cores: flavor.vcpus - server.flavor.vcpus, ram: flavor.ram - server.flavor.ram };
    const exceeded = quotas.check(server.projectId, more, server.userId);
    if (exceeded.length > 0) throw quotaExceeded(exceeded);
    const boot = fromProperties(server.imageProperties);
    requireDiskConfig(changes.diskConfig ?? null, boot, server.imageId);
    if (server.imageId !== "") requireRoom(flavor, boot, "local", { mayUseZeroDisk: true });
    const target = { ...server, flavor: flavorSnapshot(flavor) };
    try {
      // As nova, which leaves the server's host out of those it asks.
      if (!core.kernel.settings.compute.allowResizeToSameHost) throw new NoValidHost();
      await schedule(
        core,
        target,
        (host) =>
          core.kernel.db.transaction(() => {
            this.#resize.start(context, server, TRANSITIONS.resize, null, {
              ...changes,
              flavor: target.flavor,
              oldFlavor: server.flavor,
              oldState: server.vmState,
              progress: 0,
            });
            core.migrations.begin({
              uuid: uuid(),
              server_id: server.id,
              host,
              old_flavor: core.flavors.get(server.flavor.id)?.number ?? 0,
              new_flavor: flavor.number,
              user_id: context.userId,
              project_id: context.projectId ?? server.projectId,
              created_at: core.kernel.clock.now(),
            });
          }),
        needOf(target),
      );
    } catch (error) {
      if (error instanceof NoValidHost) throw badRequest(`No valid host was found. ${error.message}`);
      throw error;
    }
  }

  confirmResize(context: RequestContext, server: Server): void {
    this.#requireResized(context, server, TRANSITIONS.confirmResize);
    this.#confirm.start(context, server, TRANSITIONS.confirmResize, null);
  }

  revertResize(context: RequestContext, server: Server): void {
    this.#requireResized(context, server, TRANSITIONS.revertResize);
    this.#revert.start(context, server, TRANSITIONS.revertResize, null);
  }

  /** Errors: 400 for an unknown image or a server that boots from a volume, 409. */
  rescue(context: RequestContext, server: Server, wish: { imageRef: string | null; adminPassword: string }): void {
    requireReady(context, server, TRANSITIONS.rescue);
    if (wish.imageRef !== null && !this.#canRescue(context, wish.imageRef)) {
      throw badRequest(`Requested rescue image '${wish.imageRef}' is not supported`);
    }
    requireVolumesInUse(this.#core, context, server);
    if (server.imageId === "") {
      throw badRequest(`Instance ${server.id} cannot be rescued: Cannot rescue a volume-backed instance`);
    }
    const imageId = wish.imageRef ?? server.imageId;
    const image = imageOrBadRequest(this.#core, context, imageId);
    if (image.status !== "active") throw badRequest(`Image ${imageId} is not active.`);
    const { adminPassword } = wish;
    this.#rescue.start(context, server, TRANSITIONS.rescue, { imageId, adminPassword }, { oldState: server.vmState });
  }

  /** It is there, and has data of its own: the image of a volume-backed server only names snapshots. */
  #canRescue(context: RequestContext, imageId: string): boolean {
    const image = orNull(() => this.#core.kernel.facade("image").get(context, imageId));
    return image !== null && image.properties.block_device_mapping === undefined;
  }

  unrescue(context: RequestContext, server: Server): void {
    this.#unrescue.start(context, server, TRANSITIONS.unrescue, null);
  }

  changePassword(context: RequestContext, server: Server, password: string): void {
    this.#password.start(context, server, TRANSITIONS.changePassword, { password });
  }

  #requireResized(context: RequestContext, server: Server, transition: Transition): void {
    requireReady(context, server, transition);
    if (server.oldFlavor === null) throw badRequest("Instance has not been resized.");
  }
}
