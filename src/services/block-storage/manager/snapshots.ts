import type { RequestContext } from "../../../kernel/auth/context.ts";
import { badRequest } from "../../../kernel/errors.ts";
import { uuid } from "../../../kernel/ids/ids.ts";
import type { OperationHandle } from "../../../kernel/operations/operations.ts";
import { invalidSnapshot, invalidVolume, quotaExceeded, snapshotMetadataNotFound } from "../errors.ts";
import { ALLOWED, isAllowed, SNAPSHOT_DELETABLE, SNAPSHOT_STATUSES, type SnapshotStatus } from "../states.ts";
import type { SnapshotChanges, SnapshotRow } from "../store/snapshots.ts";
import type { Volume } from "../store/volumes.ts";
import type { Core } from "./core.ts";
import type { MessageAction, MessageDetail } from "./messages.ts";

interface SnapshotInput {
  snapshotId: string;
  volumeId: string;
}

export interface CreateSnapshot {
  name: string | null;
  description: string | null;
  metadata: Readonly<Record<string, string>>;
  /** Also of a volume in use. */
  inUse: boolean;
}

/** What its maker may say of a snapshot, by what it is. */
const REPORTS: Readonly<Partial<Record<SnapshotStatus, readonly SnapshotStatus[]>>> = {
  creating: ["creating", "available", "error"],
  deleting: ["deleting", "error_deleting"],
};

/** cinder/volume/api.py create_snapshot_in_db. Errors: 400. */
function checkVolume(volume: Volume, verb: "snapshot" | "snapshotInUse"): void {
  if (volume.host === null) {
    throw invalidVolume("The snapshot cannot be created because volume has not been scheduled to any host.");
  }
  if (volume.status === "maintenance") {
    throw invalidVolume("The snapshot cannot be created when the volume is in maintenance mode.");
  }
  if (volume.status === "error") {
    throw invalidVolume("The snapshot cannot be created when the volume is in error status.");
  }
  if (isAllowed(verb, volume.status)) return;
  throw invalidVolume(
    `Volume ${volume.id} status must be ${ALLOWED[verb].join(", ")}, but current status is: ${volume.status}.`,
  );
}

/** The verbs on snapshots. */
export class SnapshotManager {
  readonly #core: Core;
  readonly #create: OperationHandle<SnapshotInput>;
  readonly #delete: OperationHandle<SnapshotInput>;

