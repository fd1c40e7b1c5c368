import { given, idOf, idOrNull, nameOf } from "../asking.ts";
import type { Made, ResourceType, Run, Values, Wanted } from "../types.ts";
import { subnetsOfNetwork } from "./implied.ts";
import { changeable, ipAddress, of, rest, setTags, tags, valueSpecs, withSpecs } from "./rest.ts";

type FixedIp = { subnet_id: string | null; subnet: string | null; ip_address: string | null };
type Body = Record<string, unknown>;

/** Both old and new words for a subnet; by name, too. */
export async function fixedIps(asking: Pick<Wanted, "call">, wanted: unknown): Promise<Body[] | null> {
  if (!Array.isArray(wanted)) return null;
  return Promise.all(
    (wanted as FixedIp[]).map(async ({ subnet, subnet_id, ip_address }) =>
      given({ subnet_id: await idOrNull(asking, "subnet", subnet ?? subnet_id), ip_address }),
    ),
  );
}

export async function securityGroups(asking: Pick<Wanted, "call">, wanted: unknown): Promise<string[] | null> {
  if (!Array.isArray(wanted)) return null;
  return Promise.all(wanted.map((group) => idOf(asking, "security_group", String(group))));
}

const pairs = (wanted: unknown): Body[] | null =>
  Array.isArray(wanted) ? wanted.map((pair: Body) => given(pair)) : null;

async function translated(run: Run, values: Values): Promise<Body> {
  const { fixed_ips, security_groups, allowed_address_pairs, no_fixed_ips, qos_policy, value_specs, ...others } =
    values;
  const body: Body = { ...others };
  if (fixed_ips !== undefined) body.fixed_ips = await fixedIps(run, fixed_ips);
  if (security_groups !== undefined) body.security_groups = await securityGroups(run, security_groups);
  if (allowed_address_pairs !== undefined) body.allowed_address_pairs = pairs(allowed_address_pairs) ?? [];
  if (qos_policy !== undefined) body.qos_policy_id = qos_policy;
  if (no_fixed_ips === true) body.fixed_ips = [];
  return withSpecs(body, value_specs);
}

const common = rest({
  kind: "port",
  async body(run) {
    const {
      network,
      tags: _tags,
      replacement_policy: _policy,
      device_id,
      device_owner,
      ...others
    } = run.properties as Values;
    const body = await translated(run, { ...others, name: nameOf(run) });
    const device = given({ device_id: device_id || null, device_owner: device_owner || null });
    const sent = given({ ...body, ...device, network_id: await idOf(run, "network", String(network)) });
    if ((others.allowed_address_pairs ?? null) === null) delete sent.allowed_address_pairs;
    return sent;
  },
  async changes(run, { tags: _tags, replacement_policy: _policy, name, network: _network, ...others }) {
    const body = await translated(run, others);
    if (name !== undefined) body.name = nameOf(run);
    return body;
  },
});

const vnicTypes = ["normal", "direct", "macvtap", "direct-physical", "baremetal", "virtio-forwarder", "smart-nic"];

/** What a port of its own and one that a server makes have in common. */
export const portExtras = {
  value_specs: valueSpecs,
  admin_state_up: { type: "boolean", default: true, update_allowed: true, description: "Whether it is up." },
  mac_address: { ...of("mac_addr"), description: "Its MAC address." },
  allowed_address_pairs: {
    type: "list",
    update_allowed: true,
    description: "Further addresses that it may send from.",
    items: {
      type: "map",
      fields: {
        mac_address: { ...of("mac_addr"), description: "A MAC address." },
        ip_address: { ...of("ip_or_cidr"), required: true, description: "An address or a range." },
      },
    },
  },
  "binding:vnic_type": {
    type: "string",
    default: "normal",
    update_allowed: true,
    constraints: [{ allowed_values: vnicTypes }],
    description: "The kind of network card.",
  },
  port_security_enabled: { type: "boolean", update_allowed: true, description: "Whether it filters." },
  qos_policy: { ...of("neutron.qos_policy"), update_allowed: true, description: "A QoS policy." },
  propagate_uplink_status: {
    type: "boolean",
    update_allowed: true,
    description: "Whether the uplink's status is passed on.",
  },
  no_fixed_ips: { type: "boolean", default: false, update_allowed: true, description: "Whether it has no address." },
} as const;

