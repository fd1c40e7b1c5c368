import { projectOf } from "../../../kernel/auth/context.ts";
import { badRequest } from "../../../kernel/errors.ts";
import { mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, caller, projectNamed, route } from "../../../kernel/http/route.ts";
import { DEFAULT_CLASS, type Quotas } from "../../../kernel/quota/quota.ts";
import type { Core } from "../manager/core.ts";
import { type QuotaClassBody, type QuotaSetBody, updateQuotaClass, updateQuotas } from "../schemas/administration.ts";
import { booleanOf } from "./listing.ts";

/** Quotas of projects, their defaults, and the limits a project reads about itself. */
export function quotaRoutes(core: Core): AnyRoute[] {
  const usage = (quotas: Quotas, projectId: string) =>
    Object.fromEntries(
      Object.entries(quotas.usage(projectId)).map(([name, { limit, used }]) => [
        name,
        { limit, in_use: used, reserved: 0 },
      ]),
    );
  /** Stores limits; a name that is none is refused. */
  const store = (scope: string, wanted: Readonly<Record<string, number | string>>, ignored: string) => {
    const quotas = core.quotas();
    const entries = Object.entries(wanted).filter(([name]) => name !== ignored && name !== "force" && name !== "id");
    const unknown = entries.filter(([name]) => !quotas.has(name)).map(([name]) => name);
    if (unknown.length > 0) throw badRequest(`Bad key(s) in quota set: ${unknown.join(", ")}`);
    quotas.setAll(scope, Object.fromEntries(entries.map(([name, limit]) => [name, Number(limit)])));
    return quotas;
  };

  return [
    route({
      name: "quotas:show",
      method: "GET",
      path: "/os-quota-sets/:quota_project_id",
      policy: "volume_extension:quotas:show",
      of: projectNamed("quota_project_id"),
      success: 200,
      handler(request) {
        const projectId = request.thing;
        const quotas = core.quotas();
        const values = booleanOf("usage", request.query.get("usage"))
          ? usage(quotas, projectId)
          : quotas.limits(projectId);
        return { body: { quota_set: { ...values, id: projectId } } };
      },
    }),
    route({
      name: "quotas:defaults",
      method: "GET",
      path: "/os-quota-sets/:quota_project_id/defaults",
      policy: "volume_extension:quotas:show",
      of: projectNamed("quota_project_id"),
      success: 200,
      handler(request) {
        const projectId = request.thing;
        return { body: { quota_set: { ...core.quotas().defaults(), id: projectId } } };
      },
    }),
    route<QuotaSetBody>({
      name: "quotas:update",
      method: "PUT",
      path: "/os-quota-sets/:quota_project_id",
      policy: "volume_extension:quotas:update",
      request: updateQuotas,
      success: 200,
      handler(request) {
        const projectId = request.param("quota_project_id");
        const quotas = store(projectId, request.body.quota_set, "tenant_id");
        return { body: { quota_set: quotas.limits(projectId) } };
      },
    }),
    route({
      name: "quotas:delete",
      method: "DELETE",
      path: "/os-quota-sets/:quota_project_id",
      policy: "volume_extension:quotas:delete",
      success: 200,
      handler(request) {
        core.quotas().reset(request.param("quota_project_id"));
        return undefined;
      },
    }),
    // There is one class, "default"; others exist as empty names, as in cinder.
    route({
      name: "quota-classes:show",
      method: "GET",
      path: "/os-quota-class-sets/:quota_class",
      policy: "volume_extension:quota_classes:get",
      success: 200,
      handler: (request) => ({
        body: { quota_class_set: { ...core.quotas().defaults(), id: request.param("quota_class") } },
      }),
    }),
    route<QuotaClassBody>({
      name: "quota-classes:update",
      method: "PUT",
      path: "/os-quota-class-sets/:quota_class",
      policy: "volume_extension:quota_classes:update",
      request: updateQuotaClass,
      success: 200,
      handler(request) {
        if (request.param("quota_class") !== "default") throw badRequest("There is no quota class but 'default'.");
        return {
          body: { quota_class_set: store(DEFAULT_CLASS, request.body.quota_class_set, "class_name").defaults() },
        };
      },
    }),
    route({
      name: "limits:show",
      method: "GET",
      path: "/limits",
      policy: "limits_extension:used_limits",
      of: caller,
      success: 200,
      handler(request) {
        const { context, microversion, query } = request;
        const asked = query.get("project_id") ?? query.get("tenant_id");
        const other = microversion >= mv("3.39") && context.isAdmin ? asked : null;
        const projectId = other ?? projectOf(request.context);
        const quotas = core.quotas();
        return {
          body: {
            limits: {
              rate: [],
              absolute: {
                maxTotalVolumes: quotas.limit(projectId, "volumes"),
                maxTotalSnapshots: quotas.limit(projectId, "snapshots"),
                maxTotalVolumeGigabytes: quotas.limit(projectId, "gigabytes"),
                maxTotalBackups: quotas.limit(projectId, "backups"),
                maxTotalBackupGigabytes: quotas.limit(projectId, "backup_gigabytes"),
                totalVolumesUsed: quotas.used(projectId, "volumes"),
                totalGigabytesUsed: quotas.used(projectId, "gigabytes"),
                totalSnapshotsUsed: quotas.used(projectId, "snapshots"),
                totalBackupsUsed: 0,
                totalBackupGigabytesUsed: 0,
              },
            },
          },
        };
      },
    }),
  ];
}
