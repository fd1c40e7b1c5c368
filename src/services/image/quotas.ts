import { ApiError } from "../../kernel/errors.ts";
import type { QuotaResource } from "../../kernel/quota/quota.ts";
import type { ImageSettings } from "./settings.ts";
import type { ImageStore } from "./store/images.ts";

const MIB = 1024 * 1024;

/** Glance's four limits, which keystone's unified limits hold there; sizes in MiB. */
export function quotaResources(images: ImageStore, settings: ImageSettings): QuotaResource[] {
  const limit = (value: number): number => (settings.enableQuotas ? value : -1);
  return [
    {
      name: "image_size_total",
      defaultLimit: limit(settings.limitSizeTotalMb),
      count: (projectId) => Math.floor(images.use(projectId, "active", "deactivated").bytes / MIB),
    },
    {
      name: "image_stage_total",
      defaultLimit: limit(settings.limitSizeTotalMb),
      count: (projectId) => Math.floor(images.use(projectId, "uploading", "importing").bytes / MIB),
    },
    {
      name: "image_count_total",
      defaultLimit: limit(settings.limitCountTotal),
      count: (projectId) => images.use(projectId).images,
    },
    {
      name: "image_count_uploading",
      defaultLimit: limit(settings.limitCountUploading),
      count: (projectId) => images.use(projectId, "saving", "uploading", "importing").images,
    },
  ];
}

/** oslo.limit's words, with glance's status for them. */
export function overQuota(
  projectId: string,
  exceeded: { resource: string; limit: number; used: number; requested: number },
): ApiError {
  const { resource, limit, used, requested } = exceeded;
  return new ApiError(
    413,
    `Project ${projectId} is over a limit for [Resource ${resource} is over limit of ${limit} due to current usage ${used} and delta ${requested}]`,
  );
}
