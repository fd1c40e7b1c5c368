import { type AnyRoute, route } from "../../../kernel/http/route.ts";

export function versionRoutes(): AnyRoute[] {
  return [
    route({
      name: "versions:show",
      method: "GET",
      path: "/",
      policy: "placement:versions",
      success: 200,
      handler: () => ({
        body: {
          versions: [
            {
              id: "v1.0",
              max_version: "1.39",
              min_version: "1.0",
              status: "CURRENT",
              links: [{ rel: "self", href: "" }],
            },
          ],
        },
      }),
    }),
  ];
}
