import { badRequest } from "../../../kernel/errors.ts";
import { bareAnswer } from "../../../kernel/http/families.ts";
import { mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, type ApiRequest, caller, ofProject, route } from "../../../kernel/http/route.ts";
import { inSlices, READ_SLICE } from "../../../kernel/turns/slices.ts";
import { snapshotNotFound } from "../errors.ts";
import type { Core } from "../manager/core.ts";
import { equals, ITS_VOLUME, SNAPSHOT_COLUMNS } from "../manager/lists.ts";
import type { SnapshotManager } from "../manager/snapshots.ts";
import { isTrue } from "../schemas/parameter-types.ts";
import {
  type CreateSnapshotBody,
  createSnapshot,
  forceDelete,
  resetStatus,
  type UpdateSnapshotBody,
  updateSnapshot,
  updateStatus,
} from "../schemas/snapshots.ts";
import type { SnapshotRow } from "../store/snapshots.ts";
import { snapshotDetail, snapshotSummary } from "../views/snapshots.ts";
import { consumesQuota, dictionary, host } from "./filters.ts";
import { type Listing, listRequest, nextLinks, page } from "./listing.ts";

const FORCE_IS_GONE =
  "Since microversion 3.66 the 'force' flag is invalid for this request.  For backward compatability, however, when the 'force' " +
  "flag is passed with a value evaluating to True, it is silently ignored.";

export const snapshotListing: Listing = {
  columns: SNAPSHOT_COLUMNS,
  filters: ["name", "status", "volume_id", "metadata", "availability_zone", "consumes_quota"],
  filtersBefore: ["name", "status", "volume_id", "metadata"],
  since: { metadata: mv("3.22"), consumes_quota: mv("3.31") },
  strictSince: mv("3.31"),
  sortSince: { name: mv("3.30") },
  project: "project_id",
  allTenants: "text",
  counts: true,
  literal: false,
  special: {
    metadata: dictionary("metadata"),
    consumes_quota: consumesQuota,
    host: host(ITS_VOLUME.host),
    availability_zone: (value) => equals(ITS_VOLUME.zone, value),
  },
};

export function snapshotRoutes(core: Core, snapshots: SnapshotManager): AnyRoute[] {
  const { maxLimit } = core.kernel.settings.blockStorage;
  const snapshot = ofProject<SnapshotRow>("snapshot", ({ context, param }) =>
    snapshots.get(context, param("snapshot_id")),
  );
  const view = (request: ApiRequest) => ({ version: request.microversion });

  const listed = (name: string, path: string, show: (row: SnapshotRow, request: ApiRequest) => unknown) =>
    route({
      name: `snapshots:${name}`,
      method: "GET",
      path,
      policy: "volume:get_all_snapshots",
      of: caller,
      success: 200,
      async handler(request) {
        const wanted = listRequest(request, snapshotListing, maxLimit);
        const { rows, next, total } = await page(wanted, {
          table: core.snapshots,
          has: (id) => core.finds(() => core.snapshot(request.context, id)),
          missing: snapshotNotFound,
        });
        const links = nextLinks(request, "snapshots", path, next);
        const shown = await inSlices(rows, request.pause, (slice) => slice.map((row) => show(row, request)));
        const body = { snapshots: shown, ...links, ...(wanted.counted ? { count: total } : {}) };
        return { body, isLong: shown.length > READ_SLICE };
      },
    });

  return [
    route<CreateSnapshotBody>({
      name: "snapshots:create",
      method: "POST",
      path: "/snapshots",
      policy: "volume:create_snapshot",
      of: caller,
      request: createSnapshot,
      success: 202,
      handler(request) {
        const body = request.body.snapshot;
        const inUseAnyway = request.microversion >= mv("3.66");
        if (inUseAnyway && body.force !== undefined && !isTrue(body.force)) {
          core.volume(request.context, body.volume_id ?? "None");
          throw badRequest(FORCE_IS_GONE);
        }
        const snapshot = snapshots.create(request.context, body.volume_id ?? "None", {
          name: (body.name ?? body.display_name)?.trim() ?? null,
          description: body.description?.trim() ?? null,
          metadata: body.metadata ?? {},
          inUse: inUseAnyway || isTrue(body.force),
        });
        return { body: { snapshot: snapshotSummary(snapshot, view(request)) } };
      },
    }),
    listed("list", "/snapshots", (row, request) => snapshotSummary(row, view(request))),
    listed("detail", "/snapshots/detail", (row, request) => snapshotDetail(row, view(request))),
    route({
      name: "snapshots:show",
      method: "GET",
      path: "/snapshots/:snapshot_id",
      policy: "volume:get_snapshot",
      of: snapshot,
      success: 200,
      handler: (request) => ({ body: { snapshot: snapshotDetail(request.thing, view(request)) } }),
    }),
    route<UpdateSnapshotBody, SnapshotRow>({
      name: "snapshots:update",
      method: "PUT",
      path: "/snapshots/:snapshot_id",
      policy: "volume:update_snapshot",
      of: snapshot,
      request: updateSnapshot,
      success: 200,
      handler(request) {
        const { id } = request.thing;
        const { name, display_name, description, display_description } = request.body.snapshot;
        const newName = name ?? display_name;
        const newDescription = description ?? display_description;
        const snapshot = snapshots.update(request.context, id, {
          ...(newName === undefined ? {} : { name: newName?.trim() ?? null }),
          ...(newDescription === undefined ? {} : { description: newDescription?.trim() ?? null }),
        });
        return { body: { snapshot: snapshotSummary(snapshot, view(request)) } };
      },
    }),
    route({
      name: "snapshots:delete",
      method: "DELETE",
      path: "/snapshots/:snapshot_id",
      policy: "volume:delete_snapshot",
      of: snapshot,
      success: 202,
      handler(request) {
        snapshots.delete(request.context, request.thing.id);
        return bareAnswer;
      },
    }),
    route<{ "os-reset_status": { status: string } }, SnapshotRow>({
      name: "snapshots:os-reset_status",
      method: "POST",
      path: "/snapshots/:snapshot_id/action",
      action: "os-reset_status",
      policy: "volume_extension:snapshot_admin_actions:reset_status",
      of: snapshot,
      request: resetStatus,
      success: 202,
      handler(request) {
        snapshots.setStatus(request.context, request.thing.id, request.body["os-reset_status"].status, null);
        return undefined;
      },
    }),
    route<{ "os-update_snapshot_status": { status: string; progress?: string | null } }, SnapshotRow>({
      name: "snapshots:os-update_snapshot_status",
      method: "POST",
      path: "/snapshots/:snapshot_id/action",
      action: "os-update_snapshot_status",
      policy: "snapshot_extension:snapshot_actions:update_snapshot_status",
      of: snapshot,
      request: updateStatus,
      success: 202,
      handler(request) {
        const { status, progress } = request.body["os-update_snapshot_status"];
        snapshots.report(request.context, request.thing.id, status, progress ?? null);
        return bareAnswer;
      },
    }),
    route({
      name: "snapshots:os-force_delete",
      method: "POST",
      path: "/snapshots/:snapshot_id/action",
      action: "os-force_delete",
      policy: "volume_extension:snapshot_admin_actions:force_delete",
      of: snapshot,
      request: forceDelete,
      success: 202,
      handler(request) {
        snapshots.delete(request.context, request.thing.id, { force: true });
        return undefined;
      },
    }),
  ];
}
