import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { internalContext } from "../../../kernel/auth/context.ts";
import { orNull } from "../../../kernel/errors.ts";
import type { OperationHandle } from "../../../kernel/operations/operations.ts";
import { type VolumeDriver, VolumeDriverError } from "../driver/driver.ts";
import type { VolumeStatus } from "../states.ts";
import type { Volume } from "../store/volumes.ts";
import type { Core } from "./core.ts";
import { fileOf } from "./images.ts";
import type { MessageAction, MessageDetail } from "./messages.ts";
import { isNoValidBackend } from "./scheduler.ts";

export const GIB = 2 ** 30;

export type VolumeSourceInput =
  | { kind: "blank" }
  | { kind: "image"; id: string }
  | { kind: "volume"; id: string }
  | { kind: "snapshot"; id: string; volumeId: string };

export interface CreateInput {
  volumeId: string;
  source: VolumeSourceInput;
  /** What it has from its source. */
  bootable: boolean;
  imageMetadata: Readonly<Record<string, string>>;
}

export interface VolumeInput {
  volumeId: string;
}

export interface ExtendInput extends VolumeInput {
  sizeGb: number;
}

export interface RevertInput extends VolumeInput {
  snapshotId: string;
}

export interface UploadInput extends VolumeInput {
  imageId: string;
  diskFormat: string;
  containerFormat: string;
}

/** The long work on volumes, as operations. All of one volume run one after the other, those on its snapshots included. */
export interface VolumeWork {
  readonly create: OperationHandle<CreateInput>;
  readonly delete: OperationHandle<VolumeInput>;
  readonly extend: OperationHandle<ExtendInput>;
  readonly revert: OperationHandle<RevertInput>;
  readonly upload: OperationHandle<UploadInput>;
}

