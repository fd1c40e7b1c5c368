import { valueMistake } from "../../language/mistakes.ts";
import { given, nameOf } from "../asking.ts";
import type { ResourceType, Values } from "../types.ts";
import { changeable, of, rest, setTags, tags } from "./rest.ts";

/** The names by which the API has them. */
const NAMES: Readonly<Record<string, string>> = {
  network_type: "provider:network_type",
  physical_network: "provider:physical_network",
  segmentation_id: "provider:segmentation_id",
  router_external: "router:external",
};

const body = (values: Values): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [NAMES[key] ?? key, value]));

const common = rest({
  kind: "network",
  body(run) {
    const { tags: _tags, ...others } = run.properties as Values;
    return given({ ...body(others), name: nameOf(run) });
  },
  changes(run, { tags: _tags, name, ...others }) {
    return { ...body(others), ...(name === undefined ? {} : { name: nameOf(run) }) };
  },
});

export const providerNet: ResourceType = {
  name: "OS::Neutron::ProviderNet",
  support: { version: "2014.1" },
  description: "A network of which it is said how it is made.",
  adminOnly: true,
  properties: {
    name: { ...changeable, description: "Its name." },
    network_type: {
      ...changeable,
      required: true,
      constraints: [{ allowed_values: ["local", "vlan", "vxlan", "gre", "geneve", "flat"] }],
      description: "Its kind.",
    },
    physical_network: { ...changeable, description: "The physical network." },
    segmentation_id: { ...changeable, description: "The number of its VLAN." },
    router_external: { type: "boolean", default: false, update_allowed: true, description: "Whether it is outside." },
    shared: { type: "boolean", default: true, update_allowed: true, description: "Whether all projects may use it." },
    admin_state_up: { type: "boolean", default: true, update_allowed: true, description: "Whether it is up." },
    port_security_enabled: {
      type: "boolean",
      update_allowed: true,
      description: "Whether its ports filter by default.",
    },
    dns_domain: { ...of("dns_domain"), update_allowed: true, description: "The DNS domain of its ports." },
    availability_zone_hints: { type: "list", update_allowed: true, description: "Zones to serve it from." },
    tags,
  },
  attributes: {
    status: { type: "string", description: "Its status." },
    subnets: { type: "list", description: "Ids of its subnets." },
    segments: { type: "list", description: "Its segments." },
  },
  validate({ properties: { segmentation_id, network_type } }) {
    if (segmentation_id && network_type !== "vlan") {
      throw valueMistake("segmentation_id not allowed for flat network type.");
    }
  },
  ...common,
  isCreated: async (run) => {
    await setTags(run, "networks", run.properties.tags);
    return true;
  },
  async update(run, changed) {
    await common.update(run, changed);
    if (changed.tags !== undefined) await setTags(run, "networks", changed.tags ?? []);
  },
};
