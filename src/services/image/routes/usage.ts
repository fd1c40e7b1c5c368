import { projectOf } from "../../../kernel/auth/context.ts";
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
      handler({ context }) {
        const projectId = projectOf(context);
        const entries = Object.entries(quotas.usage(projectId)).map(([name, { limit, used }]) => [
          name,
          { limit, usage: used },
        ]);
        return { body: { usage: Object.fromEntries(entries) } };
      },
    }),
  ];
}