export const port: ResourceType = {
  isNeededUnsaid: true,
  alsoNeeds: ({ network }, others) => subnetsOfNetwork(others, network),
  name: "OS::Neutron::Port",
  description: "A port on a network.",
  renamed: { network_id: "network" },
  properties: {
    name: { ...changeable, description: "Its name." },
    network: { ...of("neutron.network"), required: true, description: "The network, by id or name." },
    device_id: { ...changeable, default: "", description: "What uses it." },
    device_owner: { ...changeable, default: "", description: "Which kind of thing uses it." },
    fixed_ips: {
      type: "list",
      update_allowed: true,
      description: "Its addresses.",
      items: {
        type: "map",
        fields: {
          subnet_id: { ...of("neutron.subnet"), description: "The subnet, in former words." },
          subnet: { ...of("neutron.subnet"), description: "The subnet, by id or name." },
          ip_address: { ...ipAddress, description: "The address." },
        },
      },
    },
    security_groups: { type: "list", update_allowed: true, description: "Its security groups, by id or name." },
    replacement_policy: { ...changeable, hidden: true, description: "Taken and not looked at." },
    dns_name: { ...of("dns_name"), update_allowed: true, description: "Its DNS name." },
    tags,
    ...portExtras,
  },
  attributes: {
    admin_state_up: { type: "string", description: "Whether it is up." },
    device_id: { type: "string", description: "What uses it." },
    device_owner: { type: "string", description: "Which kind of thing uses it." },
    fixed_ips: { type: "list", description: "Its addresses." },
    mac_address: { type: "string", description: "Its MAC address." },
    name: { type: "string", description: "Its name." },
    network_id: { type: "string", description: "Its network." },
    security_groups: { type: "list", description: "Its security groups." },
    status: { type: "string", description: "Its status." },
    tenant_id: { type: "string", description: "Whose it is." },
    allowed_address_pairs: { type: "list", description: "Further addresses that it may send from." },
    subnets: { type: "list", description: "The subnets of its addresses." },
    port_security_enabled: { type: "boolean", description: "Whether it filters." },
    qos_policy_id: { type: "string", description: "Its QoS policy." },
    dns_assignment: { type: "map", description: "Its DNS names." },
    network: { type: "map", description: "Its network with all that is known of it." },
    propagate_uplink_status: { type: "boolean", description: "Whether the uplink's status is passed on." },
  },
  ...common,
  // Of a server's own making it goes with its server; here it is done once it is there.
  isCreated: async (run) => {
    await setTags(run, "ports", (run.properties as Values).tags);
    return true;
  },
  // Its addresses and its MAC address may be those of the port that replaces it.
  async release(run) {
    const shown = await common.show(run);
    if (shown === null) return true;
    if (run.data.port_fip === undefined) run.setData("port_fip", shown.fixed_ips);
    await setAddresses(run, []);
    return true;
  },
  async takeBack(run) {
    if (Array.isArray(run.data.port_fip)) await setAddresses(run, run.data.port_fip);
    run.setData("port_fip", null);
  },
  async update(run, changed) {
    await common.update(run, changed);
    if (changed.tags !== undefined) await setTags(run, "ports", changed.tags ?? []);
  },
  async attribute(made, name) {
    if (name === "subnets") return subnetsOf(made);
    if (name !== "network") return common.attribute(made, name);
    const shown = await common.show(made);
    if (shown === null) return null;
    const { network } = await made.call<{ network: Body }>("network", "networks:show", {
      params: { id: String(shown.network_id) },
    });
    return network;
  },
};

const setAddresses = (run: Run, fixed_ips: unknown) =>
  run.call("network", "ports:update", { params: { id: run.physicalId ?? "" }, body: { port: { fixed_ips } } });

async function subnetsOf(made: Made): Promise<unknown[] | null> {
  const shown = await common.show(made);
  if (shown === null) return null;
  const ids = (shown.fixed_ips as { subnet_id: string }[]).map(({ subnet_id }) => subnet_id);
  return Promise.all(
    ids.map(async (id) => (await made.call<{ subnet: Body }>("network", "subnets:show", { params: { id } })).subnet),
  );
}
