import { badRequest, notFound } from "../../../kernel/errors.ts";
import { type AnyRoute, type ApiRequest, route } from "../../../kernel/http/route.ts";
import { disallowed } from "../errors.ts";
import type { Base } from "../manager/base.ts";
import { singleBody } from "../schemas/attribute.ts";
import { range } from "../schemas/converters.ts";

/** `/v2.0/quotas`: limits per project, use, defaults. */
export function quotaRoutes(base: Base): AnyRoute[] {
  const { quotas, kernel } = base;
  const names = () => quotas.resources.map(({ name }) => name);
  const limits = (project: string) => Object.fromEntries(names().map((name) => [name, quotas.limit(project, name)]));
  const own = (request: ApiRequest): string => {
    const project = request.param("project_id");
    if (!request.context.isAdmin && project !== request.context.projectId) throw disallowed("rule:get_quota");
    return project;
  };
  const known = (project: string) =>
    kernel.db.prepare("SELECT 1 FROM network_quota_projects WHERE project_id = ?").get(project) !== undefined;
  const details = (request: ApiRequest) => ({
    body: {
      quota: Object.fromEntries(
        names().map((name) => {
          const project = own(request);
          return [name, { limit: quotas.limit(project, name), used: quotas.used(project, name), reserved: 0 }];
        }),
      ),
    },
  });
  const get = (name: string, path: string, handler: (request: ApiRequest) => { body: unknown }) =>
    route({ name, method: "GET", path, policy: "get_quota", success: 200, handler });
  return [
    get("quotas:list", "/v2.0/quotas", (request) => {
      if (!request.context.isAdmin) throw disallowed("rule:get_quota");
      const projects = kernel.db
        .prepare<[], string>("SELECT project_id FROM network_quota_projects ORDER BY project_id")
        .pluck()
        .all() as string[];
      return { body: { quotas: projects.map((id) => ({ ...limits(id), project_id: id, tenant_id: id })) } };
    }),
    get("quotas:show", "/v2.0/quotas/:project_id", (request) => ({ body: { quota: limits(own(request)) } })),
    get("quotas:default", "/v2.0/quotas/:project_id/default", (request) => {
      own(request);
      return { body: { quota: Object.fromEntries(names().map((name) => [name, quotas.default(name)])) } };
    }),
    get("quotas:project", "/v2.0/quotas/project", ({ context }) => ({
      body: { project: { project_id: context.projectId, tenant_id: context.projectId } },
    })),
    get("quotas:tenant", "/v2.0/quotas/tenant", ({ context }) => ({
      body: { tenant: { project_id: context.projectId, tenant_id: context.projectId } },
    })),
    get("quotas:details.json", "/v2.0/quotas/:project_id/details.json", details),
    get("quotas:details", "/v2.0/quotas/:project_id/details", details),
    route({
      name: "quotas:update",
      method: "PUT",
      path: "/v2.0/quotas/:project_id",
      policy: "update_quota",
      success: 200,
      handler(request) {
        const project = request.param("project_id");
        const wanted = Object.entries(singleBody({ singular: "quota", plural: "quotas" }, request.body)).filter(
          ([name]) => name !== "tenant_id" && name !== "project_id" && name !== "force" && name !== "check_limit",
        );
        const unknown = wanted.filter(([name]) => !quotas.has(name)).map(([name]) => name);
        if (unknown.length > 0) throw badRequest(`Unrecognized attribute(s) '${unknown.join(", ")}'`);
        kernel.db.transaction(() => {
          for (const [name, value] of wanted) quotas.set(project, name, limitOf(name, value));
          kernel.db.prepare("INSERT OR IGNORE INTO network_quota_projects (project_id) VALUES (?)").run(project);
        });
        return { body: { quota: limits(project) } };
      },
    }),
    route({
      name: "quotas:delete",
      method: "DELETE",
      path: "/v2.0/quotas/:project_id",
      policy: "delete_quota",
      success: 204,
      handler(request) {
        const project = request.param("project_id");
        if (!known(project)) {
          throw notFound(`Quota for tenant ${project} could not be found.`, { type: "TenantQuotaNotFound" });
        }
        kernel.db.transaction(() => {
          quotas.reset(project);
          kernel.db.prepare("DELETE FROM network_quota_projects WHERE project_id = ?").run(project);
        });
        return undefined;
      },
    }),
  ];
}

function limitOf(name: string, value: unknown): number {
  try {
    return range(-1, 2 ** 31 - 1)(value);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw badRequest(`Invalid input for ${name}. Reason: ${reason}.`);
  }
}
