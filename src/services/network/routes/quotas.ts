import { badRequest } from "../../../kernel/errors.ts";
import { type AnyRoute, route, type Touched } from "../../../kernel/http/route.ts";
import type { Core } from "../manager/core.ts";
import { resetProjectQuotas, setProjectQuotas } from "../manager/quotas.ts";
import { singleBody } from "../schemas/attribute.ts";
import { range } from "../schemas/converters.ts";

/** `/v2.0/quotas`: limits per project, use, defaults. */
export function quotaRoutes(core: Core): AnyRoute[] {
  const { quotas, store } = core;
  const project: Touched<string> = {
    kind: "project",
    find: ({ param }) => param("project_id"),
    owner: (id) => ({ owners: [id] }),
  };
  const details = (id: string) => ({
    quota: Object.fromEntries(Object.entries(quotas.usage(id)).map(([name, use]) => [name, { ...use, reserved: 0 }])),
  });
  const get = (name: string, path: string, body: (projectId: string) => unknown) =>
    route({
      name,
      method: "GET",
      path,
      policy: "get_quota",
      of: project,
      success: 200,
      handler: ({ thing }) => ({ body: body(thing) }),
    });
  /** Which project the quotas of the caller are kept under. */
  const whose = (word: "project" | "tenant") =>
    route({
      name: `quotas:${word}`,
      method: "GET",
      path: `/v2.0/quotas/${word}`,
      policy: "get_own_quota_project",
      success: 200,
      handler: ({ context: { projectId } }) => ({ body: { [word]: { project_id: projectId, tenant_id: projectId } } }),
    });
  return [
    route({
      name: "quotas:list",
      method: "GET",
      path: "/v2.0/quotas",
      policy: "list_quotas",
      success: 200,
      handler: () => ({
        body: {
          quotas: store.quotaProjects.all().map((id) => ({ ...quotas.limits(id), project_id: id, tenant_id: id })),
        },
      }),
    }),
    get("quotas:show", "/v2.0/quotas/:project_id", (id) => ({ quota: quotas.limits(id) })),
    get("quotas:default", "/v2.0/quotas/:project_id/default", () => ({
      quota: quotas.defaults(),
    })),
    whose("project"),
    whose("tenant"),
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
        setProjectQuotas(
          core,
          project,
          Object.fromEntries(wanted.map(([name, value]) => [name, limitOf(name, value)])),
        );
        return { body: { quota: quotas.limits(project) } };
      },
    }),
    route({
      name: "quotas:delete",
      method: "DELETE",
      path: "/v2.0/quotas/:project_id",
      policy: "delete_quota",
      success: 204,
      handler({ param }) {
        resetProjectQuotas(core, param("project_id"));
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
