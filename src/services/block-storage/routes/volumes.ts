import { projectOf } from "../../../kernel/auth/context.ts";
import { badRequest, notFound, notImplemented } from "../../../kernel/errors.ts";
import { bareAnswer } from "../../../kernel/http/families.ts";
import { mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, type ApiRequest, caller, route } from "../../../kernel/http/route.ts";
import { inSlices, READ_SLICE } from "../../../kernel/turns/slices.ts";
import { volumeNotFound } from "../errors.ts";
import type { Core } from "../manager/core.ts";
import { METADATA_OF_ALL, NO_GROUP, VOLUME_COLUMNS } from "../manager/lists.ts";
import type { VolumeManager } from "../manager/volumes.ts";
import { isTrue } from "../schemas/parameter-types.ts";
import {
  type CreateVolumeBody,
  createVolume,
  revertVolume,
  type UpdateVolumeBody,
  updateVolume,
} from "../schemas/volumes.ts";
import type { Volume } from "../store/volumes.ts";
import { volumeDetail, volumeSummary } from "../views/volumes.ts";
import { consumesQuota, dictionary, flag, host, plain, time } from "./filters.ts";
import { booleanOf, type Listing, listRequest, nextLinks, page } from "./listing.ts";
import { viewOf } from "./paths.ts";
import { volumeOf } from "./touched.ts";

const SINCE_FILTERS = mv("3.31");

export const volumeListing: Listing = {
  columns: VOLUME_COLUMNS,
  filters: [
    "name",
    "status",
    "metadata",
    "bootable",
    "migration_status",
    "availability_zone",
    "group_id",
    "size",
    "created_at",
    "updated_at",
    "consumes_quota",
  ],
  since: {
    glance_metadata: mv("3.4"),
    group_id: mv("3.10"),
    // Documented since 3.60 and 3.65, and heard as soon as filters are configured.
    created_at: SINCE_FILTERS,
    updated_at: SINCE_FILTERS,
    consumes_quota: SINCE_FILTERS,
  },
  strictSince: SINCE_FILTERS,
  project: "project_id",
  allTenants: "boolean",
  counts: true,
  special: {
    metadata: dictionary(METADATA_OF_ALL),
    glance_metadata: dictionary("image_metadata"),
    bootable: flag("bootable", "bootable"),
    multiattach: flag("multiattach", "multiattach"),
    // Every volume counts.
    group_id: (value) => plain(NO_GROUP, value),
    consumes_quota: consumesQuota,
    host: host("host"),
    created_at: time("created_at"),
    updated_at: time("updated_at"),
  },
};

