import { ApiError, badRequest, conflict, notFound } from "../../kernel/errors.ts";
import { computeEnvelope, family, webobErrors } from "../../kernel/http/families.ts";
import { mv } from "../../kernel/http/microversion.ts";
import type { QuotaExceeded } from "../../kernel/quota/quota.ts";

/** The versions this API speaks: Zed's. */
export const MIN_VERSION = mv("3.0");
export const MAX_VERSION = mv("3.70");

/**
 * cinder takes the first part of the header with "volume" in it, as "volumev3 3.27"; a header without one is refused
 * (cinder/api/openstack/wsgi.py `set_api_version_request`).
 */
function anyVolumeService(parts: readonly string[]): string {
  const [, version, ...more] =
    parts
      .find((part) => part.includes("volume"))
      ?.trim()
      .split(/\s+/) ?? [];
  if (version !== undefined && more.length === 0) return version;
  throw badRequest("The server could not comply with the request since it is either malformed or otherwise incorrect.");
}

/** How cinder words its errors: nova's envelope. */
export const blockStorageApi = family({
  renderError: computeEnvelope,
  microversions: {
    service: "volume",
    min: MIN_VERSION,
    max: MAX_VERSION,
    fallback: MIN_VERSION,
    partOf: anyVolumeService,
  },
  unrouted: webobErrors,
  emptyContentType: "application/json",
  requestIdHeaders: ["x-openstack-request-id", "x-compute-request-id"],
  trailingSlash: false,
  formatSuffix: true,
});

// cinder/exception.py; the class of an error gives its prefix.
export const invalidInput = (reason: string) => badRequest(`Invalid input received: ${reason}`);
export const invalidVolume = (reason: string) => badRequest(`Invalid volume: ${reason}`);
export const invalidSnapshot = (reason: string) => badRequest(`Invalid snapshot: ${reason}`);
export const volumeNotFound = (id: string) => notFound(`Volume ${id} could not be found.`);
export const snapshotNotFound = (id: string) => notFound(`Snapshot ${id} could not be found.`);
export const typeNotFound = (id: string) => notFound(`Volume type ${id} could not be found.`);
export const typeNotFoundByName = (name: string) => notFound(`Volume type with name ${name} could not be found.`);
export const attachmentNotFound = (id: string) =>
  notFound(`Volume attachment could not be found with filter: attachment_id = ${id}.`);
export const messageNotFound = (id: string) => notFound(`Message ${id} could not be found.`);
export const metadataNotFound = (volumeId: string, key: string) =>
  notFound(`Volume ${volumeId} has no metadata with key ${key}.`);
export const snapshotMetadataNotFound = (snapshotId: string, key: string) =>
  notFound(`Snapshot ${snapshotId} has no metadata with key ${key}.`);
export const duplicate = (message: string) => conflict(message);

/** A quota that is used up: 413 with Retry-After, as cinder's QuotaError. */
function overLimit(message: string): ApiError {
  return new ApiError(413, message, { headers: { "retry-after": "0" } });
}

/** The error for the first thing that exceeds its quota. Per-type quotas are named `volumes_<type>`. */
export function quotaExceeded({ resource, limit, used, requested }: QuotaExceeded): ApiError {
  if (resource.startsWith("gigabytes")) {
    return overLimit(
      `VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed ${resource} quota. ` +
        `Requested ${requested}G, quota is ${limit}G and ${used}G has been consumed.`,
    );
  }
  if (resource.startsWith("snapshots")) {
    return overLimit(`SnapshotLimitExceeded: Maximum number of snapshots allowed (${limit}) exceeded`);
  }
  return overLimit(
    `VolumeLimitExceeded: Maximum number of volumes allowed (${limit}) exceeded for quota '${resource}'.`,
  );
}

export const volumeTooLarge = (sizeGb: number, limit: number) =>
  overLimit(`VolumeSizeExceedsLimit: Requested volume size ${sizeGb}G is larger than maximum allowed limit ${limit}G.`);
