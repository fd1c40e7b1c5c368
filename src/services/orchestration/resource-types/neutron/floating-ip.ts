import { given, idOf, idOrNull, orGone } from "../asking.ts";
import type { ResourceType, Values } from "../types.ts";
import { gatewaysOf, wayOf } from "./implied.ts";
import { ipAddress, of, rest, text, valueSpecs, withSpecs } from "./rest.ts";

const common = rest({
  kind: "floatingip",
  async body(run) {
    const { floating_network, floating_subnet, port_id, value_specs, ...others } = run.properties as Values;
    return withSpecs(
      {
        ...others,
        floating_network_id: await idOf(run, "network", String(floating_network)),
        ...given({
          subnet_id: await idOrNull(run, "subnet", floating_subnet as string | null),
          port_id: await idOrNull(run, "port", port_id as string | null),
        }),
      },
      value_specs,
    );
  },
  async changes(run) {
    const { port_id, fixed_ip_address } = run.properties as Values;
    return { port_id: await idOrNull(run, "port", port_id as string | null), ...given({ fixed_ip_address }) };
  },
});

export const floatingIp: ResourceType = {
  alsoNeeds: ({ floating_network }, others) => [...gatewaysOf(floating_network, others), ...wayOf(others)],
  name: "OS::Neutron::FloatingIP",
  description: "An address outside that leads to a port.",
  className: "FloatingIP",
  renamed: { floating_network_id: "floating_network" },
  properties: {
    floating_network: { ...of("neutron.network"), required: true, description: "The network outside, by id or name." },
    floating_subnet: { ...of("neutron.subnet"), description: "A subnet of it." },
    value_specs: { ...valueSpecs, update_allowed: false },
    port_id: { ...of("neutron.port"), update_allowed: true, description: "The port it leads to." },
    fixed_ip_address: { ...ipAddress, update_allowed: true, description: "Which of the port's addresses." },
    floating_ip_address: { ...ipAddress, description: "The address itself." },
    dns_name: { ...of("rel_dns_name"), update_allowed: true, description: "Its DNS name." },
    dns_domain: { ...of("dns_domain"), update_allowed: true, description: "The domain of that name." },
  },
  attributes: {
    router_id: { type: "string", description: "The router on the way." },
    tenant_id: { type: "string", description: "Whose it is." },
    floating_network_id: { type: "string", description: "The network outside." },
    fixed_ip_address: { type: "string", description: "The address it leads to." },
    floating_ip_address: { type: "string", description: "The address itself." },
    port_id: { type: "string", description: "The port it leads to." },
  },
  ...common,
};

export const floatingIpAssociation: ResourceType = {
  alsoNeeds: (_properties, others) => wayOf(others),
  name: "OS::Neutron::FloatingIPAssociation",
  service: { name: "network", client: "neutron" },
  description: "Leads a floating address to a port.",
  properties: {
    floatingip_id: { ...text, required: true, update_allowed: true, description: "The floating address." },
    port_id: { ...of("neutron.port"), required: true, update_allowed: true, description: "The port." },
    fixed_ip_address: { ...ipAddress, update_allowed: true, description: "Which of the port's addresses." },
  },
  attributes: {},
  async create(run) {
    const { floatingip_id, port_id, fixed_ip_address } = run.properties as Values;
    const body = { floatingip: { port_id: await idOf(run, "port", String(port_id)), ...given({ fixed_ip_address }) } };
    await run.call("network", "floatingips:update", { params: { id: String(floatingip_id) }, body });
    run.setPhysicalId(run.id);
  },
  async update(run) {
    const { floatingip_id, port_id, fixed_ip_address } = run.properties as Values;
    const { floatingip_id: before } = run.before as Values;
    if (before !== floatingip_id) await release(run.call, String(before));
    const body = { floatingip: { port_id: await idOf(run, "port", String(port_id)), ...given({ fixed_ip_address }) } };
    await run.call("network", "floatingips:update", { params: { id: String(floatingip_id) }, body });
    run.setPhysicalId(run.id);
  },
  async delete(run) {
    if (run.physicalId !== null) await release(run.call, String((run.properties as Values).floatingip_id));
  },
};

async function release(call: Parameters<typeof idOf>[0]["call"], id: string): Promise<void> {
  await orGone(() =>
    call("network", "floatingips:update", { params: { id }, body: { floatingip: { port_id: null } } }),
  );
}
