import type { RequestContext } from "../../../kernel/auth/context.ts";
import { badRequest, conflict } from "../../../kernel/errors.ts";
import { uuid } from "../../../kernel/ids/ids.ts";
import { invalidVolume } from "../errors.ts";
import type { VolumeConnection, VolumeSource } from "../facade.ts";
import { type AttachmentStatus, isAllowed, statusesOf, type VolumeStatus } from "../states.ts";
import type { AttachmentRow } from "../store/attachments.ts";
import type { Volume } from "../store/volumes.ts";
import type { Core } from "./core.ts";

export type Mode = "rw" | "ro";

export interface Connector {
  /** The host that attaches it. */
  host?: string | undefined;
  mountpoint?: string | null | undefined;
  mode?: string | null | undefined;
  [other: string]: unknown;
}

/** Attachments: who has a volume, from the reservation to the end. Both ways nova ever spoke of them end up here. */
export class AttachmentManager {
  readonly #core: Core;
  constructor(core: Core) {
    this.#core = core;
  }

  get(context: RequestContext, id: string): AttachmentRow {
    return this.#core.attachment(context, id);
  }

  /**
   * Reserves the volume for a server (or, with null, for nobody yet). A server that has a reservation gets another one, as cinder
   * allows for migrations; `reuse` answers the old one instead. Errors: 404, 400.
   */
  create(
    context: RequestContext,
    volumeId: string,
    options: { instanceId: string | null; mode: Mode | null; byCompute?: boolean; reuse?: boolean },
  ): AttachmentRow {
    const { attachments, kernel } = this.#core;
    const { instanceId, byCompute = false, reuse = false } = options;
    return kernel.db.transaction(() => {
      const volume = this.#core.volume(context, volumeId);
      const own =
        instanceId === null
          ? undefined
          : attachments.ofVolume(volumeId).find(({ instance_id }) => instance_id === instanceId);
      if (reuse && own !== undefined) return own;
      if (volume.status.startsWith("error")) {
        throw invalidVolume(
          "Volume attachments can not be created if the volume is in an error state. " +
            `The Volume ${volumeId} currently has a status of: ${volume.status} `,
        );
      }
      const verb = volume.multiattach ? "reserveMultiattach" : "reserve";
      const migrating = own !== undefined && (volume.status === "in-use" || volume.status === "reserved");
      if (!isAllowed(verb, volume.status) && !migrating) {
        throw invalidVolume(
          `Volume ${volumeId} status must be ${statusesOf(verb)} to reserve, but the current status is ${volume.status}.`,
        );
      }
      const readOnly = volume.admin_metadata.readonly === "True";
      const attachment: AttachmentRow = {
        id: uuid(),
        volume_id: volumeId,
        project_id: volume.project_id,
        instance_id: instanceId,
        host_name: null,
        device: null,
        mode: readOnly ? "ro" : options.mode,
        status: "reserved",
        by_compute: byCompute,
        connector: null,
        connection_info: null,
        attached_at: null,
        created_at: kernel.clock.now(),
      };
      attachments.insert(attachment);
      if (!migrating) this.#core.setVolume(volumeId, { status: "reserved" });
      return attachment;
    });
  }

