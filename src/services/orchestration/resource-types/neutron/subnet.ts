import { valueMistake } from "../../language/mistakes.ts";
import { given, idOf, idOrNull, nameOf } from "../asking.ts";
import type { ResourceType, Values } from "../types.ts";
import { changeable, ipAddress, of, rest, setTags, tags, text, valueSpecs, withSpecs } from "./rest.ts";

const cidr = { type: "string", required: true, constraints: [{ custom_constraint: "net_cidr" }] } as const;
const ipv6Mode = {
  type: "string",
  constraints: [{ allowed_values: ["dhcpv6-stateful", "dhcpv6-stateless", "slaac"] }],
} as const;

const common = rest({
  kind: "subnet",
  async body(run) {
    const { network, subnetpool, segment, value_specs, tags: _tags, gateway_ip, ...others } = run.properties as Values;
    return withSpecs(
      {
        ...given({ ...others, segment_id: segment }),
        // Written as nothing, it is to have no gateway.
        ...(gateway_ip === null ? {} : { gateway_ip: gateway_ip === "" ? null : gateway_ip }),
        network_id: await idOf(run, "network", String(network)),
        ...given({ subnetpool_id: await idOrNull(run, "subnetpool", subnetpool as string | null) }),
        name: nameOf(run),
      },
      value_specs,
    );
  },
  changes(run, { value_specs, tags: _tags, name, gateway_ip, allocation_pools, ...others }) {
    return withSpecs(
      {
        ...others,
        // Without any it has none.
        ...(allocation_pools === undefined ? {} : { allocation_pools: allocation_pools ?? [] }),
        ...(name === undefined ? {} : { name: nameOf(run) }),
        ...(gateway_ip === undefined ? {} : { gateway_ip: gateway_ip === "" ? null : gateway_ip }),
      },
      value_specs,
    );
  },
});

export const subnet: ResourceType = {
  isNeededUnsaid: true,
  name: "OS::Neutron::Subnet",
  description: "Addresses of a network.",
  renamed: { network_id: "network" },
  properties: {
    network: { ...of("neutron.network"), required: true, description: "The network, by id or name." },
    subnetpool: { ...of("neutron.subnetpool"), description: "A pool to take its addresses from." },
    prefixlen: {
      type: "integer",
      constraints: [{ range: { min: 0 } }],
      description: "How much to take from the pool.",
    },
    cidr: { ...of("net_cidr"), description: "Its addresses." },
    value_specs: valueSpecs,
    name: { ...changeable, description: "Its name." },
    ip_version: { type: "integer", default: 4, constraints: [{ allowed_values: [4, 6] }], description: "4 or 6." },
    dns_nameservers: { type: "list", default: [], update_allowed: true, description: "Addresses of name servers." },
    gateway_ip: { ...changeable, description: "Its gateway; nothing for none." },
    enable_dhcp: { type: "boolean", default: true, update_allowed: true, description: "Whether DHCP serves it." },
    allocation_pools: {
      type: "list",
      update_allowed: true,
      description: "Which of its addresses ports get.",
      items: {
        type: "map",
        fields: {
          start: { ...ipAddress, required: true, description: "The first." },
          end: { ...ipAddress, required: true, description: "The last." },
        },
      },
    },
    tenant_id: { ...text, description: "Whose it is; only administrators may say so." },
    host_routes: {
      type: "list",
      update_allowed: true,
      description: "Routes for its hosts.",
      items: {
        type: "map",
        fields: {
          destination: { ...cidr, description: "Where to." },
          nexthop: { ...ipAddress, required: true, description: "By which address." },
        },
      },
    },
    ipv6_ra_mode: { ...ipv6Mode, description: "How router advertisements are sent." },
    ipv6_address_mode: { ...ipv6Mode, description: "How addresses are given." },
    segment: { ...of("neutron.segment"), update_allowed: true, description: "Its segment." },
    tags,
  },
  attributes: {
    name: { type: "string", description: "Its name." },
    network_id: { type: "string", description: "Its network." },
    tenant_id: { type: "string", description: "Whose it is." },
    allocation_pools: { type: "list", description: "Which of its addresses ports get." },
    gateway_ip: { type: "string", description: "Its gateway." },
    host_routes: { type: "list", description: "Routes for its hosts." },
    ip_version: { type: "string", description: "4 or 6." },
    cidr: { type: "string", description: "Its addresses." },
    dns_nameservers: { type: "list", description: "Addresses of name servers." },
    enable_dhcp: { type: "string", description: "Whether DHCP serves it." },
  },
  validate({ properties }) {
    const { subnetpool, cidr, prefixlen } = properties as Values;
    const conflict = (one: string, other: string) =>
      valueMistake(`Cannot define the following properties at the same time: ${one}, ${other}.`);
    if (subnetpool !== null && cidr !== null) throw conflict("subnetpool", "cidr");
    if (subnetpool === null && cidr === null) {
      throw valueMistake("At least one of the following properties must be specified: subnetpool, cidr.");
    }
    if (prefixlen !== null && cidr !== null) throw conflict("prefixlen", "cidr");
  },
  ...common,
  isCreated: async (run) => {
    await setTags(run, "subnets", (run.properties as Values).tags);
    return true;
  },
  async update(run, changed) {
    await common.update(run, changed);
    if (changed.tags !== undefined) await setTags(run, "subnets", changed.tags ?? []);
  },
};