export function defineVolumeWork(core: Core): VolumeWork {
  const { operations } = core.kernel;
  return {
    create: operations.define<CreateInput>({
      kind: "block-storage.volume.create",
      steps: [
        { name: "choose a backend", do: ({ input }) => place(core, input.volumeId) },
        {
          name: "make the volume",
          do: ({ input }) => make(core, input),
          undo: ({ input }) => withVolume(core, input.volumeId, (volume, driver) => driver.delete(volume)),
        },
      ],
      onDone({ input }) {
        const volume = core.volumes.get(input.volumeId);
        if (volume === undefined) return;
        core.setVolume(volume.id, {
          // Who reserved it while the image was copied keeps it.
          ...(isBeingMade(volume.status) ? { status: "available" } : {}),
          bootable: input.bootable,
          image_metadata: input.imageMetadata,
        });
      },
      onFailed({ input, requestId }, error) {
        const status = core.volumes.get(input.volumeId)?.status;
        // A deletion that pushed this aside has its own status there already.
        if (status === undefined || status === "deleting") return;
        core.setVolume(input.volumeId, { status: "error" });
        const [action, detail] = whyNotMade(core, input, error);
        core.tellOfVolume(input.volumeId, requestId, action, detail);
      },
    }),
    delete: operations.define<VolumeInput>({
      kind: "block-storage.volume.delete",
      steps: [
        {
          name: "remove its snapshots",
          async do({ input }) {
            for (const snapshot of core.snapshots.ofVolume(input.volumeId)) {
              const ref = { id: snapshot.id, volumeId: snapshot.volume_id };
              await withVolume(core, input.volumeId, (_volume, driver) =>
                core.locks.hold(`snapshot:${snapshot.id}`, () => driver.deleteSnapshot(ref)),
              );
              core.removeSnapshot(snapshot.id);
            }
          },
        },
        {
          name: "remove the volume",
          do: ({ input }) =>
            withVolume(core, input.volumeId, (volume, driver) =>
              core.locks.hold(`volume:${volume.id}`, () => driver.delete(volume)),
            ),
        },
      ],
      onDone({ input }) {
        const volume = core.volumes.get(input.volumeId);
        if (volume === undefined) return;
        for (const attachment of core.attachments.ofVolume(volume.id)) core.attachments.delete(attachment.id);
        core.removeVolume(volume.id);
      },
      onFailed({ input }) {
        if (core.volumes.get(input.volumeId) !== undefined) {
          core.setVolume(input.volumeId, { status: "error_deleting" });
        }
      },
    }),
    extend: operations.define<ExtendInput>({
      kind: "block-storage.volume.extend",
      steps: [
        {
          name: "ask whether the backend has room",
          do: async ({ input }) => {
            const volume = core.volumes.get(input.volumeId);
            if (volume === undefined) return;
            const extraSpecs = core.types.get(volume.type_id)?.extra_specs ?? {};
            await core.scheduler.check(volume.host, { extraSpecs, sizeGb: input.sizeGb - volume.size_gb });
          },
        },
        {
          name: "grow the volume",
          do: ({ input }) =>
            withVolume(core, input.volumeId, (volume, driver) =>
              core.locks.holdAll(keysOf(core, volume.id), () => driver.extend(volume, input.sizeGb * GIB)),
            ),
        },
      ],
      onDone({ input, requestId }) {
        const { volumeId, sizeGb } = input;
        finish(core, volumeId, { size_gb: sizeGb, growing_gb: 0 });
        const instanceIds = core.attachments.ofVolume(volumeId).flatMap(({ instance_id }) => instance_id ?? []);
        if (instanceIds.length > 0) {
          core.kernel.events.publish("block-storage.volume.extended", { volumeId, instanceIds, requestId });
        }
      },
      onFailed({ input, requestId }, error) {
        // No room: the volume is as good as before.
        const refused = isNoValidBackend(error);
        if (refused) finish(core, input.volumeId, { growing_gb: 0 });
        else fail(core, input.volumeId, "error_extending", { growing_gb: 0 });
        core.tellOfVolume(input.volumeId, requestId, "extendVolume", refused ? "noBackend" : "driverFailedExtend");
      },
    }),
    revert: operations.define<RevertInput>({
      kind: "block-storage.volume.revert",
      steps: [
        {
          name: "put the snapshot's contents back",
          do: ({ input }) =>
            withVolume(core, input.volumeId, (volume, driver) =>
              core.locks.holdAll(keysOf(core, volume.id), () =>
                driver.revert(volume, { id: input.snapshotId, volumeId: volume.id }),
              ),
            ),
        },
      ],
      onDone({ input }) {
        finish(core, input.volumeId, {});
        restored(core, input.snapshotId);
      },
      onFailed({ input }) {
        fail(core, input.volumeId, "error", {});
        restored(core, input.snapshotId);
      },
    }),
    upload: operations.define<UploadInput>({
      kind: "block-storage.volume.upload",
      steps: [
        {
          name: "write the image file and hand it over",
          do: ({ id, input, signal, requestId }) => upload(core, { id, input, signal, requestId }),
          undo: async ({ id, input, requestId }) => {
            await rm(conversionFile(core, id), { force: true });
            await removeImage(core, input.imageId, requestId);
          },
        },
      ],
      onDone: ({ input }) => finish(core, input.volumeId, {}),
      // The volume is as good as before.
      onFailed({ input, requestId }) {
        finish(core, input.volumeId, {});
        core.tellOfVolume(input.volumeId, requestId, "copyVolumeToImage", "uploadFailed");
      },
    }),
  };
}

/** The volume gets its place. Errors: NoValidBackend. */
async function place(core: Core, volumeId: string): Promise<void> {
  const volume = core.volumes.get(volumeId);
  if (volume === undefined || volume.host !== null) return;
  const extraSpecs = core.types.get(volume.type_id)?.extra_specs ?? {};
  const { pool } = await core.scheduler.choose({ extraSpecs, sizeGb: volume.size_gb });
  core.setVolume(volumeId, { host: pool });
}

/** As cinder tells it: only of what concerns images in their words. */
function whyNotMade(core: Core, { volumeId, source }: CreateInput, error: Error): [MessageAction, MessageDetail] {
  if (core.volumes.get(volumeId)?.host === null) return ["scheduleVolume", "noBackend"];
  if (source.kind !== "image") return ["createVolume", "driverFailedCreate"];
  const tooLarge = error instanceof VolumeDriverError && error.code === "no-space";
  return ["copyImageToVolume", tooLarge ? "noSpaceForImage" : "unknown"];
}

