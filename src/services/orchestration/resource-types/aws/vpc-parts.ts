import { ApiError } from "../../../../kernel/errors.ts";
import { lost, orGone } from "../asking.ts";
import { ResourceError, type Run, type Wanted } from "../types.ts";

/** What types of EC2 have in common: they are things of neutron and nova under Amazon's names. */

type Asking = Pick<Wanted, "call">;

export interface Named {
  readonly id: string;
  readonly name: string;
}

export const text = { type: "string" } as const;
export const required = { type: "string", required: true } as const;
export const of = (constraint: string) =>
  ({ type: "string", constraints: [{ custom_constraint: constraint }] }) as const;
export const neutron = { name: "network", client: "neutron" } as const;
export const nova = { name: "compute", client: "nova" } as const;

const pair = {
  type: "map",
  fields: {
    Key: { ...required, description: "A name." },
    Value: { ...required, description: "What it says." },
  },
} as const;
/** Taken, and kept nowhere: neutron had no tags then. */
export const tags = { type: "list", items: pair, description: "Names and what they say." } as const;

/** "VpcId" → its network; the router of a VPC has the network's name. Null: there is none. Errors: several of one name. */
export async function routerOfVpc(asking: Asking, networkId: string): Promise<Named | null> {
  const { network } = await asking.call<{ network: Named }>("network", "networks:show", { params: { id: networkId } });
  const { routers } = await asking.call<{ routers: Named[] }>("network", "routers:list", {
    query: { name: network.name },
  });
  if (routers.length > 1) throw new ResourceError("Error", `Multiple routers found with name ${network.name}`);
  return routers[0] ?? null;
}

/** Errors: there are several, or none. */
export async function outsideOf(asking: Asking): Promise<string> {
  const query = { "router:external": "True" };
  const { networks } = await asking.call<{ networks: Named[] }>("network", "networks:list", { query });
  const [only] = networks;
  if (only === undefined || networks.length > 1) {
    throw new ResourceError("Error", `Expected 1 external network, found ${networks.length}`);
  }
  return only.id;
}

export const setGateway = (asking: Asking, id: string, network_id: string | null) =>
  orGone(() =>
    asking.call("network", "routers:update", {
      params: { id },
      body: { router: { external_gateway_info: network_id === null ? {} : { network_id } } },
    }),
  );

/** That it is there already, or gone already, is no error. */
export async function plug(asking: Asking, router: string, subnet_id: string, verb: "add" | "remove"): Promise<void> {
  const body = { subnet_id };
  try {
    await asking.call("network", `routers:${verb}_router_interface`, { params: { id: router }, body });
  } catch (error) {
    if (error instanceof ApiError && error.status === 404 && verb === "remove") return;
    if (error instanceof ApiError && error.status === 400 && verb === "add" && (await isOn(asking, router, subnet_id)))
      return;
    throw error;
  }
}

async function isOn(asking: Asking, device_id: string, subnet: string): Promise<boolean> {
  const { ports } = await asking.call<{ ports: { fixed_ips: { subnet_id: string }[] }[] }>("network", "ports:list", {
    query: { device_id },
  });
  return ports.some(({ fixed_ips }) => fixed_ips.some(({ subnet_id }) => subnet_id === subnet));
}

/** Makes a thing of neutron, or finds the one that a crash left. */
export async function makeNamed(run: Run, kind: string, body: Record<string, unknown>): Promise<string> {
  const name = run.physicalName();
  const left = await lost(run, async () => {
    const listed = await run.call<Record<string, Named[]>>("network", `${kind}s:list`, { query: { name } });
    return listed[`${kind}s`] ?? [];
  });
  if (left !== null) return left;
  const made = await run.call<Record<string, Named>>("network", `${kind}s:create`, {
    body: { [kind]: { ...body, name } },
  });
  return made[kind]?.id ?? "";
}

export const remove = (asking: Asking, kind: string, id: string) =>
  orGone(() => asking.call("network", `${kind}s:delete`, { params: { id } }));

export const networkOfSubnet = async (asking: Asking, id: string): Promise<string> =>
  (await asking.call<{ subnet: { network_id: string } }>("network", "subnets:show", { params: { id } })).subnet
    .network_id;
