import { idOf, orGone } from "../asking.ts";
import type { ResourceType } from "../types.ts";
import { interfacesOfRouter, subnetsOfNetwork } from "./implied.ts";
import { of } from "./rest.ts";

export const routerGateway: ResourceType = {
  name: "OS::Neutron::RouterGateway",
  service: { name: "network", client: "neutron" },
  support: {
    status: "HIDDEN",
    version: "5.0.0",
    message: "Use the `external_gateway_info` property in the router resource to set up the gateway.",
  },
  description: "A router's way outside.",
  renamed: { network_id: "network" },
  isNeededUnsaid: true,
  alsoNeeds: ({ router_id, network }, others) => [
    ...interfacesOfRouter(others, router_id),
    ...subnetsOfNetwork(others, network),
  ],
  properties: {
    router_id: { ...of("neutron.router"), required: true, description: "The router." },
    network: { ...of("neutron.network"), description: "The network outside, by id or name." },
  },
  attributes: {},
  async create(run) {
    const { router_id, network } = run.properties;
    const id = await idOf(run, "router", String(router_id));
    const network_id = await idOf(run, "network", String(network));
    await run.call("network", "routers:update", {
      params: { id },
      body: { router: { external_gateway_info: { network_id } } },
    });
    run.setPhysicalId(`${id}:${network_id}`);
  },
  async delete(run) {
    const [id = ""] = (run.physicalId ?? "").split(":");
    if (id === "") return;
    await orGone(() =>
      run.call("network", "routers:update", { params: { id }, body: { router: { external_gateway_info: {} } } }),
    );
  },
};
