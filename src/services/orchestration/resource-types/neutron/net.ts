import { given, nameOf } from "../asking.ts";
import type { ResourceType, Values } from "../types.ts";
import { changeable, of, rest, setTags, tags, text, valueSpecs, withSpecs } from "./rest.ts";

const common = rest({
  kind: "network",
  body(run) {
    const {
      name: _name,
      value_specs,
      dhcp_agent_ids: _agents,
      tags: _tags,
      qos_policy,
      ...others
    } = run.properties as Values;
    return withSpecs(given({ ...others, name: nameOf(run), qos_policy_id: qos_policy }), value_specs);
  },
  changes(run, { value_specs, tags: _tags, dhcp_agent_ids: _agents, name, qos_policy, ...others }) {
    const named = name === undefined ? {} : { name: nameOf(run) };
    const policy = qos_policy === undefined ? {} : { qos_policy_id: qos_policy };
    return withSpecs({ ...others, ...named, ...policy }, value_specs);
  },
});

export const net: ResourceType = {
  name: "OS::Neutron::Net",
  description: "A network of the project.",
  properties: {
    name: { ...changeable, description: "Its name." },
    value_specs: valueSpecs,
    admin_state_up: { type: "boolean", default: true, update_allowed: true, description: "Whether it is up." },
    tenant_id: { ...text, description: "Whose it is; only administrators may say so." },
    shared: { type: "boolean", default: false, update_allowed: true, description: "Whether all projects may use it." },
    dhcp_agent_ids: { type: "list", update_allowed: true, description: "DHCP agents that serve it." },
    port_security_enabled: {
      type: "boolean",
      update_allowed: true,
      description: "Whether its ports filter by default.",
    },
    qos_policy: { ...of("neutron.qos_policy"), update_allowed: true, description: "A QoS policy." },
    dns_domain: { ...of("dns_domain"), update_allowed: true, description: "The DNS domain of its ports." },
    availability_zone_hints: { type: "list", description: "Zones to serve it from." },
    tags,
  },
  attributes: {
    status: { type: "string", description: "Its status." },
    name: { type: "string", description: "Its name." },
    subnets: { type: "list", description: "Ids of its subnets." },
    admin_state_up: { type: "string", description: "Whether it is up." },
    tenant_id: { type: "string", description: "Whose it is." },
    port_security_enabled: { type: "boolean", description: "Whether its ports filter by default." },
    mtu: { type: "integer", description: "Its MTU." },
    qos_policy_id: { type: "string", description: "Its QoS policy." },
    l2_adjacency: { type: "boolean", description: "Whether all its ports are on one segment." },
    segments: { type: "list", description: "Its segments." },
  },
  ...common,
  isCreated: async (run) => {
    await setTags(run, "networks", (run.properties as Values).tags);
    return true;
  },
  async update(run, changed) {
    await common.update(run, changed);
    if (changed.tags !== undefined) await setTags(run, "networks", changed.tags ?? []);
  },
};
