import { notFound } from "../../../kernel/errors.ts";
import { webobErrors } from "../../../kernel/http/families.ts";
import { type AnyRoute, type ApiRequest, type ApiResponse, route } from "../../../kernel/http/route.ts";
import type { AgentView } from "../views/agents.ts";
import { extensionViews } from "../views/extensions.ts";
import type { Resource } from "./resource.ts";

/** Versions, extensions, and what a client asks about the cloud itself: agents, zones, service providers. */
export function discoveryRoutes(resources: readonly Resource[], agents: () => readonly AgentView[]): AnyRoute[] {
  const get = (
    name: string,
    path: string,
    policy: string,
    body: (base: string, param: (name: string) => string) => unknown,
  ) =>
    route({
      name,
      method: "GET",
      path,
      policy,
      success: 200,
      handler: (request) => ({ body: body(request.baseUrl, (parameter) => request.param(parameter)) }),
    });
  const agent = (id: string) => {
    const found = agents().find((one) => one.id === id);
    if (found === undefined) throw notFound(`Agent ${id} could not be found.`, { type: "AgentNotFound" });
    return found;
  };
  const ofType = (type: string) => agents().filter((one) => one.agent_type === type);
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
    route({
      name: "agents:list",
      method: "GET",
      path: "/v2.0/agents",
      // Neutron filters lists by policy instead of refusing them: who is no admin sees none.
      policy: "network:authenticated",
      success: 200,
      handler(request) {
        const wanted = [...request.query].filter(([name]) => name !== "fields");
        const fits = (one: AgentView) =>
          wanted.every(([name, value]) => String(one[name as keyof AgentView]).toLowerCase() === value.toLowerCase());
        return { body: { agents: request.context.isAdmin ? agents().filter(fits) : [] } };
      },
    }),
    get("agents:show", "/v2.0/agents/:id", "get_agent", (_base, param) => ({ agent: agent(param("id")) })),
    get("agents:routers", "/v2.0/agents/:id/l3-routers", "get_l3-agents", (_base, param) => {
      agent(param("id"));
      return { routers: [] };
    }),
    route({
      name: "routers:l3-agents",
      method: "GET",
      path: "/v2.0/routers/:router_id/l3-agents",
      policy: "get_l3-agents",
      success: 200,
      handler(request) {
        resources.find((one) => one.names.singular === "router")?.get(request.context, request.param("router_id"));
        return { body: { agents: ofType("L3 agent") } };
      },
    }),
  ];
}

/** Extensions are told by code below the API, whose errors are webob's. */
function noExtension(alias: string, request: ApiRequest<unknown>): ApiResponse {
  const error = notFound("The resource could not be found.", {
    detail: `Extension with alias ${alias} does not exist`,
  });
  const text = webobErrors.renderErrorText(error, request);
  return text === null
    ? { status: 404, body: webobErrors.renderError(error) }
    : { status: 404, headers: { "content-type": text.contentType }, raw: text.text };
}
