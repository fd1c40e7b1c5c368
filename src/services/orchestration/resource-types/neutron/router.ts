import { valueMistake } from "../../language/mistakes.ts";
import { given, idOf, idOrNull, lost, nameOf, orGone } from "../asking.ts";
import type { ResourceType, Run, Values, Wanted } from "../types.ts";
import { subnetsOfNetwork } from "./implied.ts";
import { changeable, ipAddress, of, rest, setTags, tags, text, valueSpecs, withSpecs } from "./rest.ts";

interface Gateway {
  network: string;
  enable_snat: boolean | null;
  external_fixed_ips: readonly { ip_address: string | null; subnet: string | null }[] | null;
}

async function gatewayOf(asking: Pick<Wanted, "call">, wanted: unknown): Promise<Record<string, unknown> | null> {
  if (wanted === null || wanted === undefined) return null;
  const { network, enable_snat, external_fixed_ips } = wanted as Gateway;
  const addresses = await Promise.all(
    (external_fixed_ips ?? []).map(async ({ ip_address, subnet }) =>
      given({ ip_address, subnet_id: await idOrNull(asking, "subnet", subnet) }),
    ),
  );
  return {
    network_id: await idOf(asking, "network", network),
    ...given({ enable_snat, external_fixed_ips: addresses.length === 0 ? null : addresses }),
  };
}

const common = rest({
  kind: "router",
  async body(run) {
    const {
      external_gateway_info,
      value_specs,
      l3_agent_ids: _agents,
      l3_agent_id: _agent,
      tags: _tags,
      ...others
    } = run.properties as Values;
    const gateway = await gatewayOf(run, external_gateway_info);
    return withSpecs({ ...others, name: nameOf(run), ...given({ external_gateway_info: gateway }) }, value_specs);
  },
  async changes(
    run,
    { value_specs, tags: _tags, l3_agent_ids: _agents, l3_agent_id: _agent, name, external_gateway_info, ...others },
  ) {
    return withSpecs(
      {
        ...others,
        ...(name === undefined ? {} : { name: nameOf(run) }),
        ...(external_gateway_info === undefined
          ? {}
          : { external_gateway_info: (await gatewayOf(run, external_gateway_info)) ?? {} }),
      },
      value_specs,
    );
  },
});

export const router: ResourceType = {
  isNeededUnsaid: true,
  alsoNeeds: ({ external_gateway_info }, others) =>
    subnetsOfNetwork(others, (external_gateway_info as Values | null | undefined)?.network),
  name: "OS::Neutron::Router",
  description: "Routes between subnets and to the outside.",
  properties: {
    name: { ...changeable, description: "Its name." },
    external_gateway_info: {
      type: "map",
      update_allowed: true,
      description: "The network outside.",
      fields: {
        network: { ...text, required: true, update_allowed: true, description: "That network, by id or name." },
        enable_snat: { type: "boolean", update_allowed: true, description: "Whether addresses inside are translated." },
        external_fixed_ips: {
          type: "list",
          update_allowed: true,
          description: "Its addresses there.",
          items: {
            type: "map",
            fields: {
              ip_address: { ...ipAddress, description: "An address." },
              subnet: { ...of("neutron.subnet"), description: "The subnet of it." },
            },
          },
        },
      },
    },
    value_specs: valueSpecs,
    admin_state_up: { type: "boolean", default: true, update_allowed: true, description: "Whether it is up." },
    l3_agent_id: { ...text, update_allowed: true, hidden: true, description: "An L3 agent, in former words." },
    l3_agent_ids: { type: "list", update_allowed: true, items: text, description: "L3 agents that serve it." },
    distributed: { type: "boolean", description: "Whether it is on every host." },
    ha: { type: "boolean", description: "Whether it has a stand-in." },
    availability_zone_hints: { type: "list", update_allowed: true, description: "Zones to serve it from." },
    tags,
  },
  attributes: {
    status: { type: "string", description: "Its status." },
    external_gateway_info: { type: "map", description: "The network outside." },
    name: { type: "string", description: "Its name." },
    admin_state_up: { type: "string", description: "Whether it is up." },
    tenant_id: { type: "string", description: "Whose it is." },
  },
  ...common,
  isCreated: async (run) => {
    await setTags(run, "routers", (run.properties as Values).tags);
    return true;
  },
  async update(run, changed) {
    await common.update(run, changed);
    if (changed.tags !== undefined) await setTags(run, "routers", changed.tags ?? []);
  },
};

interface Interface {
  router: string;
  subnet: string | null;
  port: string | null;
}

/** "router:subnet_id=subnet", or "router:port_id=port". */
function partsOf(physicalId: string): { router: string; body: Record<string, string> } {
  const [, router = "", key = "", id = ""] = /^([^:]+):([^=]+)=(.+)$/.exec(physicalId) ?? [];
  return { router, body: { [key]: id } };
}

export const routerInterface: ResourceType = {
  isNeededUnsaid: true,
  name: "OS::Neutron::RouterInterface",
  service: { name: "network", client: "neutron" },
  description: "Puts a router on a subnet.",
  renamed: { router_id: "router", subnet_id: "subnet", port_id: "port" },
  properties: {
    router: { ...of("neutron.router"), required: true, description: "The router, by id or name." },
    subnet: { ...of("neutron.subnet"), description: "The subnet, by id or name." },
    port: { ...of("neutron.port"), description: "A port to use." },
  },
  attributes: {},
  validate({ properties }) {
    const { subnet, port } = properties as Values;
    if (subnet === null && port === null) {
      throw valueMistake("At least one of the following properties must be specified: subnet, port.");
    }
    if (subnet !== null && port !== null) {
      throw valueMistake("Cannot define the following properties at the same time: subnet, port.");
    }
  },
  async create(run) {
    if (run.physicalId !== null) return;
    const { router: named, subnet, port } = run.properties as unknown as Interface;
    const id = await idOf(run, "router", named);
    const body: Record<string, string> =
      subnet === null
        ? { port_id: await idOf(run, "port", port ?? "") }
        : { subnet_id: await idOf(run, "subnet", subnet) };
    const [[key, value] = ["", ""]] = Object.entries(body);
    if (!(await isThere(run, id, body))) {
      await run.call("network", "routers:add_router_interface", { params: { id }, body });
    }
    run.setPhysicalId(`${id}:${key}=${value}`);
  },
  async delete(run) {
    if (run.physicalId === null) return;
    const { router: id, body } = partsOf(run.physicalId);
    await orGone(() => run.call("network", "routers:remove_router_interface", { params: { id }, body }));
  },
  check() {},
};

/** Whether a crash came after it was added. */
async function isThere(run: Run, router: string, body: Record<string, string>): Promise<boolean> {
  const again = run.data.attempted === true;
  await lost(run, async () => []);
  if (!again) return false;
  const { ports } = await run.call<{ ports: { id: string; fixed_ips: { subnet_id: string }[] }[] }>(
    "network",
    "ports:list",
    {
      query: { device_id: router },
    },
  );
  return ports.some(
    ({ id, fixed_ips }) => id === body.port_id || fixed_ips.some(({ subnet_id }) => subnet_id === body.subnet_id),
  );
}
