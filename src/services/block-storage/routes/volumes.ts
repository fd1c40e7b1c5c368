import { badRequest, notFound, notImplemented } from "../../../kernel/errors.ts";
import { bareAnswer } from "../../../kernel/http/families.ts";
import { mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, type ApiRequest, route } from "../../../kernel/http/route.ts";
import { invalidInput, volumeNotFound } from "../errors.ts";
import { VOLUME_COLUMNS } from "../manager/columns.ts";
import type { Core } from "../manager/core.ts";
import type { VolumeManager } from "../manager/volumes.ts";
import { isTrue, isTrueText } from "../schemas/common.ts";
import {
  type CreateVolumeBody,
  createVolume,
  revertVolume,
  type UpdateVolumeBody,
  updateVolume,
} from "../schemas/volumes.ts";
import type { Volume } from "../store/volumes.ts";
import { volumeDetail, volumeSummary } from "../views/volumes.ts";
import { type Listing, listQuery, metadataFilter, nextLinks, page } from "./listing.ts";
import { projectOf, viewOf } from "./paths.ts";

type AnyRequest = ApiRequest<never> | ApiRequest<unknown>;

const listing: Listing = {
  columns: VOLUME_COLUMNS,
  project: "v.project_id",
  filters: [
    "name",
    "display_name",
    "description",
    "status",
    "id",
    "size",
    "availability_zone",
    "volume_type_id",
    "volume_type",
    "host",
    "user_id",
    "snapshot_id",
    "source_volid",
    "attach_status",
    "migration_status",
  ],
  sortKeys: [
    "id",
    "name",
    "display_name",
    "status",
    "size",
    "host",
    "availability_zone",
    "bootable",
    "created_at",
    "updated_at",
    "project_id",
    "volume_type_id",
  ],
  special: {
    metadata: (value) => metadataFilter("v.metadata", value),
    glance_metadata: (value, request) =>
      request.microversion >= mv("3.4") ? metadataFilter("v.image_metadata", value) : null,
    bootable: bootableFilter,
    multiattach: (value) => ({ sql: "v.multiattach = ?", params: [isTrueText(value) ? 1 : 0] }),
    // There are no groups, and every volume counts.
    group_id: (_value, request) => (request.microversion >= mv("3.10") ? { sql: "0", params: [] } : null),
    consumes_quota: (value, request) =>
      request.microversion >= mv("3.65") ? { sql: isTrueText(value) ? "1" : "0", params: [] } : null,
    created_at: (value, request) => timeFilter("v.created_at", value, request),
    updated_at: (value, request) => timeFilter("v.updated_at", value, request),
  },
};

/** Before 3.2 everything but "false" meant bootable ones. */
function bootableFilter(value: string, request: AnyRequest) {
  const falsy = ["false", "f", "0"].includes(value.toLowerCase());
  const truthy = ["true", "t", "1"].includes(value.toLowerCase());
  if (request.microversion >= mv("3.2") && !falsy && !truthy) throw invalidInput(`'bootable = ${value}'`);
  return { sql: "v.bootable = ?", params: [falsy ? 0 : 1] };
}

const TIME_OPERATORS: Readonly<Record<string, string>> = {
  gt: ">",
  gte: ">=",
  eq: "=",
  neq: "<>",
  lt: "<",
  lte: "<=",
};

/** `gt:2026-01-02T03:04:05,lt:…` since 3.60. */
function timeFilter(column: string, value: string, request: AnyRequest) {
  if (request.microversion < mv("3.60")) return null;
  const parts = value.split(",").map((part) => {
    const [, operator = "", text = ""] = /^([a-z]*):(.*)$/.exec(part) ?? [];
    const sql = Object.hasOwn(TIME_OPERATORS, operator) ? TIME_OPERATORS[operator] : undefined;
    if (sql === undefined) throw badRequest(`Invalid ${operator} operator`);
    const ms = Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
    if (Number.isNaN(ms)) throw badRequest(`Invalid ${text} value`);
    return { sql: `${column} ${sql} ?`, params: [ms] };
  });
  return { sql: parts.map(({ sql }) => sql).join(" AND "), params: parts.flatMap(({ params }) => params) };
}