  /** Makes the data reachable for who asks. An attachment that is in use already only learns how to reach it. Errors: 404, 409. */
  async connect(context: RequestContext, id: string, connector: Connector): Promise<VolumeConnection> {
    const before = this.get(context, id);
    const volume = this.#core.volume(context, before.volume_id);
    if (volume.status.startsWith("error")) {
      throw conflict(
        "Volume attachments can not be updated if the volume is in an error state. " +
          `The Volume ${volume.id} currently has a status of: ${volume.status} `,
      );
    }
    const others = this.#core.attachments.ofVolume(volume.id).filter((other) => other.id !== id);
    if (!volume.multiattach && others.some(({ connection_info }) => connection_info !== null)) {
      throw conflict(`Invalid volume: duplicate connectors detected on volume ${volume.id}`);
    }
    const source = await this.#core.backends.driver(volume.host).connect(volume);
    return this.#core.kernel.db.transaction(() => {
      const attachment = this.get(context, id);
      const mode = attachment.mode ?? (connector.mode === "ro" ? "ro" : "rw");
      const device = connector.mountpoint ?? attachment.device;
      this.#core.attachments.update(id, {
        host_name: connector.host ?? attachment.host_name,
        device,
        mode,
        connector: connector,
        connection_info: connectionInfo(volume, source, mode, id),
        ...(attachment.status === "reserved" ? { status: "attaching" as const } : {}),
      });
      if (attachment.status === "reserved") {
        const flags = { ...volume.admin_metadata, attached_mode: mode };
        this.#core.setVolume(volume.id, { status: "attaching", admin_metadata: flags });
      }
      return { volumeId: volume.id, attachmentId: id, source, readOnly: mode === "ro", sizeGb: volume.size_gb };
    });
  }

  /** The guest has it. Errors: 404. */
  complete(context: RequestContext, id: string): void {
    this.#core.kernel.db.transaction(() => {
      const attachment = this.get(context, id);
      if (attachment.status === "attached") return;
      this.#core.attachments.update(id, { status: "attached", attached_at: this.#core.now });
      this.#core.setVolume(attachment.volume_id, { status: "in-use", attach_status: "attached" });
    });
  }

  /**
   * The guest is off and has let go, and its server keeps the volume: "reserved" again, as after nova's change of one attachment for
   * another in a rebuild. Errors: 404.
   */
  async release(context: RequestContext, id: string): Promise<void> {
    const attachment = this.get(context, id);
    const { attachments, kernel } = this.#core;
    const volume = this.#core.volumes.get(attachment.volume_id);
    if (volume === undefined || attachment.status === "reserved") return;
    const others = attachments.ofVolume(volume.id).filter((other) => other.id !== id);
    if (others.every(({ connection_info }) => connection_info === null)) {
      await this.#core.backends.driver(volume.host).disconnect(volume);
    }
    kernel.db.transaction(() => {
      attachments.update(id, { status: "reserved", connector: null, connection_info: null, attached_at: null });
      const now = this.#core.volumes.get(volume.id);
      if (now !== undefined) this.#settle(now, attachments.ofVolume(volume.id));
    });
  }

  /** Lets go of it; the volume is free when it was the last. Answers what is left on the volume. Errors: 404. */
  async delete(context: RequestContext, id: string): Promise<AttachmentRow[]> {
    const attachment = this.get(context, id);
    const { attachments, kernel } = this.#core;
    const volume = this.#core.volumes.get(attachment.volume_id);
    const others = attachments.ofVolume(attachment.volume_id).filter((other) => other.id !== id);
    const connected = attachment.connection_info !== null;
    if (volume !== undefined && connected && others.every(({ connection_info }) => connection_info === null)) {
      await this.#core.backends.driver(volume.host).disconnect(volume);
    }
    return kernel.db.transaction(() => {
      attachments.delete(id);
      const left = attachments.ofVolume(attachment.volume_id);
      const now = this.#core.volumes.get(attachment.volume_id);
      if (now !== undefined) this.#settle(now, left);
      return left;
    });
  }

  /**
   * Refuses to let a user pull a volume away under a server that the compute service gave it to; it must be detached there.
   * Errors: 409 (cinder's answer to CVE-2023-2088).
   */
  requireNotComputes(context: RequestContext, attachments: readonly AttachmentRow[]): void {
    if (context.serviceRoles.has("service")) return;
    const held = attachments.find(({ by_compute, instance_id }) => by_compute && instance_id !== null);
    if (held !== undefined) {
      throw conflict(`Detach volume from instance ${held.instance_id} using the Compute API`);
    }
  }

  /** os-reserve. Errors: 404, 400. */
  reserve(context: RequestContext, volumeId: string): void {
    const volume = this.#core.volume(context, volumeId);
    const verb = volume.multiattach ? "reserveByActionMultiattach" : "reserveByAction";
    if (!isAllowed(verb, volume.status)) {
      throw invalidVolume(`Volume status must be ${statusesOf(verb)} to reserve, but the status is ${volume.status}.`);
    }
    this.#core.setVolume(volumeId, { status: "attaching" });
  }

  /** os-unreserve: nothing to do for a volume that is not reserved. */
  unreserve(context: RequestContext, volumeId: string): void {
    const volume = this.#core.volume(context, volumeId);
    if (volume.status === "attaching") this.#settle(volume, this.#core.attachments.ofVolume(volumeId));
  }

  /** os-attach: at once and without a connection; for who does the rest itself. Errors: 404, 400. */
  attach(
    context: RequestContext,
    volumeId: string,
    wanted: { instanceId: string | null; hostName: string | null; device: string; mode: Mode },
  ): void {
    const { attachments, kernel } = this.#core;
    kernel.db.transaction(() => {
      const volume = this.#core.volume(context, volumeId);
      if (volume.status === "maintenance") throw invalidVolume("The volume cannot be attached in maintenance mode.");
      const flags = { readonly: "False", ...volume.admin_metadata, attached_mode: wanted.mode };
      if (flags.readonly === "True" && wanted.mode !== "ro") {
        throw badRequest(`Invalid attaching mode '${wanted.mode}' for volume ${volumeId}.`);
      }
      const others = attachments.ofVolume(volumeId);
      const same = others.find(({ instance_id, host_name }) =>
        wanted.instanceId === null ? host_name === wanted.hostName : instance_id === wanted.instanceId,
      );
      if (same !== undefined) {
        this.#core.setVolume(volumeId, { status: "in-use" });
        return;
      }
      if (volume.status === "in-use" && !volume.multiattach) {
        throw badRequest(
          "Error attaching volume - InvalidVolume: Invalid volume: volume is already attached and multiple attachments are not enabled",
        );
      }
      const multi = volume.multiattach && volume.status === "in-use";
      if (!isAllowed("attachByAction", volume.status) && !multi) {
        throw badRequest(
          `Error attaching volume - InvalidVolume: Invalid volume: Volume status must be available or reserved, but is ${volume.status}.`,
        );
      }
      attachments.insert({
        id: uuid(),
        volume_id: volumeId,
        project_id: volume.project_id,
        instance_id: wanted.instanceId,
        host_name: wanted.hostName,
        device: wanted.device,
        mode: wanted.mode,
        status: "attached",
        by_compute: false,
        connector: null,
        connection_info: null,
        attached_at: kernel.clock.now(),
        created_at: kernel.clock.now(),
      });
      this.#core.setVolume(volumeId, {
        status: "in-use",
        attach_status: "attached",
        admin_metadata: flags,
      });
    });
  }

  /** os-detach; null means the only attachment. Errors: 404, 400, 409. */
  async detach(context: RequestContext, volumeId: string, attachmentId: string | null): Promise<void> {
    const volume = this.#core.volume(context, volumeId);
    if (volume.status === "maintenance") throw invalidVolume("The volume cannot be detached in maintenance mode.");
    const all = this.#core.attachments.ofVolume(volumeId);
    const chosen = attachmentId === null ? all : all.filter(({ id }) => id === attachmentId);
    this.requireNotComputes(context, chosen);
    if (chosen.length > 1) {
      throw badRequest(
        "Error detaching volume - InvalidVolume: Invalid volume: Detach volume failed: More than one attachment, but no attachment_id provided.",
      );
    }
    const [attachment] = chosen;
    if (attachment !== undefined) await this.delete(context, attachment.id);
    else if (attachmentId !== null) {
      throw badRequest(
        `Error detaching volume - VolumeAttachmentNotFound: Volume attachment could not be found with filter: attachment_id = ${attachmentId}.`,
      );
    } else this.#settle(volume, all);
  }

  beginDetaching(context: RequestContext, volumeId: string): void {
    const volume = this.#core.volume(context, volumeId);
    if (volume.status !== "in-use" || volume.attach_status !== "attached") {
      throw invalidVolume(
        "Unable to detach volume. Volume status must be 'in-use' and attach_status must be 'attached' to detach.",
      );
    }
    this.#core.setVolume(volumeId, { status: "detaching" });
  }

  rollDetaching(context: RequestContext, volumeId: string): void {
    const volume = this.#core.volume(context, volumeId);
    if (volume.status === "detaching") this.#core.setVolume(volumeId, { status: "in-use" });
  }

  /** os-initialize_connection. Errors: 404, 400. */
  async initialise(context: RequestContext, volumeId: string, connector: Connector): Promise<Record<string, unknown>> {
    const volume = this.#core.volume(context, volumeId);
    if (volume.status === "maintenance" || volume.host === null) {
      throw invalidVolume("The volume connection cannot be initialized in maintenance mode.");
    }
    const source = await this.#core.backends.driver(volume.host).connect(volume);
    return connectionInfo(volume, source, connector.mode === "ro" ? "ro" : "rw", null);
  }

  /** os-terminate_connection. Errors: 404, 409. */
  async terminate(context: RequestContext, volumeId: string): Promise<void> {
    const volume = this.#core.volume(context, volumeId);
    this.requireNotComputes(context, this.#core.attachments.ofVolume(volumeId));
    if (volume.host !== null) await this.#core.backends.driver(volume.host).disconnect(volume);
    this.unreserve(context, volumeId);
  }

  /** The status of a volume as its attachments have it (cinder/objects/volume.py finish_detach). */
  #settle(volume: Volume, left: readonly AttachmentRow[]): void {
    const has = (...statuses: AttachmentStatus[]) => left.some(({ status }) => statuses.includes(status));
    const attached = has("attached");
    const status: VolumeStatus = attached
      ? "in-use"
      : has("attaching")
        ? "attaching"
        : has("reserved")
          ? "reserved"
          : "available";
    const { attached_mode, ...flags } = volume.admin_metadata;
    this.#core.setVolume(volume.id, {
      ...(volume.status === "deleting" ? {} : { status }),
      attach_status: attached ? "attached" : "detached",
      admin_metadata: left.length === 0 || attached_mode === undefined ? flags : { ...flags, attached_mode },
    });
  }
}

/** What the API shows of a connection: everything lies on this host, so that it is a "local" one. */
function connectionInfo(
  volume: Volume,
  source: VolumeSource,
  mode: string,
  attachmentId: string | null,
): Record<string, unknown> {
  return {
    driver_volume_type: "local",
    data: {
      volume_id: volume.id,
      device_path: source.path,
      format: source.format,
      access_mode: mode,
      encrypted: false,
      qos_specs: null,
      cacheable: false,
    },
    ...(attachmentId === null ? {} : { attachment_id: attachmentId }),
  };
}
