import { orGone } from "../asking.ts";
import type { ResourceType } from "../types.ts";
import {
  makeNamed,
  type Named,
  neutron,
  of,
  outsideOf,
  plug,
  remove,
  required,
  routerOfVpc,
  setGateway,
  tags,
  text,
} from "./vpc-parts.ts";

export const vpc: ResourceType = {
  name: "AWS::EC2::VPC",
  service: neutron,
  description: "A network with a router of the same name.",
  properties: {
    CidrBlock: { ...text, description: "Its addresses." },
    InstanceTenancy: {
      ...text,
      default: "default",
      constraints: [{ allowed_values: ["default", "dedicated"] }],
      description: "Taken and not looked at.",
    },
    Tags: tags,
  },
  attributes: {},
  async create(run) {
    const id = run.physicalId ?? (await makeNamed(run, "network", {}));
    run.setPhysicalId(id);
    if ((await routerOfVpc(run, id)) === null) {
      await run.call("network", "routers:create", { body: { router: { name: run.physicalName() } } });
    }
  },
  async delete(run) {
    const { physicalId: id } = run;
    if (id === null) return;
    const router = await orGone(() => routerOfVpc(run, id));
    if (router !== null) await remove(run, "router", router.id);
    await remove(run, "network", id);
  },
};

export const ec2Subnet: ResourceType = {
  name: "AWS::EC2::Subnet",
  service: neutron,
  description: "Addresses of a VPC, with its router on them.",
  properties: {
    AvailabilityZone: { ...text, description: "Taken and given back." },
    CidrBlock: { ...required, description: "The addresses." },
    VpcId: { ...required, description: "The VPC." },
    Tags: tags,
  },
  attributes: { AvailabilityZone: { type: "string", description: "As it was given." } },
  async create(run) {
    const { VpcId, CidrBlock } = run.properties;
    const network_id = String(VpcId);
    const id = run.physicalId ?? (await makeNamed(run, "subnet", { network_id, cidr: CidrBlock, ip_version: 4 }));
    run.setPhysicalId(id);
    const router = await routerOfVpc(run, network_id);
    if (router !== null) await plug(run, router.id, id, "add");
  },
  async delete(run) {
    const { physicalId: id } = run;
    if (id === null) return;
    const router = await orGone(() => routerOfVpc(run, String(run.properties.VpcId)));
    if (router !== null) await plug(run, router.id, id, "remove");
    await remove(run, "subnet", id);
  },
  attribute: ({ properties }, name) => (name === "AvailabilityZone" ? properties.AvailabilityZone : null),
};

export const internetGateway: ResourceType = {
  name: "AWS::EC2::InternetGateway",
  service: null,
  description: "Stands for the network outside.",
  properties: { Tags: tags },
  attributes: {},
  create: (run) => run.setPhysicalId(run.physicalName()),
};

export const vpcGatewayAttachment: ResourceType = {
  name: "AWS::EC2::VPCGatewayAttachment",
  service: neutron,
  description: "Gives the route tables of a VPC a way outside.",
  properties: {
    VpcId: { ...required, description: "The VPC." },
    InternetGatewayId: { ...text, description: "The gateway." },
    VpnGatewayId: { ...text, description: "Taken and not looked at." },
  },
  attributes: {},
  alsoNeeds: ({ VpcId }, others) =>
    others
      .of("AWS::EC2::RouteTable")
      .filter(({ properties }) => properties.VpcId === VpcId)
      .map(({ name }) => name),
  async create(run) {
    const network = await outsideOf(run);
    // Heat does so for the route tables of its template alone; a VPC without any has its own router.
    const routers = await tablesOf(run, String(run.properties.VpcId));
    for (const { id } of routers) await setGateway(run, id, network);
    run.setData(
      "routers",
      routers.map(({ id }) => id),
    );
    run.setPhysicalId(run.physicalName());
  },
  async delete(run) {
    for (const id of (run.data.routers ?? []) as string[]) await setGateway(run, id, null);
  },
};

/** The routers that stand for a VPC: its own, and those of its route tables. */
async function tablesOf(run: Parameters<typeof outsideOf>[0], vpcId: string): Promise<Named[]> {
  const own = await routerOfVpc(run, vpcId);
  const { routers } = await run.call<{ routers: (Named & { description?: string })[] }>("network", "routers:list");
  const tables = routers.filter(({ description }) => description === tableOf(vpcId));
  return [...(own === null ? [] : [own]), ...tables];
}

/** How the router of a route table says whose it is. */
const tableOf = (vpcId: string): string => `Route table of ${vpcId}`;

export const routeTable: ResourceType = {
  name: "AWS::EC2::RouteTable",
  service: neutron,
  support: { version: "2014.1" },
  description: "A further router of a VPC.",
  isNeededUnsaid: true,
  properties: { VpcId: { ...required, description: "The VPC." }, Tags: tags },
  attributes: {},
  async create(run) {
    const vpcId = String(run.properties.VpcId);
    run.setPhysicalId(run.physicalId ?? (await makeNamed(run, "router", { description: tableOf(vpcId) })));
  },
  async isCreated(run) {
    const own = await routerOfVpc(run, String(run.properties.VpcId));
    if (own === null) return true;
    const { router } = await run.call<{ router: { external_gateway_info: { network_id: string } | null } }>(
      "network",
      "routers:show",
      { params: { id: own.id } },
    );
    const network = router.external_gateway_info?.network_id;
    if (network !== undefined) await setGateway(run, run.physicalId ?? "", network);
    return true;
  },
  async delete(run) {
    if (run.physicalId !== null) await remove(run, "router", run.physicalId);
  },
};

export const subnetRouteTableAssociation: ResourceType = {
  name: "AWS::EC2::SubnetRouteTableAssociation",
  service: neutron,
  description: "Puts a route table on a subnet, in place of the VPC's own router.",
  properties: {
    RouteTableId: { ...required, description: "The route table." },
    SubnetId: { ...of("neutron.subnet"), required: true, description: "The subnet." },
  },
  attributes: {},
  async create(run) {
    await move(run, "add");
    run.setPhysicalId(run.id);
  },
  async delete(run) {
    if (run.physicalId !== null) await orGone(() => move(run, "remove"));
  },
};

async function move(run: Parameters<NonNullable<ResourceType["create"]>>[0], verb: "add" | "remove"): Promise<void> {
  const { RouteTableId, SubnetId } = run.properties as Record<string, string>;
  const [table, subnet] = [String(RouteTableId), String(SubnetId)];
  const { subnet: shown } = await run.call<{ subnet: { network_id: string } }>("network", "subnets:show", {
    params: { id: subnet },
  });
  const own = await orGone(() => routerOfVpc(run, shown.network_id));
  if (verb === "add" && own !== null) await plug(run, own.id, subnet, "remove");
  await plug(run, table, subnet, verb);
  if (verb === "remove" && own !== null) await plug(run, own.id, subnet, "add");
}
