import { contains, parseBlock } from "../../kernel/config/addresses.ts";
import { choice, cidr6, integer, ipv6, nonEmpty, optional } from "../../kernel/config/types.ts";
import { variable } from "../../kernel/config/variable.ts";

/** What the network service understands of localrc about IPv6. */
export const ipv6Variables = {
  IPV6_ADDRS_SAFE_TO_USE: variable({
    type: cidr6,
    default: "fd3a:59c1:7e04::/56",
    meaning: "IPv6 range that private networks are taken from.",
  }),
  FIXED_RANGE_V6: variable({
    type: cidr6,
    default: ({ get }) => get("IPV6_ADDRS_SAFE_TO_USE").replace(/\/\d+$/, "/64"),
    derived: "the first /64 of IPV6_ADDRS_SAFE_TO_USE",
    meaning: "IPv6 range of the private subnet when no subnet pool is used.",
  }),
  IPV6_PRIVATE_NETWORK_GATEWAY: variable({
    type: optional(ipv6),
    default: "",
    meaning: "IPv6 gateway of the private subnet; empty means its first address.",
  }),
  IPV6_PUBLIC_RANGE: variable({ type: cidr6, default: "2001:db8::/64", meaning: "IPv6 range of the public network." }),
  IPV6_PUBLIC_NETWORK_GATEWAY: variable({
    type: optional(ipv6),
    // DevStack's default is an address of its default range, and of no other.
    default: ({ get }) => {
      const block = parseBlock(get("IPV6_PUBLIC_RANGE"));
      return block === null || contains(block, "2001:db8::2") ? "2001:db8::2" : "";
    },
    derived: "2001:db8::2 where IPV6_PUBLIC_RANGE holds it",
    meaning: "IPv6 gateway of the public network; empty means its first address.",
  }),
  IPV6_RA_MODE: variable({
    type: choice("slaac", "dhcpv6-stateful", "dhcpv6-stateless"),
    default: "slaac",
    meaning: "Router advertisements of the private IPv6 subnet.",
  }),
  IPV6_ADDRESS_MODE: variable({
    type: choice("slaac", "dhcpv6-stateful", "dhcpv6-stateless"),
    default: "slaac",
    meaning: "How guests of the private IPv6 subnet get their address.",
  }),
  IPV6_PRIVATE_SUBNET_NAME: variable({
    type: nonEmpty,
    default: "ipv6-private-subnet",
    meaning: "Name of the private IPv6 subnet.",
  }),
  IPV6_PUBLIC_SUBNET_NAME: variable({
    type: nonEmpty,
    default: "ipv6-public-subnet",
    meaning: "Name of the public IPv6 subnet.",
  }),
  SUBNETPOOL_NAME_V6: variable({
    type: nonEmpty,
    default: "shared-default-subnetpool-v6",
    meaning: "Name of the IPv6 subnet pool.",
  }),
  SUBNETPOOL_PREFIX_V6: variable({
    type: cidr6,
    default: ({ get }) => get("IPV6_ADDRS_SAFE_TO_USE"),
    derived: "IPV6_ADDRS_SAFE_TO_USE",
    meaning: "Range of the IPv6 subnet pool.",
  }),
  SUBNETPOOL_SIZE_V6: variable({
    type: integer(32, 126),
    default: "64",
    meaning: "Prefix length of an IPv6 subnet taken from the pool.",
  }),
};
