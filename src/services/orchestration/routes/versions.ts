import { type AnyRoute, route } from "../../../kernel/http/route.ts";

export function versionRoutes(): AnyRoute[] {
  return [
    route({
      name: "versions:list",
      method: "GET",
      path: "/",
      policy: "versions:list",
      bare: true,
      success: 300,
      handler: ({ baseUrl }) => ({
        body: { versions: [{ id: "v1.0", status: "CURRENT", links: [{ rel: "self", href: `${baseUrl}/v1/` }] }] },
      }),
    }),
  ];
}
