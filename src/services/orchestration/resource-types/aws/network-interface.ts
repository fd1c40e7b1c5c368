import { given, idOf } from "../asking.ts";
import type { ResourceType, Run } from "../types.ts";
import { makeNamed, networkOfSubnet, neutron, of, remove, tags, text } from "./vpc-parts.ts";

export const groupIds = (run: Run, groups: unknown): Promise<string[]> =>
  Promise.all((groups as string[]).map((group) => idOf(run, "security_group", group)));

export const networkInterface: ResourceType = {
  name: "AWS::EC2::NetworkInterface",
  service: neutron,
  description: "A port.",
  properties: {
    Description: { ...text, description: "What it is for." },
    GroupSet: { type: "list", update_allowed: true, description: "Its security groups." },
    PrivateIpAddress: { ...text, description: "Its address." },
    SourceDestCheck: { type: "boolean", description: "Taken and not looked at." },
    SubnetId: { ...of("neutron.subnet"), required: true, description: "Its subnet." },
    Tags: tags,
  },
  attributes: { PrivateIpAddress: { type: "string", description: "Its address." } },
  async create(run) {
    if (run.physicalId !== null) return;
    const { SubnetId, PrivateIpAddress, GroupSet } = run.properties;
    const subnet_id = await idOf(run, "subnet", String(SubnetId));
    const id = await makeNamed(run, "port", {
      network_id: await networkOfSubnet(run, subnet_id),
      fixed_ips: [given({ subnet_id, ip_address: PrivateIpAddress || null })],
      ...(GroupSet === null ? {} : { security_groups: await groupIds(run, GroupSet) }),
    });
    run.setPhysicalId(id);
  },
  async update(run, changed) {
    if (changed.GroupSet === undefined) return;
    const body = { port: { security_groups: await groupIds(run, changed.GroupSet ?? ["default"]) } };
    await run.call("network", "ports:update", { params: { id: run.physicalId ?? "" }, body });
  },
  async delete(run) {
    if (run.physicalId !== null) await remove(run, "port", run.physicalId);
  },
  async attribute({ call, physicalId }) {
    if (physicalId === null) return null;
    const { port } = await call<{ port: { fixed_ips: { ip_address: string }[] } }>("network", "ports:show", {
      params: { id: physicalId },
    });
    return port.fixed_ips[0]?.ip_address ?? null;
  },
};