  constructor(core: Core) {
    this.#core = core;
    const driverOf = (volumeId: string) => {
      const host = core.volumes.get(volumeId)?.host ?? null;
      return host === null ? null : core.backends.driver(host);
    };
    const tell = (
      { snapshotId: id }: SnapshotInput,
      requestId: string,
      action: MessageAction,
      detail: MessageDetail,
    ) => {
      const projectId = core.snapshots.get(id)?.project_id ?? "";
      core.userMessages.tell({ projectId, requestId, kind: "VOLUME_SNAPSHOT", id }, action, detail);
    };
    const known = (input: SnapshotInput) => core.snapshots.get(input.snapshotId) !== undefined;
    this.#create = core.kernel.operations.define<SnapshotInput>({
      kind: "block-storage.snapshot.create",
      steps: [
        {
          name: "ask whether the backend has room",
          do: async ({ input }) => {
            const volume = core.volumes.get(input.volumeId);
            if (volume === undefined) return;
            await core.scheduler.check(volume.host, { extraSpecs: {}, sizeGb: volume.size_gb });
          },
        },
        {
          name: "take the snapshot",
          // One copy of a volume at a time.
          do: ({ input }) =>
            core.locks.hold(`volume:${input.volumeId}`, async () =>
              driverOf(input.volumeId)?.createSnapshot({ id: input.snapshotId, volumeId: input.volumeId }),
            ),
          undo: async ({ input }) =>
            driverOf(input.volumeId)?.deleteSnapshot({ id: input.snapshotId, volumeId: input.volumeId }),
        },
      ],
      onDone: ({ input }) => {
        if (known(input)) core.setSnapshot(input.snapshotId, { status: "available", progress: "100%" });
      },
      onFailed: ({ input, requestId }) => {
        if (core.snapshots.get(input.snapshotId)?.status !== "creating") return;
        core.setSnapshot(input.snapshotId, { status: "error" });
        tell(input, requestId, "createSnapshot", "snapshotFailed");
      },
    });
    this.#delete = core.kernel.operations.define<SnapshotInput>({
      kind: "block-storage.snapshot.delete",
      steps: [
        {
          name: "remove the snapshot",
          do: ({ input }) =>
            core.locks.hold(`snapshot:${input.snapshotId}`, async () => {
              await driverOf(input.volumeId)?.deleteSnapshot({ id: input.snapshotId, volumeId: input.volumeId });
            }),
        },
      ],
      onDone: ({ input }) => {
        if (known(input)) core.removeSnapshot(input.snapshotId);
      },
      onFailed: ({ input, requestId }) => {
        if (!known(input)) return;
        core.setSnapshot(input.snapshotId, { status: "error_deleting" });
        tell(input, requestId, "deleteSnapshot", "snapshotNotDeleted");
      },
    });
  }

  get(context: RequestContext, id: string): SnapshotRow {
    return this.#core.snapshot(context, id);
  }

  /** Errors: 404, 400, 413. */
  create(context: RequestContext, volumeId: string, request: CreateSnapshot): SnapshotRow {
    const { kernel, snapshots } = this.#core;
    return kernel.db.transaction(() => {
      const volume = this.#core.volume(context, volumeId);
      this.#core.requireThawed(volume.host);
      checkVolume(volume, request.inUse ? "snapshotInUse" : "snapshot");
      // Whoever takes it has it, as in cinder: an administrator's is the administrator's project's.
      const projectId = context.projectId ?? volume.project_id;
      const [exceeded] = this.#core.quotas().check(projectId, {
        gigabytes: volume.size_gb,
        [`gigabytes_${volume.type_name}`]: volume.size_gb,
        snapshots: 1,
        [`snapshots_${volume.type_name}`]: 1,
      });
      if (exceeded !== undefined) throw quotaExceeded(exceeded);
      const snapshot: SnapshotRow = {
        id: uuid(),
        project_id: projectId,
        user_id: context.userId,
        volume_id: volumeId,
        name: request.name,
        description: request.description,
        status: "creating",
        progress: "0%",
        size_gb: volume.size_gb,
        type_id: volume.type_id,
        bootable: volume.bootable,
        metadata: request.metadata,
        image_metadata: volume.image_metadata,
        created_at: kernel.clock.now(),
        updated_at: null,
      };
      snapshots.insert(snapshot);
      this.#create.start(this.#work(context, snapshot));
      return snapshot;
    });
  }

  update(
    context: RequestContext,
    id: string,
    changes: Partial<Pick<SnapshotChanges, "name" | "description">>,
  ): SnapshotRow {
    this.get(context, id);
    this.#core.setSnapshot(id, changes);
    return this.get(context, id);
  }

  /** Errors: 404, 400. `force`: whatever its status. */
  delete(context: RequestContext, id: string, options: { force?: boolean } = {}): void {
    this.#core.kernel.db.transaction(() => {
      const snapshot = this.get(context, id);
      if (options.force !== true) this.#core.requireThawed(this.#core.volumes.get(snapshot.volume_id)?.host ?? null);
      if (options.force !== true && !SNAPSHOT_DELETABLE.includes(snapshot.status)) {
        throw invalidSnapshot(`Snapshot status must be available or error and must not be part of a group.`);
      }
      this.#core.setSnapshot(id, { status: "deleting" });
      this.#delete.start(this.#work(context, snapshot));
    });
  }

  /** An administrator's, or a driver's on a nova host. Errors: 404, 400. */
  setStatus(context: RequestContext, id: string, status: string, progress: string | null): void {
    this.get(context, id);
    const lower = status.toLowerCase();
    if (!(SNAPSHOT_STATUSES as readonly string[]).includes(lower)) {
      throw badRequest(
        `Invalid input for field/attribute status. Value: ${status}. '${status}' is not a 'snapshot_status'`,
      );
    }
    this.#core.setSnapshot(id, { status: lower as SnapshotStatus, ...(progress === null ? {} : { progress }) });
  }

  /** os-update_snapshot_status: how its making or deleting goes on, and nothing else. Errors: 400. */
  report(context: RequestContext, id: string, status: string, progress: string | null): void {
    const current = this.get(context, id).status;
    const next = REPORTS[current];
    if (next === undefined) throw badRequest(`Snapshot status ${current} not allowed for update_snapshot_status`);
    if (!(next as readonly string[]).includes(status)) {
      throw badRequest(`Provided snapshot status ${status} not allowed for snapshot with status ${current}.`);
    }
    this.setStatus(context, id, status, progress);
  }

  setMetadata(
    context: RequestContext,
    id: string,
    metadata: Readonly<Record<string, string>>,
    options: { replace: boolean },
  ): Record<string, string> {
    return this.#core.kernel.db.transaction(() => {
      const snapshot = this.get(context, id);
      const result = options.replace ? { ...metadata } : { ...snapshot.metadata, ...metadata };
      this.#core.setSnapshot(id, { metadata: result });
      return result;
    });
  }

  deleteMetadata(context: RequestContext, id: string, key: string): void {
    this.#core.kernel.db.transaction(() => {
      const { [key]: value, ...rest } = this.get(context, id).metadata;
      if (value === undefined) throw snapshotMetadataNotFound(id, key);
      this.#core.setSnapshot(id, { metadata: rest });
    });
  }

  /** In line with the work on its volume. */
  #work(context: RequestContext, snapshot: SnapshotRow) {
    return {
      resource: `volume:${snapshot.volume_id}`,
      input: { snapshotId: snapshot.id, volumeId: snapshot.volume_id },
      requestId: context.requestId,
    };
  }
}
