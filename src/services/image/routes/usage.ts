import { badRequest } from "../../../kernel/errors.ts";
import { type AnyRoute, route } from "../../../kernel/http/route.ts";
import type { Quotas } from "../../../kernel/quota/quota.ts";

export function usageRoutes(quotas: Quotas): AnyRoute[] {
  return [
    route({
      name: "image-usage:show",
      method: "GET",
      path: "/v2/info/usage",
      policy: "image:info",
      success: 200,
      handler({ context: { projectId } }) {
        if (projectId === null) throw badRequest("A project-scoped token is needed.");
        const entries = quotas.resources.map(({ name }) => [
          name,
          { limit: quotas.limit(projectId, name), usage: quotas.used(projectId, name) },
        ]);
        return { body: { usage: Object.fromEntries(entries) } };
      },
    }),
  ];
}
