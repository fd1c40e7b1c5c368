import { valueMistake } from "../../language/mistakes.ts";
import { given, idOf, idOrNull } from "../asking.ts";
import type { ResourceType } from "../types.ts";
import { of, rest, text } from "./rest.ts";

interface Properties {
  readonly security_group: string;
  readonly protocol: string;
  readonly port_range_min: number | null;
  readonly port_range_max: number | null;
  readonly remote_group: string | null;
  readonly remote_ip_prefix: string | null;
}

/** Their ports are types and codes. */
const ICMP = ["icmp", "icmpv6", "ipv6-icmp"];
const PROTOCOLS = (
  "ah dccp egp esp gre igmp ipv6-encap ipv6-frag ipv6-icmp ipv6-nonxt ipv6-opts ipv6-route ospf pgm rsvp sctp " +
  "udplite vrrp icmp icmpv6 tcp udp"
).split(" ");
const NUMBERS = Array.from({ length: 256 }, (_, number) => String(number));

const edge = (description: string) =>
  ({ type: "integer", constraints: [{ range: { min: 0, max: 65535 } }], description }) as const;

export const securityGroupRule: ResourceType = {
  name: "OS::Neutron::SecurityGroupRule",
  support: { version: "7.0.0" },
  description: "One rule of a security group.",
  properties: {
    security_group: { ...of("neutron.security_group"), required: true, description: "The security group." },
    description: { ...text, description: "What it is for." },
    direction: {
      type: "string",
      default: "ingress",
      constraints: [{ allowed_values: ["ingress", "egress"] }],
      description: "Whether it is about what comes in or what goes out.",
    },
    ethertype: {
      type: "string",
      default: "IPv4",
      constraints: [{ allowed_values: ["IPv4", "IPv6"] }],
      description: "Which addresses it is about.",
    },
    port_range_min: edge("The first port, or the type of ICMP."),
    port_range_max: edge("The last port, or the code of ICMP."),
    protocol: {
      type: "string",
      default: "tcp",
      constraints: [{ allowed_values: [...PROTOCOLS, ...NUMBERS] }],
      description: "The protocol, by its name or number.",
    },
    remote_group: { ...of("neutron.security_group"), description: "The group on the other side." },
    remote_ip_prefix: {
      type: "string",
      constraints: [{ custom_constraint: "net_cidr" }],
      description: "The addresses on the other side.",
    },
  },
  attributes: {},
  validate({ properties }) {
    const p = properties as unknown as Properties;
    if (p.remote_group !== null && p.remote_ip_prefix !== null) {
      throw valueMistake("Cannot define the following properties at the same time: remote_group, remote_ip_prefix.");
    }
    const { port_range_min: min, port_range_max: max } = p;
    if (min !== null && max !== null && !ICMP.includes(p.protocol) && max < min) {
      throw valueMistake("The minimum port number must be less than or equal to the maximum port number.");
    }
  },
  ...rest({
    kind: "security_group_rule",
    async body(run) {
      const { security_group, remote_group, ...others } = run.properties as unknown as Properties;
      return given({
        ...others,
        security_group_id: await idOf(run, "security_group", security_group),
        remote_group_id: await idOrNull(run, "security_group", remote_group),
      });
    },
  }),
};
