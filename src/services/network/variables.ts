import { firstHost, parseBlock } from "../../kernel/config/addresses.ts";
import { type ConfigurationFiles, own, same } from "../../kernel/config/declaration.ts";
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
  quota,
  text,
  type ValueType,
} from "../../kernel/config/types.ts";
import { classicPort, newDefaults, variable } from "../../kernel/config/variable.ts";
import type { ipv6Variables } from "./variables-ipv6.ts";

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

/** What it understands of localrc. */
export const variables = {
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
  Q_PORT: classicPort(9696, "Classic port of network."),
  NEUTRON_ENFORCE_NEW_DEFAULTS: newDefaults("neutron"),
};

/** What it understands of its configuration files. */
const options = {
  "DEFAULT/global_physnet_mtu": own(integer(576, 65535), 1500, "MTU of networks."),
  "DEFAULT/dns_domain": own(text, "openstacklocal.", "Domain of ports' names."),
  "DEFAULT/dhcp_lease_duration": own(integer(-1), 86400, "Seconds of a DHCP lease; -1 is for ever."),
  "DEFAULT/max_allowed_address_pair": own(integer(0), 10, "Allowed address pairs per port."),
  "DEFAULT/max_routes": own(integer(0), 30, "Extra routes per router."),
  "DEFAULT/max_dns_nameservers": own(integer(0), 5, "Name servers per subnet."),
  "DEFAULT/max_subnet_host_routes": own(integer(0), 20, "Host routes per subnet."),
  "quotas/quota_network": own(quota, 100, "Networks per project."),
  "quotas/quota_subnet": own(quota, 100, "Subnets per project."),
  "quotas/quota_subnetpool": own(quota, -1, "Subnet pools per project."),
  "quotas/quota_port": own(quota, 500, "Ports per project."),
  "quotas/quota_router": own(quota, 10, "Routers per project."),
  "quotas/quota_floatingip": own(quota, 50, "Floating IPs per project."),
  "quotas/quota_security_group": own(quota, 10, "Security groups per project."),
  "quotas/quota_security_group_rule": own(quota, 100, "Security group rules per project."),
  "quotas/quota_rbac_policy": own(quota, 10, "RBAC policies per project."),
  "DEFAULT/dnsmasq_dns_servers": same("DHCP_DNS_SERVERS"),
  "oslo_policy/enforce_new_defaults": same("NEUTRON_ENFORCE_NEW_DEFAULTS"),
  "DEFAULT/debug": same("ENABLE_DEBUG_LOG_LEVEL"),
};

/** Where options stood in old releases (their deprecated_group in neutron/conf) → where they stand today. */
const former = {
  "DEFAULT/network_device_mtu": "DEFAULT/global_physnet_mtu",
  ...Object.fromEntries(
    ["network", "subnet", "port", "router", "floatingip", "security_group", "security_group_rule"].map((name) => [
      `DEFAULT/quota_${name}`,
      `quotas/quota_${name}`,
    ]),
  ),
};

export const files: ConfigurationFiles = {
  name: "neutron",
  variable: "$NEUTRON_CONF",
  targets: [
    /^\/?\$(NEUTRON|Q_PLUGIN|NEUTRON_CORE_PLUGIN|Q_L3|Q_DHCP|Q_META|NEUTRON_L3|NEUTRON_DHCP|NEUTRON_META)_CONF(_FILE)?$/,
    /\/neutron\.conf$|\/ml2_conf\.ini$|\/(l3|dhcp|metadata)_agent\.ini$/,
  ],
  options,
  former,
};

type NetworkVariables = typeof variables & typeof ipv6Variables;

declare module "../../kernel/config/variables.ts" {
  interface ServiceVariables extends NetworkVariables {}
  interface OptionTables {
    neutron: typeof options;
  }
}
