import { declareService } from "../../kernel/config/declaration.ts";
import "./facade.ts";
import { NOVA_NETWORK } from "../../kernel/config/variables/accepted.ts";
import { settings } from "./settings.ts";

export const declaration = declareService({
  name: "network",
  endpoint: {
    prefix: "/networking",
    classicPorts: ["network"],
    catalog: [{ name: "neutron", type: "network", path: "", description: "OpenStack Networking" }],
  },
  devstack: {
    project: "neutron",
    // A list with nova-network asks for networks, too.
    api: ["q-svc", "n-net"],
    members: ["q-svc", "q-agt", "q-dhcp", "q-l3", "q-meta"],
    prefix: "q-",
    inner: ["q-agt", "q-dhcp", "q-l3", "q-meta"],
    others: [
      "ovn-controller",
      "ovn-controller-vtep",
      "ovn-northd",
      "ovn-router",
      "ovs-vswitchd",
      "ovsdb-server",
      "networking-ovn-metadata-agent",
      "q-ovn-agent",
      "q-ovn-metadata-agent",
      "q-port-forwarding",
      "n-net",
      "neutron-port-forwarding",
      "neutron-tag-ports-during-bulk-creation",
    ],
    notes: { "n-net": NOVA_NETWORK },
    synonyms: {
      quantum: "neutron",
      "neutron-api": "q-svc",
      "neutron-agent": "q-agt",
      "neutron-dhcp": "q-dhcp",
      "neutron-l3": "q-l3",
      "neutron-metadata-agent": "q-meta",
    },
  },
  needs: ["identity"],
  accounts: { service: [{ name: "neutron" }] },
  settings,
  readme: {
    works:
      "networks (of every type, on one host), subnets, pools, ports, routers, floating IPs, port forwarding, security groups (also stateless), address groups, flavors, agents, quotas, RBAC, tags; IPv4 and IPv6",
    missing: "QoS, trunks, VPN, metering, DVR, segments; VLANs on a wire other than the public network",
  },
});

/** Loaded where the service is part of the cloud; a command that only reads local.conf does without. */
export const code = () => import("./index.ts");