export function volumeRoutes(core: Core, volumes: VolumeManager): AnyRoute[] {
  const { maxLimit } = core.kernel.settings.blockStorage;
  const detailOf = (request: AnyRequest, volume: Volume, options: { extended: boolean }) =>
    volumeDetail(volume, core.attachments.ofVolume(volume.id), viewOf(request), options);

  const list = (request: AnyRequest, path: string) => {
    const found = page(request, core.volumes.list(listQuery(request, listing)), { maxLimit, missing: volumeNotFound });
    const counted = request.microversion >= mv("3.45") && isTrueText(request.query.get("with_count"));
    return {
      ...found,
      extra: { ...nextLinks(request, "volumes", path, found.next), ...(counted ? { count: found.total } : {}) },
    };
  };

  return [
    route<CreateVolumeBody>({
      name: "volumes:create",
      method: "POST",
      path: "/volumes",
      policy: "volume:create",
      request: createVolume,
      success: 202,
      handler(request) {
        const projectId = projectOf(request);
        request.authorize({ projectId });
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
      success: 200,
      handler(request) {
        const { rows, extra } = list(request, "/volumes");
        const view = viewOf(request);
        return { body: { volumes: rows.map((volume) => volumeSummary(volume, view)), ...extra } };
      },
    }),
    route({
      name: "volumes:detail",
      method: "GET",
      path: "/volumes/detail",
      policy: "volume:get_all",
      success: 200,
      handler(request) {
        const { rows, extra } = list(request, "/volumes/detail");
        const view = viewOf(request);
        const attached = core.attachments.byVolume(rows.map(({ id }) => id));
        const body = rows.map((volume) =>
          volumeDetail(volume, attached.get(volume.id) ?? [], view, { extended: true }),
        );
        return { body: { volumes: body, ...extra } };
      },
    }),
    route({
      name: "volumes:summary",
      method: "GET",
      path: "/volumes/summary",
      policy: "volume:get_all",
      microversions: { min: mv("3.12") },
      success: 200,
      handler(request) {
        const rows = core.volumes.list(listQuery(request, listing));
        const summary = {
          total_count: rows.length,
          total_size: rows.reduce((sum, { size_gb }) => sum + size_gb, 0),
        };
        const metadata = request.microversion >= mv("3.36") ? { metadata: distinctMetadata(rows) } : {};
        return { body: { "volume-summary": { ...summary, ...metadata } } };
      },
    }),
    route({
      name: "volumes:show",
      method: "GET",
      path: "/volumes/:volume_id",
      policy: "volume:get",
      success: 200,
      handler(request) {
        const volume = volumes.get(request.context, request.param("volume_id"));
        request.authorize({ projectId: volume.project_id });
        return { body: { volume: detailOf(request, volume, { extended: true }) } };
      },
    }),
    route<UpdateVolumeBody>({
      name: "volumes:update",
      method: "PUT",
      path: "/volumes/:volume_id",
      policy: "volume:update",
      request: updateVolume,
      success: 200,
      handler(request) {
        const id = request.param("volume_id");
        request.authorize({ projectId: volumes.get(request.context, id).project_id });
        const { name, display_name, description, display_description, metadata } = request.body.volume;
        const newName = name ?? display_name;
        const newDescription = description ?? display_description;
        const volume = volumes.update(request.context, id, {
          ...(newName === undefined ? {} : { name: trimmed(newName) }),
          ...(newDescription === undefined ? {} : { description: trimmed(newDescription) }),
          ...(metadata === undefined ? {} : { metadata: JSON.stringify(metadata) }),
        });
        return { body: { volume: detailOf(request, volume, { extended: false }) } };
      },
    }),
    route({
      name: "volumes:delete",
      method: "DELETE",
      path: "/volumes/:volume_id",
      policy: "volume:delete",
      success: 202,
      handler(request) {
        const id = request.param("volume_id");
        const target = { projectId: volumes.get(request.context, id).project_id };
        request.authorize(target);
        const force = request.microversion >= mv("3.23") && isTrueText(request.query.get("force"));
        if (force) request.authorize(target, "volume:force_delete");
        volumes.delete(request.context, id, { cascade: isTrueText(request.query.get("cascade")), force });
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
        success: 200,
        handler() {
          throw notFound("The resource could not be found.");
        },
      }),
    ),
    route<{ revert: { snapshot_id?: string | null } }>({
      name: "volumes:revert",
      method: "POST",
      path: "/volumes/:volume_id/action",
      action: "revert",
      policy: "volume:revert_to_snapshot",
      microversions: { min: mv("3.40") },
      request: revertVolume,
      success: 202,
      handler(request) {
        const id = request.param("volume_id");
        request.authorize({ projectId: volumes.get(request.context, id).project_id });
        volumes.revert(request.context, id, request.body.revert.snapshot_id ?? null);
        return undefined;
      },
    }),
  ];
}

const trimmed = (text: string | null | undefined): string | null => text?.trim() ?? null;

/** Every metadata key with all values it has somewhere. */
function distinctMetadata(rows: readonly Volume[]): Record<string, string[]> {
  const all = new Map<string, Set<string>>();
  for (const { metadata } of rows) {
    for (const [key, value] of Object.entries(JSON.parse(metadata) as Record<string, string>)) {
      all.set(key, (all.get(key) ?? new Set()).add(value));
    }
  }
  return Object.fromEntries([...all].map(([key, values]) => [key, [...values]]));
}
