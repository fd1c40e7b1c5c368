import { ApiError } from "../../../../kernel/errors.ts";
import { given, orGone } from "../asking.ts";
import type { ResourceType, Run, Values } from "../types.ts";
import { makeNamed, remove, required, text } from "./vpc-parts.ts";

type Rule = Readonly<Record<string, unknown>>;

const rules = {
  type: "list",
  update_allowed: true,
  items: {
    type: "map",
    fields: {
      CidrIp: { ...text, description: "Addresses." },
      FromPort: { ...text, description: "The first port." },
      ToPort: { ...text, description: "The last port." },
      IpProtocol: { ...text, description: "The protocol." },
      SourceSecurityGroupId: { ...text, description: "A group whose members are meant." },
      SourceSecurityGroupName: { ...text, description: "The same by its name." },
      SourceSecurityGroupOwnerId: { ...text, description: "Taken and not looked at." },
    },
  },
} as const;

const portOf = (value: unknown): number | null => {
  const port = Number(value);
  return value === null || value === undefined || Number.isNaN(port) || port < 0 ? null : port;
};

const bodyOf = (rule: Rule, direction: string) => ({
  direction,
  ethertype: "IPv4",
  remote_ip_prefix: rule.FromPort === null && rule.ToPort === null ? null : rule.CidrIp,
  port_range_min: portOf(rule.FromPort),
  port_range_max: portOf(rule.ToPort),
  // Amazon's word for all of them.
  protocol: rule.IpProtocol === "-1" ? null : rule.IpProtocol,
  remote_group_id: rule.SourceSecurityGroupId ?? rule.SourceSecurityGroupName,
});

const KEYS = [
  "direction",
  "remote_ip_prefix",
  "port_range_min",
  "port_range_max",
  "protocol",
  "remote_group_id",
] as const;

const keyOf = (rule: Rule): string => JSON.stringify(KEYS.map((key) => rule[key] ?? null));

/** Those that are wanted are made, others go; what a group has of itself goes where others are wanted. */
async function setRules(run: Run, properties: Values, isNew: boolean): Promise<void> {
  const id = run.physicalId ?? "";
  const { security_group } = await run.call<{ security_group: { security_group_rules: (Rule & { id: string })[] } }>(
    "network",
    "security_groups:show",
    { params: { id } },
  );
  const wanted = (["SecurityGroupIngress", "SecurityGroupEgress"] as const).flatMap((name) =>
    ((properties[name] ?? []) as Rule[]).map((rule) =>
      bodyOf(rule, name === "SecurityGroupIngress" ? "ingress" : "egress"),
    ),
  );
  const keys = new Set(wanted.map(keyOf));
  const saysEgress = ((properties.SecurityGroupEgress ?? []) as unknown[]).length > 0;
  for (const rule of security_group.security_group_rules) {
    const isOwn = isNew && !saysEgress;
    if (!keys.has(keyOf(rule)) && !isOwn && (rule.direction === "ingress" || saysEgress)) {
      await orGone(() => run.call("network", "security_group_rules:delete", { params: { id: rule.id } }));
    }
  }
  const present = new Set(security_group.security_group_rules.map(keyOf));
  for (const rule of wanted) {
    if (present.has(keyOf(rule))) continue;
    present.add(keyOf(rule));
    const body = { security_group_rule: given({ ...rule, security_group_id: id }) };
    try {
      await run.call("network", "security_group_rules:create", { body });
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 409)) throw error;
    }
  }
}

export const ec2SecurityGroup: ResourceType = {
  name: "AWS::EC2::SecurityGroup",
  service: { name: "network", client: "neutron" },
  description: "A security group.",
  properties: {
    GroupDescription: { ...required, description: "What it is for." },
    VpcId: { ...text, description: "Taken and not looked at." },
    SecurityGroupIngress: { ...rules, description: "What may come in." },
    SecurityGroupEgress: { ...rules, description: "What may go out." },
  },
  attributes: {},
  async create(run) {
    const description = run.properties.GroupDescription;
    run.setPhysicalId(run.physicalId ?? (await makeNamed(run, "security_group", { description })));
    await setRules(run, run.properties, true);
  },
  update: (run) => setRules(run, run.properties, false),
  async delete(run) {
    if (run.physicalId !== null) await remove(run, "security_group", run.physicalId);
  },
};
