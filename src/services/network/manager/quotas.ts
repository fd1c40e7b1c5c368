import { notFound } from "../../../kernel/errors.ts";
import type { Core } from "./core.ts";

/** Limits of a project in place of the defaults; it is listed as long as it has any. */
export function setProjectQuotas(
  { kernel, quotas, store }: Core,
  projectId: string,
  limits: Readonly<Record<string, number>>,
): void {
  kernel.db.transaction(() => {
    quotas.setAll(projectId, limits);
    store.quotaProjects.add(projectId);
  });
}

/** Back to the defaults. Errors: 404 for a project that has them. */
export function resetProjectQuotas({ kernel, quotas, store }: Core, projectId: string): void {
  kernel.db.transaction(() => {
    if (!store.quotaProjects.has(projectId)) {
      throw notFound(`Quota for tenant ${projectId} could not be found.`, { type: "TenantQuotaNotFound" });
    }
    quotas.reset(projectId);
    store.quotaProjects.delete(projectId);
  });
}
