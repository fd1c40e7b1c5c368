import { mv } from "../../../kernel/http/microversion.ts";
import {
  type AnyRoute,
  type ApiRequest,
  caller,
  type JsonSchema,
  route,
  type Touched,
} from "../../../kernel/http/route.ts";
import type { Core } from "../manager/core.ts";
import { boolean, metadata, object } from "../schemas/parameter-types.ts";
import { listByOffset } from "../schemas/queries.ts";
import { isTrue } from "../values/boolean.ts";
import { type CinderSnapshot, type CinderVolume, snapshotView, volumeView } from "../views/volumes.ts";
import { askBlockStorage } from "./asking.ts";
import { pagedByOffset } from "./paging.ts";
import { linkBase } from "./paths.ts";

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
  const ask = askBlockStorage(core);
  const page = <T>(request: ApiRequest, all: readonly T[]) =>
    pagedByOffset(request, all, core.kernel.settings.compute.maxLimit);
  const base = { microversions: OLD, success: 200 } as const;
  const volumeOf = async ({ context }: Pick<ApiRequest, "context">, id: string): Promise<CinderVolume> => {
    const input = { params: { volume_id: id } };
    return (await ask<{ volume: CinderVolume }>(context, "volumes:show", input)).volume;
  };
  const snapshotOf = async ({ context }: Pick<ApiRequest, "context">, id: string): Promise<CinderSnapshot> => {
    const input = { params: { snapshot_id: id } };
    return (await ask<{ snapshot: CinderSnapshot }>(context, "snapshots:show", input)).snapshot;
  };
  /** All pages: the old lists page by offset over the whole. */
  const all = async <T extends { id: string }>({ context }: ApiRequest, key: string): Promise<T[]> => {
    const found: T[] = [];
    for (let marker: string | undefined; ; marker = found.at(-1)?.id) {
      const query: Record<string, string> = marker === undefined ? {} : { marker };
      const body = await ask<Record<string, T[] | undefined>>(context, `${key}:detail`, { query });
      found.push(...(body[key] ?? []));
      if (body[`${key}_links`] === undefined) return found;
    }
  };
  const volume: Touched<CinderVolume> = {
    kind: "volume",
    find: (lookup) => volumeOf(lookup, lookup.param("id")),
    owner: (shown) => ({ projectId: shown["os-vol-tenant-attr:tenant_id"] ?? null }),
  };
  const snapshot: Touched<CinderSnapshot> = {
    kind: "snapshot",
    find: (lookup) => snapshotOf(lookup, lookup.param("id")),
    owner: (shown) => ({ projectId: shown["os-extended-snapshot-attributes:project_id"] ?? null }),
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
      handler: async (request) => ({
        body: { volumes: page(request, await all<CinderVolume>(request, "volumes")).map(volumeView) },
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
      handler: async (request) => ({
        body: { snapshots: page(request, await all<CinderSnapshot>(request, "snapshots")).map(snapshotView) },
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
      async handler(request) {
        const { context } = request;
        const wanted = request.body.volume;
        // One that is not there is told of as such, and not as a wrong volume.
        if (wanted.snapshot_id !== undefined) await snapshotOf(request, wanted.snapshot_id);
        const volume = {
          size: Number(wanted.size),
          name: wanted.display_name ?? null,
          description: wanted.display_description ?? null,
          snapshot_id: wanted.snapshot_id ?? null,
          volume_type: wanted.volume_type ?? null,
          availability_zone: wanted.availability_zone ?? null,
          metadata: wanted.metadata ?? {},
        };
        const created = await ask<{ volume: CinderVolume }>(context, "volumes:create", { body: { volume } });
        const location = `${linkBase(request)}/os-volumes/${created.volume.id}`;
        return { body: { volume: volumeView(created.volume) }, headers: { location } };
      },
    }),
    route({
      ...base,
      name: "volumes:show",
      method: "GET",
      path: "/os-volumes/:id",
      policy: "os_compute_api:os-volumes:show",
      of: volume,
      handler: ({ thing }) => ({ body: { volume: volumeView(thing) } }),
    }),
    route({
      ...base,
      name: "volumes:delete",
      method: "DELETE",
      path: "/os-volumes/:id",
      policy: "os_compute_api:os-volumes:delete",
      of: volume,
      success: 202,
      async handler({ context, thing }) {
        await ask(context, "volumes:delete", { params: { volume_id: thing.id } });
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
      async handler({ context, body: { snapshot: wanted } }) {
        const snapshot = {
          volume_id: wanted.volume_id,
          force: isTrue(wanted.force),
          name: wanted.display_name ?? null,
          description: wanted.display_description ?? null,
        };
        const created = await ask<{ snapshot: CinderSnapshot }>(context, "snapshots:create", { body: { snapshot } });
        return { body: { snapshot: snapshotView(created.snapshot) } };
      },
    }),
    route({
      ...base,
      name: "snapshots:show",
      method: "GET",
      path: "/os-snapshots/:id",
      policy: "os_compute_api:os-volumes:snapshots:show",
      of: snapshot,
      handler: ({ thing }) => ({ body: { snapshot: snapshotView(thing) } }),
    }),
    route({
      ...base,
      name: "snapshots:delete",
      method: "DELETE",
      path: "/os-snapshots/:id",
      policy: "os_compute_api:os-volumes:snapshots:delete",
      of: snapshot,
      success: 202,
      async handler({ context, thing }) {
        await ask(context, "snapshots:delete", { params: { snapshot_id: thing.id } });
        return {};
      },
    }),
  ];
}
