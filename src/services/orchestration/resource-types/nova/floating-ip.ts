import { idOf, lost, orGone } from "../asking.ts";
import { type Made, ResourceError, type ResourceType, type Run } from "../types.ts";

/** Floating addresses in the words of nova's network of former times. */

interface Address {
  readonly id: string;
  readonly floating_ip_address: string;
}

const hidden = (message: string) => ({ status: "HIDDEN", version: "11.0.0", message });

const addressOf = async ({ call, physicalId }: Pick<Made, "call" | "physicalId">): Promise<Address | null> => {
  if (physicalId === null) return null;
  const params = { id: physicalId };
  return (
    (await orGone(() => call<{ floatingip: Address }>("network", "floatingips:show", { params })))?.floatingip ?? null
  );
};

/** The pool that is named, or the only network outside. */
async function poolOf(run: Run): Promise<string> {
  const { pool } = run.properties;
  if (pool) return idOf(run, "network", String(pool));
  const query = { "router:external": "True" };
  const { networks } = await run.call<{ networks: { id: string }[] }>("network", "networks:list", { query });
  const [first] = networks;
  if (first === undefined)
    throw new ResourceError(
      "NotFound",
      "Could not allocate floating IP. Probably there is no default floating IP pool is configured.",
    );
  return first.id;
}

export const novaFloatingIp: ResourceType = {
  name: "OS::Nova::FloatingIP",
  service: { name: "network", client: "nova" },
  support: hidden("Please use OS::Neutron::FloatingIP instead."),
  className: "NovaFloatingIp",
  description: "A floating address.",
  properties: { pool: { type: "string", description: "The network outside." } },
  attributes: {
    pool: { type: "string", description: "The network outside." },
    ip: { type: "string", description: "The address." },
  },
  async create(run) {
    if (run.physicalId !== null) return;
    const description = run.physicalName();
    const left = await lost(run, async () => {
      const query = { description };
      return (await run.call<{ floatingips: Address[] }>("network", "floatingips:list", { query })).floatingips;
    });
    if (left !== null) return run.setPhysicalId(left);
    const body = { floatingip: { floating_network_id: await poolOf(run), description } };
    run.setPhysicalId(
      (await run.call<{ floatingip: Address }>("network", "floatingips:create", { body })).floatingip.id,
    );
  },
  async delete(run) {
    const { physicalId: id } = run;
    if (id !== null) await orGone(() => run.call("network", "floatingips:delete", { params: { id } }));
  },
  async attribute(made, name) {
    if (name === "pool") return made.properties.pool;
    return name === "ip" ? ((await addressOf(made))?.floating_ip_address ?? null) : null;
  },
  show: addressOf,
};

async function lead(run: Run, id: string, port_id: string | null): Promise<void> {
  await run.call("network", "floatingips:update", { params: { id }, body: { floatingip: { port_id } } });
}

async function associate(run: Run): Promise<void> {
  const { server_id, floating_ip } = run.properties;
  const query = { device_id: String(server_id) };
  const { ports } = await run.call<{ ports: { id: string }[] }>("network", "ports:list", { query });
  const [port] = ports;
  if (port === undefined) throw new ResourceError("NotFound", `server ${String(server_id)} has no port`);
  await lead(run, String(floating_ip), port.id);
  run.setPhysicalId(run.id);
}

export const novaFloatingIpAssociation: ResourceType = {
  name: "OS::Nova::FloatingIPAssociation",
  service: { name: "network", client: "nova" },
  support: hidden("Please use OS::Neutron::FloatingIPAssociation instead."),
  className: "NovaFloatingIpAssociation",
  description: "Leads a floating address to a server.",
  // The way outside has to be there, as for an association of neutron.
  alsoNeeds: (_properties, others) => others.of("OS::Neutron::RouterInterface").map(({ name }) => name),
  properties: {
    server_id: {
      type: "string",
      required: true,
      update_allowed: true,
      constraints: [{ custom_constraint: "nova.server" }],
      description: "The server.",
    },
    floating_ip: { type: "string", required: true, update_allowed: true, description: "The floating address's id." },
  },
  attributes: {},
  create: associate,
  async update(run) {
    const before = String(run.before.floating_ip);
    if (before !== run.properties.floating_ip) await orGone(() => lead(run, before, null));
    await associate(run);
  },
  async delete(run) {
    if (run.physicalId !== null) await orGone(() => lead(run, String(run.properties.floating_ip), null));
  },
};
