import { conflict, notFound } from "../../../kernel/errors.ts";
import { type AnyRoute, type ApiRequest, route } from "../../../kernel/http/route.ts";
import type { Base } from "../manager/base.ts";
import type { NetworkManager } from "../manager/networks.ts";
import { isObject } from "../schemas/attribute.ts";
import { uuid } from "../schemas/converters.ts";
import type { AgentView } from "../views/agents.ts";

/** Which networks this host's DHCP agent serves (extension dhcp_agent_scheduler); admins can take one away and give it back. */
export function dhcpAgentRoutes(base: Base, networks: NetworkManager, agents: () => readonly AgentView[]): AnyRoute[] {
  const { store, kernel, dirty } = base;
  const agentOf = (request: ApiRequest): AgentView => {
    const id = request.param("agent_id");
    const found = agents().find((one) => one.id === id && one.agent_type === "DHCP agent");
    if (found === undefined) throw notFound(`Agent ${id} could not be found.`, { type: "AgentNotFound" });
    return found;
  };
  const isServed = (networkId: string) =>
    store.dhcpSchedule.get(networkId) ?? store.subnets.count("network_id = ? AND enable_dhcp = 1", networkId) > 0;
  const set = (networkId: string, scheduled: boolean) =>
    kernel.db.transaction(() => {
      store.dhcpSchedule.set(networkId, scheduled);
      dirty("network", networkId);
    });
  const path = "/v2.0/agents/:agent_id/dhcp-networks";
  const policy = "get_dhcp-agents";
  return [
    route({
      name: "agents:networks",
      method: "GET",
      path,
      policy,
      success: 200,
      handler(request) {
        agentOf(request);
        const served = networks.rows(request.context).filter((row) => isServed(row.id));
        return { body: { networks: networks.views(request.context, served) } };
      },
    }),
    route({
      name: "agents:add-network",
      method: "POST",
      path,
      policy,
      success: 201,
      handler(request) {
        const agent = agentOf(request);
        const id = uuid(isObject(request.body) ? request.body.network_id : undefined);
        networks.row(request.context, id);
        if (isServed(id)) {
          throw conflict(`The network ${id} has been already hosted by the DHCP Agent ${agent.id}.`, {
            type: "NetworkHostedByDHCPAgent",
          });
        }
        set(id, true);
        return { body: null };
      },
    }),
    route({
      name: "agents:remove-network",
      method: "DELETE",
      path: `${path}/:network_id`,
      policy,
      success: 204,
      handler(request) {
        const agent = agentOf(request);
        const { id } = networks.row(request.context, request.param("network_id"));
        if (!isServed(id)) {
          throw conflict(`The network ${id} is not hosted by the DHCP agent ${agent.id}.`, {
            type: "NetworkNotHostedByDhcpAgent",
          });
        }
        set(id, false);
        return undefined;
      },
    }),
    route({
      name: "networks:dhcp-agents",
      method: "GET",
      path: "/v2.0/networks/:network_id/dhcp-agents",
      policy,
      success: 200,
      handler(request) {
        const { id } = networks.row(request.context, request.param("network_id"));
        return { body: { agents: isServed(id) ? agents().filter((one) => one.agent_type === "DHCP agent") : [] } };
      },
    }),
  ];
}
