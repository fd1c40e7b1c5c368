import { notFound } from "../../../kernel/errors.ts";
import { type AnyRoute, route } from "../../../kernel/http/route.ts";
import { EXTENSION_VIEWS } from "../views/extensions.ts";

export function extensionRoutes(): AnyRoute[] {
  return [
    route({
      name: "extensions:list",
      method: "GET",
      path: "/extensions",
      policy: "os_compute_api:extensions",
      success: 200,
      handler: () => ({ body: { extensions: EXTENSION_VIEWS } }),
    }),
    route({
      name: "extensions:show",
      method: "GET",
      path: "/extensions/:alias",
      policy: "os_compute_api:extensions",
      success: 200,
      handler(request) {
        const found = EXTENSION_VIEWS.find(({ alias }) => alias === request.param("alias"));
        if (found === undefined) throw notFound("The resource could not be found.");
        return { body: { extension: found } };
      },
    }),
  ];
}
