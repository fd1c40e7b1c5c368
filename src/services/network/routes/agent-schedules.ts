import { badRequest } from "../../../kernel/errors.ts";
import { type AnyRoute, type ApiRequest, route } from "../../../kernel/http/route.ts";
import type { Managers } from "../manager/index.ts";
import { isObject } from "../schemas/attribute.ts";
import { uuid } from "../schemas/converters.ts";
import { agentView } from "../views/agents.ts";
import type { Resources } from "./resources.ts";

/**
 * Which networks this host's DHCP agent serves and which routers its L3 agent (extensions dhcp_agent_scheduler, l3_agent_scheduler);
 * admins can take one away and give it back.
 */
export function agentScheduleRoutes({ agents, networks, routers }: Managers, resources: Resources): AnyRoute[] {
  const idIn = (request: ApiRequest, name: string): string => {
    const value = isObject(request.body) ? request.body[name] : undefined;
    if (value === undefined) throw badRequest(`Unable to find '${name}' in request body`);
    return uuid(value);
  };
  const agentId = (request: ApiRequest): string => request.param("agent_id");
  const record = (
    name: string,
    method: "GET" | "POST" | "DELETE",
    path: string,
    policy: string,
    run: (request: ApiRequest) => unknown,
  ): AnyRoute =>
    route({
      name,
      method,
      path: `/v2.0${path}`,
      policy,
      success: method === "GET" ? 200 : method === "POST" ? 201 : 204,
      handler(request: ApiRequest) {
        const body = run(request);
        if (method === "DELETE") return undefined;
        return { body: method === "POST" ? null : body };
      },
    });
  const [ofDhcp, ofL3] = ["/agents/:agent_id/dhcp-networks", "/agents/:agent_id/l3-routers"];
  return [
    record("agents:networks", "GET", ofDhcp, "get_dhcp-agents", (request) => {
      agents.get(agentId(request));
      const served = networks.list(request.context, new Map([["id", agents.served("network")]]));
      return { networks: resources.networks.views(request.context, served) };
    }),
    record("agents:add-network", "POST", ofDhcp, "get_dhcp-agents", (request) => {
      const { id } = networks.get(request.context, idIn(request, "network_id"));
      agents.addNetwork(agentId(request), id);
    }),
    record("agents:remove-network", "DELETE", `${ofDhcp}/:network_id`, "get_dhcp-agents", (request) => {
      const { id } = networks.get(request.context, request.param("network_id"));
      agents.removeNetwork(agentId(request), id);
    }),
    record("networks:dhcp-agents", "GET", "/networks/:network_id/dhcp-agents", "get_dhcp-agents", (request) => {
      const { id } = networks.get(request.context, request.param("network_id"));
      return { agents: agents.servesNetwork(id) ? agents.ofType("DHCP agent").map(agentView) : [] };
    }),
    record("agents:routers", "GET", ofL3, "get_l3-routers", (request) => {
      const isL3 = agents.get(agentId(request)).agent.type === "L3 agent";
      const served = isL3 ? routers.list(request.context, new Map([["id", agents.served("router")]])) : [];
      return { routers: resources.routers.views(request.context, served) };
    }),
    record("agents:add-router", "POST", ofL3, "create_l3-router", (request) => {
      const { id } = routers.get(request.context, idIn(request, "router_id"));
      agents.addRouter(agentId(request), id);
    }),
    record("agents:remove-router", "DELETE", `${ofL3}/:router_id`, "delete_l3-router", (request) => {
      const { id } = routers.get(request.context, request.param("router_id"));
      agents.removeRouter(agentId(request), id);
    }),
    record("routers:l3-agents", "GET", "/routers/:router_id/l3-agents", "get_l3-agents", (request) => {
      const { id } = routers.get(request.context, request.param("router_id"));
      return { agents: agents.servesRouter(id) ? agents.ofType("L3 agent").map(agentView) : [] };
    }),
  ];
}
