import { ApiError, badRequest } from "../../../kernel/errors.ts";
import { mv } from "../../../kernel/http/microversion.ts";
import {
  type AnyRoute,
  type ApiRequest,
  caller,
  type JsonSchema,
  route,
  type Touched,
} from "../../../kernel/http/route.ts";
import type { VolumeInfo, VolumeSnapshotInfo } from "../../block-storage/facade.ts";
import { storageOf } from "../manager/bdm-check.ts";
import type { Core } from "../manager/core.ts";
import { boolean, metadata, object } from "../schemas/parameter-types.ts";
import { listByOffset } from "../schemas/queries.ts";
import { isTrue } from "../values/boolean.ts";
import { snapshotView, volumeView } from "../views/volumes.ts";
import { linkBase, pagedByOffset } from "./paths.ts";

const OLD = { max: mv("2.35") };
const text: JsonSchema = { type: "string" };
const volumeBody = object(
  {
    volume: object(
      {
        size: { type: ["integer", "string"], pattern: "^[0-9]+$", minimum: 1 },
        volume_type: text,
        metadata,
        snapshot_id: text,
        availability_zone: text,
        display_name: text,
        display_description: text,
      },
      ["size"],
    ),
  },
  ["volume"],
);
const snapshotBody = object(
  {
    snapshot: object({ volume_id: text, force: boolean, display_name: text, display_description: text }, ["volume_id"]),
  },
  ["snapshot"],
);

interface VolumeBody {
  volume: {
    size: number | string;
    volume_type?: string;
    metadata?: Record<string, string>;
    snapshot_id?: string;
    availability_zone?: string;
    display_name?: string;
    display_description?: string;
  };
}

interface SnapshotBody {
  snapshot: { volume_id: string; force?: boolean | string; display_name?: string; display_description?: string };
}

/** Volumes and their snapshots under nova's old names: os-volumes and os-snapshots, until 2.35. */
export function volumeProxyRoutes(core: Core): AnyRoute[] {
  const storage = () => storageOf(core);
  const page = <T>(request: ApiRequest<unknown>, all: readonly T[]) =>
    pagedByOffset(request, all, core.kernel.settings.compute.maxLimit);
  const base = { microversions: OLD, success: 200 } as const;
  const volume: Touched<VolumeInfo> = {
    kind: "volume",
    find: ({ context, param }) => storage().getVolume(context, param("id")),
    owner: ({ projectId }) => ({ projectId }),
  };
  const snapshot: Touched<VolumeSnapshotInfo> = {
    kind: "snapshot",
    find: ({ context, param }) => storage().getSnapshot(context, param("id")),
    owner: ({ projectId }) => ({ projectId }),
  };
  const volumes = (name: string, path: string) =>
    route({
      ...base,
      name: `volumes:${name}`,
      method: "GET",
      path,
      policy: `os_compute_api:os-volumes:${name}`,
      query: listByOffset,
      of: caller,
      handler: (request) => ({
        body: { volumes: page(request, storage().listVolumes(request.context)).map(volumeView) },
      }),
    });
  const snapshots = (name: string, path: string) =>
    route({
      ...base,
      name: `snapshots:${name}`,
      method: "GET",
      path,
      policy: `os_compute_api:os-volumes:snapshots:${name}`,
      query: listByOffset,
      of: caller,
      handler: (request) => ({
        body: { snapshots: page(request, storage().listSnapshots(request.context)).map(snapshotView) },
      }),
    });
  return [
    volumes("list", "/os-volumes"),
    volumes("detail", "/os-volumes/detail"),
    route<VolumeBody>({
      ...base,
      name: "volumes:create",
      method: "POST",
      path: "/os-volumes",
      policy: "os_compute_api:os-volumes:create",
      of: caller,
      request: volumeBody,
      handler(request) {
        const { context, body } = request;
        const { volume } = body;
        const created = inNovasWords(() =>
          storage().createVolume(context, {
            sizeGb: Number(volume.size),
            name: volume.display_name ?? null,
            description: volume.display_description ?? null,
            snapshotId: volume.snapshot_id ?? null,
            volumeType: volume.volume_type ?? null,
            availabilityZone: volume.availability_zone ?? null,
            metadata: volume.metadata ?? {},
          }),
        );
        const location = `${linkBase(request)}/os-volumes/${created.id}`;
        return { body: { volume: volumeView(created) }, headers: { location } };
      },
    }),
    route({
      ...base,
      name: "volumes:show",
      method: "GET",
      path: "/os-volumes/:id",
      policy: "os_compute_api:os-volumes:show",
      of: volume,
      handler: (request) => ({
        body: { volume: volumeView(request.thing) },
      }),
    }),
    route({
      ...base,
      name: "volumes:delete",
      method: "DELETE",
      path: "/os-volumes/:id",
      policy: "os_compute_api:os-volumes:delete",
      of: volume,
      success: 202,
      handler(request) {
        const { id } = request.thing;
        inNovasWords(() => storage().deleteVolume(request.context, id));
        return {};
      },
    }),
    snapshots("list", "/os-snapshots"),
    snapshots("detail", "/os-snapshots/detail"),
    route<SnapshotBody>({
      ...base,
      name: "snapshots:create",
      method: "POST",
      path: "/os-snapshots",
      policy: "os_compute_api:os-volumes:snapshots:create",
      of: caller,
      request: snapshotBody,
      handler({ context, body: { snapshot } }) {
        const { id, status } = storage().getVolume(context, snapshot.volume_id);
        if (!isTrue(snapshot.force) && status !== "available") {
          throw badRequest(`Invalid volume: Volume ${id} status must be available, but current status is: ${status}.`);
        }
        const created = inNovasWords(() =>
          storage().createSnapshot(context, id, {
            name: snapshot.display_name ?? "",
            ...(snapshot.display_description === undefined ? {} : { description: snapshot.display_description }),
          }),
        );
        return { body: { snapshot: snapshotView(created) } };
      },
    }),
    route({
      ...base,
      name: "snapshots:show",
      method: "GET",
      path: "/os-snapshots/:id",
      policy: "os_compute_api:os-volumes:snapshots:show",
      of: snapshot,
      handler: (request) => ({
        body: { snapshot: snapshotView(request.thing) },
      }),
    }),
    route({
      ...base,
      name: "snapshots:delete",
      method: "DELETE",
      path: "/os-snapshots/:id",
      policy: "os_compute_api:os-volumes:snapshots:delete",
      of: snapshot,
      success: 202,
      handler(request) {
        const { id } = request.thing;
        inNovasWords(() => storage().deleteSnapshot(request.context, id));
        return {};
      },
    }),
  ];
}

/** nova says 403 where cinder says 413: over quota. */
function inNovasWords<T>(body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof ApiError && error.status === 413) throw new ApiError(403, error.message);
    throw error;
  }
}
