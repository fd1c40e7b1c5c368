import { given, idOf, lost, orGone } from "../asking.ts";
import type { ResourceType, Run } from "../types.ts";
import { wayOf } from "./implied.ts";
import { ipAddress, of, text } from "./rest.ts";

interface Forwarding {
  readonly id: string;
  readonly external_port: number;
  readonly protocol: string;
}

const portNumber = (description: string) =>
  ({
    type: "integer",
    update_allowed: true,
    constraints: [{ range: { min: 1, max: 65_535 } }],
    description,
  }) as const;

const floatingIpOf = (run: Run): Promise<string> => idOf(run, "floatingip", String(run.properties.floating_ip));

async function bodyOf(run: Run): Promise<Record<string, unknown>> {
  const { internal_ip_address, internal_port_number, external_port, internal_port, protocol } = run.properties;
  return given({
    internal_ip_address,
    internal_port: internal_port_number,
    external_port,
    internal_port_id: await idOf(run, "port", String(internal_port)),
    protocol,
  });
}

export const floatingIpPortForward: ResourceType = {
  name: "OS::Neutron::FloatingIPPortForward",
  service: { name: "network", client: "openstack" },
  support: { version: "19.0.0" },
  description: "Leads one port of a floating address to a port inside.",
  alsoNeeds: (_properties, others) => wayOf(others),
  properties: {
    internal_ip_address: { ...ipAddress, required: true, update_allowed: true, description: "The address inside." },
    internal_port_number: portNumber("The port number inside."),
    external_port: { ...portNumber("The port number outside."), required: true },
    internal_port: { ...of("neutron.port"), required: true, update_allowed: true, description: "The port inside." },
    protocol: {
      ...text,
      required: true,
      update_allowed: true,
      constraints: [{ allowed_values: ["tcp", "udp", "icmp", "icmp6", "sctp", "dccp"] }],
      description: "The protocol.",
    },
    floating_ip: { ...text, required: true, description: "The floating address, by id or itself." },
  },
  attributes: {},
  async create(run) {
    if (run.physicalId !== null) return;
    const fip_id = await floatingIpOf(run);
    const { external_port, protocol } = run.properties;
    const left = await lost(run, async () => {
      const { port_forwardings } = await run.call<{ port_forwardings: Forwarding[] }>(
        "network",
        "port_forwardings:list",
        { params: { fip_id } },
      );
      return port_forwardings.filter((one) => one.external_port === external_port && one.protocol === protocol);
    });
    if (left !== null) return run.setPhysicalId(left);
    const body = { port_forwarding: await bodyOf(run) };
    const made = await run.call<{ port_forwarding: Forwarding }>("network", "port_forwardings:create", {
      params: { fip_id },
      body,
    });
    run.setPhysicalId(made.port_forwarding.id);
  },
  async update(run) {
    const params = { fip_id: await floatingIpOf(run), id: run.physicalId ?? "" };
    await run.call("network", "port_forwardings:update", { params, body: { port_forwarding: await bodyOf(run) } });
  },
  async delete(run) {
    const { physicalId: id } = run;
    if (id === null) return;
    const fip_id = await orGone(() => floatingIpOf(run));
    if (fip_id !== null) await orGone(() => run.call("network", "port_forwardings:delete", { params: { fip_id, id } }));
  },
};
