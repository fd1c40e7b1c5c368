import { firstHost, parseBlock } from "../addresses.ts";
import type { ValueType } from "../types.ts";
import {
  boolean,
  choice,
  cidr4,
  host,
  integer,
  interfaceName,
  ipv4,
  listOf,
  nonEmpty,
  optional,
  pool,
} from "../types.ts";
import { variable } from "../variable.ts";

const openTraffic: ValueType<string> = {
  description: "ssh, icmp, http, https, tcp/PORT or udp/PORT",
  parse: (value) =>
    /^(ssh|icmp|http|https|(tcp|udp)\/\d{1,5}(-\d{1,5})?)$/.test(value)
      ? { ok: true, value }
      : {
          ok: false,
          message: `is "${value}"`,
          hint: "items are ssh, icmp, http, https, tcp/PORT, udp/PORT or tcp/FROM-TO",
        },
};

export const networkVariables = {
  IP_VERSION: variable({
    type: choice("4", "6", "4+6"),
    default: ({ facts }) => (facts.hasIpv6 ? "4+6" : "4"),
    derived: "4+6 (4 when the host has no IPv6)",
    meaning: "Address families of the seeded networks.",
  }),
  IPV4_ADDRS_SAFE_TO_USE: variable({
    type: cidr4,
    default: "10.0.0.0/22",
    meaning: "Range that private networks are taken from.",
  }),
  FIXED_RANGE: variable({
    type: cidr4,
    default: ({ get }) => get("IPV4_ADDRS_SAFE_TO_USE"),
    derived: "IPV4_ADDRS_SAFE_TO_USE",
    meaning: "Range of the private subnet when no subnet pool is used.",
  }),
  NETWORK_GATEWAY: variable({
    type: optional(ipv4),
    default: "",
    meaning: "Gateway of the private subnet; empty means its first address.",
  }),
  FLOATING_RANGE: variable({
    type: cidr4,
    default: "172.24.4.0/24",
    meaning: "Range of the public network: floating IPs and router gateways.",
  }),
  PUBLIC_NETWORK_GATEWAY: variable({
    type: ipv4,
    default: ({ get }) => {
      const block = parseBlock(get("FLOATING_RANGE"));
      return block === null ? "" : firstHost(block);
    },
    derived: "first address of FLOATING_RANGE",
    meaning: "Gateway of the public network, put on PUBLIC_BRIDGE.",
  }),
  Q_FLOATING_ALLOCATION_POOL: variable({
    type: optional(pool),
    default: "",
    meaning: "Part of FLOATING_RANGE to hand out; empty means all of it.",
  }),
  USE_SUBNETPOOL: variable({
    type: boolean,
    default: "True",
    meaning: "Make a shared default subnet pool and take the private subnet from it.",
  }),
  SUBNETPOOL_NAME_V4: variable({
    type: nonEmpty,
    default: "shared-default-subnetpool-v4",
    aliases: ["SUBNETPOOL_NAME"],
    meaning: "Name of the IPv4 subnet pool.",
  }),
  SUBNETPOOL_PREFIX_V4: variable({
    type: cidr4,
    default: ({ get }) => get("FIXED_RANGE"),
    derived: "FIXED_RANGE",
    meaning: "Range of the IPv4 subnet pool.",
  }),
  SUBNETPOOL_SIZE_V4: variable({
    type: integer(8, 30),
    default: "26",
    meaning: "Prefix length of a subnet taken from the pool.",
  }),
  PRIVATE_NETWORK_NAME: variable({ type: nonEmpty, default: "private", meaning: "Name of the private network." }),
  PRIVATE_SUBNET_NAME: variable({ type: nonEmpty, default: "private-subnet", meaning: "Name of its IPv4 subnet." }),
  PUBLIC_NETWORK_NAME: variable({ type: nonEmpty, default: "public", meaning: "Name of the external network." }),
  PUBLIC_SUBNET_NAME: variable({ type: nonEmpty, default: "public-subnet", meaning: "Name of its IPv4 subnet." }),
  Q_ROUTER_NAME: variable({ type: nonEmpty, default: "router1", meaning: "Name of the router between the two." }),
  NEUTRON_CREATE_INITIAL_NETWORKS: variable({
    type: boolean,
    default: "True",
    meaning: "Seed the private and public networks and the router.",
  }),
  PUBLIC_BRIDGE: variable({ type: interfaceName, default: "br-ex", meaning: "Bridge of the public network." }),
  PUBLIC_BRIDGE_MTU: variable({ type: integer(576, 65535), default: "1500", meaning: "MTU of PUBLIC_BRIDGE." }),
  PUBLIC_INTERFACE: variable({
    type: optional(interfaceName),
    default: "",
    meaning: "Host interface the public network goes out of, without address translation; comes back at unstack.",
  }),
  PUBLIC_PHYSICAL_NETWORK: variable({
    type: nonEmpty,
    default: "public",
    meaning: "Provider name of the physical network.",
  }),
  PUBLIC_PROVIDERNET_TYPE: variable({
    type: choice("flat", "vlan"),
    default: "flat",
    meaning: "Provider type of the public network.",
  }),
  PUBLIC_PROVIDERNET_SEGMENTATION_ID: variable({
    type: optional(integer(1, 4094)),
    default: "",
    meaning: "VLAN of the public network, with type vlan.",
  }),
  NEUTRON_PORT_SECURITY: variable({ type: boolean, default: "True", meaning: "Offer the port security extension." }),
  Q_USE_SECGROUP: variable({ type: boolean, default: "True", meaning: "Filter traffic by security groups." }),
  SECURITY_GROUP_OPEN: variable({
    type: listOf(openTraffic, "list of ssh, icmp, http, https, tcp/PORT, udp/PORT"),
    default: "",
    meaning: "What the seeded projects' default security groups let in; as in OpenStack nothing by default.",
  }),
  DHCP_DNS_SERVERS: variable({
    type: listOf(host, "list of addresses"),
    default: "",
    meaning: "Name servers of guests whose subnet names none; empty means the host's own.",
  }),
};
