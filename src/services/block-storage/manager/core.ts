import { EventEmitter } from "node:events";
import "../events.ts";
import type { RequestContext } from "../../../kernel/auth/context.ts";
import { forbidden, orNull } from "../../../kernel/errors.ts";
import type { Kernel } from "../../../kernel/module.ts";
import type { Target } from "../../../kernel/policy/policy.ts";
import { Quotas } from "../../../kernel/quota/quota.ts";
import type { DriverFactory } from "../driver/driver.ts";
import { attachmentNotFound, blockStorageApi, invalidInput, snapshotNotFound, volumeNotFound } from "../errors.ts";
import { quotaResources } from "../quotas.ts";
import { type AttachmentRow, AttachmentStore } from "../store/attachments.ts";
import { MessageStore } from "../store/messages.ts";
import { type SnapshotChanges, type SnapshotRow, SnapshotStore } from "../store/snapshots.ts";
import { TypeStore } from "../store/types.ts";
import { type Volume, type VolumeChanges, VolumeStore } from "../store/volumes.ts";
import { Backends } from "./backends.ts";
import { Locks } from "./locks.ts";
import { type MessageAction, type MessageDetail, UserMessages } from "./messages.ts";
import { Scheduler } from "./scheduler.ts";

/** What all managers of this service share. */
export class Core {
  readonly kernel: Kernel;
  readonly backends: Backends;
  readonly volumes: VolumeStore;
  readonly snapshots: SnapshotStore;
  readonly attachments: AttachmentStore;
  readonly types: TypeStore;
  readonly messages: MessageStore;
  readonly scheduler: Scheduler;
  readonly userMessages: UserMessages;
  /** Keep data from being removed while it is copied; keys are "volume:<id>" and "snapshot:<id>". */
  readonly locks = new Locks();
  readonly #changes = new EventEmitter().setMaxListeners(0);

  constructor(kernel: Kernel, hostname: string, driver: DriverFactory) {
    const { db } = kernel;
    this.kernel = kernel;
    this.volumes = new VolumeStore(db);
    this.snapshots = new SnapshotStore(db);
    this.attachments = new AttachmentStore(db);
    this.types = new TypeStore(db);
    this.messages = new MessageStore(db);
    this.scheduler = new Scheduler(this);
    this.userMessages = new UserMessages(this);
    this.backends = new Backends(db, kernel.settings.blockStorage.backends, hostname, (backend) =>
      driver(backend, async (id, file) => kernel.has("compute") && kernel.facade("compute").copyVolume(id, file)),
    );
  }

  get now(): number {
    return this.kernel.clock.now();
  }

  /** Made afresh because every volume type has quotas of its own. */
  quotas(): Quotas {
    const { db, settings } = this.kernel;
    const resources = quotaResources(settings.blockStorage.quotas, this, [...this.types.all()].reverse());
    return new Quotas(db, "block-storage", resources);
  }

  /** Whether a context sees things of a project at all; what it may do with them is for policies. */
  sees(context: RequestContext, projectId: string): boolean {
    return context.isAdmin || context.projectId === projectId || context.roles.has("service");
  }

  /** Errors: 404, also for another project's. */
  volume(context: RequestContext, id: string): Volume {
    const volume = this.volumes.get(id);
    if (volume === undefined || !this.sees(context, volume.project_id)) throw volumeNotFound(id);
    return volume;
  }

  /** Errors: 404, also for another project's. */
  snapshot(context: RequestContext, id: string): SnapshotRow {
    const snapshot = this.snapshots.get(id);
    if (snapshot === undefined || !this.sees(context, snapshot.project_id)) throw snapshotNotFound(id);
    return snapshot;
  }

  /** Errors: 404, also for another project's. */
  attachment(context: RequestContext, id: string): AttachmentRow {
    const attachment = this.attachments.get(id);
    if (attachment === undefined || !this.sees(context, attachment.project_id)) throw attachmentNotFound(id);
    return attachment;
  }

  /** Tells the project of a volume why work on it failed. Volumes that are gone concern nobody. */
  tellOfVolume(volumeId: string, requestId: string, action: MessageAction, detail: MessageDetail): void {
    const projectId = this.volumes.get(volumeId)?.project_id;
    if (projectId !== undefined) {
      this.userMessages.tell({ projectId, requestId, kind: "VOLUME", id: volumeId }, action, detail);
    }
  }

  /** Errors: 400 for what lies on a backend that is frozen. */
  requireThawed(pool: string | null): void {
    if (pool === null || !this.backends.isFrozen(pool)) return;
    throw invalidInput("Modification operations are not allowed on frozen storage backends.");
  }

  /** Whether one of the finders above finds it. */
  finds(find: () => unknown): boolean {
    return orNull(find) !== null;
  }

  /** For callers that come without a route. Errors: 403. */
  authorize(context: RequestContext, policy: string, target: Target): void {
    if (!this.kernel.policies.allows(policy, context, target)) throw forbidden(blockStorageApi.forbidden(policy));
  }

  /** Those who wait for the volume look again once it is committed. */
  setVolume(id: string, changes: VolumeChanges): void {
    this.volumes.update(id, { ...changes, updated_at: this.now });
    this.#announce(id);
  }

  removeVolume(id: string): void {
    this.volumes.delete(id);
    this.#announce(id);
  }

  setSnapshot(id: string, changes: SnapshotChanges): void {
    this.snapshots.update(id, { ...changes, updated_at: this.now });
    this.#announce(id);
  }

  removeSnapshot(id: string): void {
    this.snapshots.delete(id);
    this.#announce(id);
  }

  /**
   * Calls `look` now and after every change of the thing until it answers something. Rejects with what `look` throws, the signal's
   * reason, or `timedOut()` after `timeout` milliseconds.
   */
  waitFor<T>(
    id: string,
    look: () => T | null,
    options: { signal?: AbortSignal | undefined; timeout: number; timedOut: () => Error },
  ): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const { signal } = options;
    const check = () => {
      try {
        signal?.throwIfAborted();
        const found = look();
        if (found !== null) resolve(found);
      } catch (error) {
        reject(error);
      }
    };
    const timer = setTimeout(() => reject(options.timedOut()), options.timeout);
    this.#changes.on(id, check);
    signal?.addEventListener("abort", check);
    check();
    return promise.finally(() => {
      clearTimeout(timer);
      this.#changes.off(id, check);
      signal?.removeEventListener("abort", check);
    });
  }

  #announce(id: string): void {
    this.kernel.db.afterCommit(() => this.#changes.emit(id));
  }
}
