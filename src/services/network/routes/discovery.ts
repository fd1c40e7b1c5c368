import { notFound } from "../../../kernel/errors.ts";
import { webobErrors } from "../../../kernel/http/families.ts";
import { type AnyRoute, type ApiRequest, type ApiResponse, route } from "../../../kernel/http/route.ts";
import { extensionViews } from "../views/extensions.ts";
import type { Resource } from "./resource.ts";

/** Versions, extensions, and what a client asks about the cloud itself: zones, service providers. */
export function discoveryRoutes(resources: readonly Resource[]): AnyRoute[] {
  const get = (name: string, path: string, policy: string, body: (base: string) => unknown) =>
    route({
      name,
      method: "GET",
      path,
      policy,
      success: 200,
      handler: ({ baseUrl }) => ({ body: body(baseUrl) }),
    });
  return [
    route({
      name: "versions:list",
      method: "GET",
      path: "/",
      policy: "network:public",
      bare: true,
      success: 200,
      handler: ({ baseUrl }) => ({
        body: { versions: [{ id: "v2.0", status: "CURRENT", links: [{ rel: "self", href: `${baseUrl}/v2.0/` }] }] },
      }),
    }),
    get("versions:show", "/v2.0", "network:authenticated", (base) => ({
      resources: resources
        .filter((resource) => resource.path.split("/").length === 3)
        .map(({ names, path }) => ({
          name: names.singular,
          collection: names.plural,
          links: [{ rel: "self", href: `${base}${path}` }],
        })),
    })),
    get("extensions:list", "/v2.0/extensions", "network:authenticated", () => ({ extensions: extensionViews })),
    route({
      name: "extensions:show",
      method: "GET",
      path: "/v2.0/extensions/:alias",
      policy: "network:authenticated",
      success: 200,
      handler(request) {
        const alias = request.param("alias");
        const extension = extensionViews.find((one) => one.alias === alias);
        return extension === undefined ? noExtension(alias, request) : { body: { extension } };
      },
    }),
    get("availability_zones:list", "/v2.0/availability_zones", "network:authenticated", () => ({
      availability_zones: ["network", "router"].map((resource) => ({ name: "nova", resource, state: "available" })),
    })),
    get("service_providers:list", "/v2.0/service-providers", "network:authenticated", () => ({
      service_providers: [{ service_type: "L3_ROUTER_NAT", name: "single_node", default: true }],
    })),
  ];
}

/** Extensions are told by code below the API, whose errors are webob's. */
function noExtension(alias: string, request: ApiRequest): ApiResponse {
  const error = notFound("The resource could not be found.", {
    detail: `Extension with alias ${alias} does not exist`,
  });
  const text = webobErrors.renderErrorText(error, request);
  return text === null
    ? { status: 404, body: webobErrors.renderError(error) }
    : { status: 404, headers: { "content-type": text.contentType }, raw: text.text };
}
