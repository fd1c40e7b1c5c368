import { badRequest } from "../errors.ts";
import type { Managers } from "../manager/index.ts";
import { versionListing } from "../manager/version-listing.ts";
import type { ContainerRow } from "../store/containers.ts";
import type { ListQuery } from "../values/listing.ts";
import { stampOf, timestampOf } from "../values/stamps.ts";
import { objectEntry } from "../views/listings.ts";

/** `?versions`: JSON, whatever was asked for. Errors: 400. */
export function listVersions(
  { core }: Managers,
  container: ContainerRow,
  query: ListQuery,
  versionMarker: string | null,
): string {
  if (versionMarker !== null && (query.marker ?? "") === "") throw badRequest("version_marker param requires marker");
  const stamp = versionMarker === null ? null : versionStamp(versionMarker);
  const listed = versionListing(core.objects, container.id, query, stamp === "null" ? null : stamp);
  return JSON.stringify(
    listed.map((entry) =>
      "subdir" in entry
        ? entry
        : {
            ...objectEntry(entry),
            ...(entry.marker ? { content_type: "application/x-deleted;swift_versions_deleted=1" } : {}),
            is_latest: entry.latest,
            version_id: container.versioning === "off" ? "null" : timestampOf(entry.stamp),
          },
    ),
  );
}

/** Errors: 400. */
export function versionStamp(id: string): number | "null" {
  if (id === "null") return "null";
  const stamp = stampOf(id);
  if (stamp === null)
    throw badRequest("Invalid version parameter", "InvalidArgument", { "content-type": "text/plain" });
  return stamp;
}
