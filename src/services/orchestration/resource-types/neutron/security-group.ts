import { valueMistake } from "../../language/mistakes.ts";
import { same } from "../../values/python.ts";
import { given, nameOf, orGone } from "../asking.ts";
import type { ResourceType, Run, Values, Wanted } from "../types.ts";
import { changeable, of, rest, text } from "./rest.ts";

interface Rule {
  direction: string;
  ethertype: string;
  port_range_min: number | null;
  port_range_max: number | null;
  protocol: string | null;
  remote_mode: string;
  remote_group_id: string | null;
  remote_ip_prefix: string | null;
}

type Made = { id: string } & Record<string, unknown>;

const rulesOf = ({ properties }: Pick<Wanted, "properties">): readonly Rule[] =>
  (properties as unknown as { rules: readonly Rule[] | null }).rules ?? [];

/** As neutron takes it: a rule that names a group without an id means its own. */
function bodyOf(rule: Rule, group: string): Record<string, unknown> {
  const { remote_mode, remote_group_id, protocol, ...others } = rule;
  const remote = remote_mode === "remote_group_id" ? { remote_group_id: remote_group_id ?? group } : {};
  return given({ ...others, protocol: protocol === "" ? null : protocol, ...remote, security_group_id: group });
}

const ruleList = (run: Run, group: string) =>
  run.call<{ security_group_rules: Made[] }>("network", "security_group_rules:list", {
    query: { security_group_id: group },
  });

async function setRules(run: Run): Promise<void> {
  const group = run.physicalId;
  if (group === null) return;
  const wanted = rulesOf(run).map((rule) => bodyOf(rule, group));
  const { security_group_rules: present } = await ruleList(run, group);
  const fits = (made: Made, body: Record<string, unknown>) =>
    COMPARED.every((key) => same(made[key] ?? null, normal(key, body[key] ?? null)));
  // Where rules for sending are given, those that every group begins with go.
  const givesEgress = rulesOf(run).some(({ direction }) => direction === "egress");
  const isOwn = (made: Made) =>
    made.direction === "egress" &&
    made.protocol === null &&
    made.remote_ip_prefix === null &&
    made.remote_group_id === null;
  for (const made of present) {
    if (wanted.some((body) => fits(made, body)) || (!givesEgress && isOwn(made))) continue;
    await orGone(() => run.call("network", "security_group_rules:delete", { params: { id: made.id } }));
  }
  for (const body of wanted) {
    if (present.some((made) => fits(made, body))) continue;
    await run.call("network", "security_group_rules:create", { body: { security_group_rule: body } });
  }
}

const COMPARED = [
  "direction",
  "ethertype",
  "protocol",
  "port_range_min",
  "port_range_max",
  "remote_ip_prefix",
  "remote_group_id",
];
const normal = (key: string, value: unknown) =>
  key === "protocol" && typeof value === "string" ? value.toLowerCase() : value;

const common = rest({
  kind: "security_group",
  body: (run) => ({ name: nameOf(run), description: (run.properties as Values).description ?? "" }),
  changes(run, { name, description }) {
    return {
      ...(name === undefined ? {} : { name: nameOf(run) }),
      ...(description === undefined ? {} : { description: description ?? "" }),
    };
  },
});

const port = { type: "integer", constraints: [{ range: { min: 0, max: 65_535 } }] } as const;

export const securityGroup: ResourceType = {
  name: "OS::Neutron::SecurityGroup",
  support: { version: "2014.1" },
  description: "Which packets ports take and send.",
  properties: {
    name: { ...changeable, description: "Its name." },
    description: { ...changeable, description: "What it is for." },
    rules: {
      type: "list",
      default: [],
      update_allowed: true,
      description: "Its rules.",
      items: {
        type: "map",
        fields: {
          direction: {
            ...text,
            default: "ingress",
            constraints: [{ allowed_values: ["ingress", "egress"] }],
            description: "Whether packets come or go.",
          },
          ethertype: {
            ...text,
            default: "IPv4",
            constraints: [{ allowed_values: ["IPv4", "IPv6"] }],
            description: "IPv4 or IPv6.",
          },
          port_range_min: { ...port, description: "The first port; of ICMP, the type." },
          port_range_max: { ...port, description: "The last port; of ICMP, the code." },
          protocol: { ...text, description: "The protocol." },
          remote_mode: {
            ...text,
            default: "remote_ip_prefix",
            constraints: [{ allowed_values: ["remote_ip_prefix", "remote_group_id"] }],
            description: "Whether the other end is told by address or by group.",
          },
          remote_group_id: {
            ...of("neutron.security_group"),
            description: "The group of the other end; its own where there is none.",
          },
          remote_ip_prefix: { ...of("net_cidr"), description: "Addresses of the other end." },
        },
      },
    },
  },
  attributes: {},
  validate(wanted) {
    if ((wanted.properties as Values).name === "default") {
      throw valueMistake('Security groups cannot be assigned the name "default".');
    }
  },
  ...common,
  isCreated: async (run) => {
    await setRules(run);
    return true;
  },
  async update(run, changed) {
    await common.update(run, changed);
    if (changed.rules !== undefined) await setRules(run);
  },
};