export function volumeRoutes(core: Core, volumes: VolumeManager): AnyRoute[] {
  const { maxLimit } = core.kernel.settings.blockStorage;
  const detailOf = (request: ApiRequest, volume: Volume, options: { extended: boolean }) =>
    volumeDetail(volume, core.attachments.ofVolume(volume.id), viewOf(request), options);

  const list = async (request: ApiRequest, path: string) => {
    const wanted = listRequest(request, volumeListing, maxLimit);
    const found = await page(wanted, {
      table: core.volumes,
      has: (id) => core.finds(() => core.volume(request.context, id)),
      missing: volumeNotFound,
    });
    const count = wanted.counted ? { count: found.total } : {};
    return { ...found, extra: { ...nextLinks(request, "volumes", path, found.next), ...count } };
  };

  const volume = volumeOf(volumes);
  return [
    route<CreateVolumeBody>({
      name: "volumes:create",
      method: "POST",
      path: "/volumes",
      policy: "volume:create",
      of: caller,
      request: createVolume,
      success: 202,
      handler(request) {
        const projectId = projectOf(request.context);
        const body = request.body.volume;
        if (isTrue(body.multiattach)) {
          throw badRequest(
            "multiattach parameter has been removed. The default behavior is to use multiattach enabled volume types. " +
              "Contact your administrator to create a multiattach enabled volume type and use it to create multiattach volumes.",
          );
        }
        if (body.backup_id && request.microversion >= mv("3.47")) throw notImplemented("Backups are not offered.");
        if (body.group_id && request.microversion >= mv("3.13")) throw notImplemented("Volume groups are not offered.");
        if (body.consistencygroup_id) throw notImplemented("Consistency groups are not offered.");
        const volume = volumes.create(request.context, projectId, {
          sizeGb: body.size === undefined || body.size === null ? null : Number(body.size),
          name: trimmed(body.name ?? body.display_name),
          description: trimmed(body.description ?? body.display_description),
          imageId: body.imageRef ?? body.image_id ?? null,
          snapshotId: body.snapshot_id ?? null,
          sourceVolumeId: body.source_volid ?? null,
          volumeType: body.volume_type ?? null,
          availabilityZone: body.availability_zone ?? null,
          metadata: body.metadata ?? {},
        });
        return { body: { volume: volumeDetail(volume, [], viewOf(request), { extended: false }) } };
      },
    }),
    route({
      name: "volumes:list",
      method: "GET",
      path: "/volumes",
      policy: "volume:get_all",
      of: caller,
      success: 200,
      async handler(request) {
        const { rows, extra } = await list(request, "/volumes");
        const view = viewOf(request);
        const shown = (slice: readonly Volume[]) => slice.map((volume) => volumeSummary(volume, view));
        const volumes = await inSlices(rows, request.pause, shown);
        return { body: { volumes, ...extra }, isLong: volumes.length > READ_SLICE };
      },
    }),
    route({
      name: "volumes:detail",
      method: "GET",
      path: "/volumes/detail",
      policy: "volume:get_all",
      of: caller,
      success: 200,
      async handler(request) {
        const { rows, extra } = await list(request, "/volumes/detail");
        const view = viewOf(request);
        const shown = (slice: readonly Volume[]) => {
          const attached = core.attachments.byVolume(slice.map(({ id }) => id));
          return slice.map((volume) => volumeDetail(volume, attached.get(volume.id) ?? [], view, { extended: true }));
        };
        const volumes = await inSlices(rows, request.pause, shown);
        return { body: { volumes, ...extra }, isLong: volumes.length > READ_SLICE };
      },
    }),
    route({
      name: "volumes:summary",
      method: "GET",
      path: "/volumes/summary",
      policy: "volume:get_all",
      of: caller,
      microversions: { min: mv("3.12") },
      success: 200,
      handler(request) {
        const { context, query } = request;
        const everywhere = booleanOf("all_tenants", query.get("all_tenants")) && context.isAdmin;
        const found = core.volumes.summary(everywhere ? null : (context.projectId ?? ""));
        const summary = { total_count: found.count, total_size: found.gigabytes };
        const metadata = request.microversion >= mv("3.36") ? { metadata: found.metadata } : {};
        return { body: { "volume-summary": { ...summary, ...metadata } } };
      },
    }),
    route({
      name: "volumes:show",
      method: "GET",
      path: "/volumes/:volume_id",
      policy: "volume:get",
      of: volume,
      success: 200,
      handler: (request) => ({ body: { volume: detailOf(request, request.thing, { extended: true }) } }),
    }),
    route<UpdateVolumeBody, Volume>({
      name: "volumes:update",
      method: "PUT",
      path: "/volumes/:volume_id",
      policy: "volume:update",
      of: volume,
      request: updateVolume,
      success: 200,
      handler(request) {
        const { id } = request.thing;
        const { name, display_name, description, display_description, metadata } = request.body.volume;
        const newName = name ?? display_name;
        const newDescription = description ?? display_description;
        const volume = volumes.update(request.context, id, {
          ...(newName === undefined ? {} : { name: trimmed(newName) }),
          ...(newDescription === undefined ? {} : { description: trimmed(newDescription) }),
          ...(metadata === undefined ? {} : { metadata: metadata }),
        });
        return { body: { volume: detailOf(request, volume, { extended: false }) } };
      },
    }),
    route({
      name: "volumes:delete",
      method: "DELETE",
      path: "/volumes/:volume_id",
      policy: "volume:delete",
      of: volume,
      success: 202,
      handler(request) {
        const { id, project_id } = request.thing;
        const cascade = booleanOf("cascade", request.query.get("cascade"));
        const force = request.microversion >= mv("3.23") && booleanOf("force", request.query.get("force"));
        if (force) request.authorize({ projectId: project_id }, "volume:force_delete");
        volumes.delete(request.context, id, { cascade, force });
        return bareAnswer;
      },
    }),
    // An empty id is not the list: "GET /volumes/" is nothing.
    ...(["GET", "PUT", "DELETE"] as const).map((method) =>
      route({
        name: `volumes:no-id-${method.toLowerCase()}`,
        method,
        path: "/volumes/",
        policy: "volume:get_all",
        of: caller,
        success: 200,
        handler() {
          throw notFound("The resource could not be found.");
        },
      }),
    ),
    route<{ revert: { snapshot_id?: string | null } }, Volume>({
      name: "volumes:revert",
      method: "POST",
      path: "/volumes/:volume_id/action",
      action: "revert",
      policy: "volume:revert_to_snapshot",
      of: volume,
      microversions: { min: mv("3.40") },
      request: revertVolume,
      success: 202,
      handler(request) {
        volumes.revert(request.context, request.thing.id, request.body.revert.snapshot_id ?? null);
        return undefined;
      },
    }),
  ];
}

const trimmed = (text: string | null | undefined): string | null => text?.trim() ?? null;