const isBeingMade = (status: VolumeStatus): boolean => status === "creating" || status === "downloading";

async function make(core: Core, { volumeId, source }: CreateInput): Promise<void> {
  await withVolume(core, volumeId, async (volume, driver) => {
    const bytes = volume.size_gb * GIB;
    switch (source.kind) {
      case "blank":
        return driver.create(volume, bytes);
      case "snapshot":
        return core.locks.hold(`snapshot:${source.id}`, () => driver.createFromSnapshot(volume, bytes, source));
      case "volume":
        return core.locks.hold(`volume:${source.id}`, () => driver.clone(volume, bytes, source));
      case "image": {
        const file = fileOf(core, source.id);
        if (volume.status === "creating") core.setVolume(volume.id, { status: "downloading" });
        return driver.createFromFile(volume, bytes, file);
      }
    }
  });
}

interface UploadRun {
  id: string;
  input: UploadInput;
  signal: AbortSignal;
  requestId: string;
}

async function upload(core: Core, { id, input, signal, requestId }: UploadRun): Promise<void> {
  const images = core.kernel.facade("image");
  // After a crash right after the hand-over there is nothing left to do.
  if (images.find(input.imageId)?.status === "active") return;
  const file = conversionFile(core, id);
  await mkdir(conversionDirectory(core), { recursive: true, mode: 0o700 });
  await rm(file, { force: true });
  await withVolume(core, input.volumeId, (volume, driver) =>
    core.locks.hold(`volume:${volume.id}`, () => driver.exportTo(volume, file, input.diskFormat)),
  );
  const { diskFormat, containerFormat, imageId } = input;
  await images.uploadFile(internalContext(requestId), imageId, file, { diskFormat, containerFormat }, { signal });
}

async function removeImage(core: Core, imageId: string, requestId: string): Promise<void> {
  await orNull(() => core.kernel.facade("image").delete(internalContext(requestId), imageId));
}

const conversionDirectory = (core: Core): string => join(core.kernel.settings.dataDir, "cinder", "conversion");
const conversionFile = (core: Core, operationId: string): string => join(conversionDirectory(core), operationId);

/** A thick logical volume goes off and on again with all its snapshots: none of them may be read meanwhile. */
const keysOf = (core: Core, volumeId: string): string[] => [
  `volume:${volumeId}`,
  ...core.snapshots.ofVolume(volumeId).map(({ id }) => `snapshot:${id}`),
];

/** Does nothing when the volume is gone, or never had a backend. */
export async function withVolume(
  core: Core,
  volumeId: string,
  body: (volume: Volume, driver: VolumeDriver) => Promise<void>,
): Promise<void> {
  const volume = core.volumes.get(volumeId);
  if (volume !== undefined && volume.host !== null) await body(volume, core.backends.driver(volume.host));
}

/** The snapshot that a volume went back to, or could not. */
function restored(core: Core, snapshotId: string): void {
  if (core.snapshots.get(snapshotId)?.status === "restoring") core.setSnapshot(snapshotId, { status: "available" });
}

/** Back to the status before. */
export function finish(core: Core, volumeId: string, changes: Parameters<Core["setVolume"]>[1]): void {
  const volume = core.volumes.get(volumeId);
  if (volume === undefined) return;
  // A deletion (forced) may have taken the volume over meanwhile.
  const status = volume.status === "deleting" ? {} : { status: volume.previous_status ?? "available" };
  core.setVolume(volumeId, { ...changes, ...status, previous_status: null });
}

/** The work failed; the volume is in an error state, unless a deletion has taken it over. */
export function fail(
  core: Core,
  volumeId: string,
  status: VolumeStatus,
  changes: Parameters<Core["setVolume"]>[1],
): void {
  const volume = core.volumes.get(volumeId);
  if (volume === undefined) return;
  core.setVolume(volumeId, { ...changes, ...(volume.status === "deleting" ? {} : { status }) });
}
