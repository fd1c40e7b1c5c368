import { firstHost, parseBlock } from "../../kernel/config/addresses.ts";
import type { SettingsDeclaration } from "../../kernel/config/declaration.ts";
import type { Resolver } from "../../kernel/config/resolve.ts";
import type { AddressRange } from "../../kernel/config/settings.ts";
import { fitSubnetPool } from "./private-subnet.ts";
import { checkNetwork } from "./settings-check.ts";
import { files, variables } from "./variables.ts";
import { ipv6Variables } from "./variables-ipv6.ts";

export interface NetworkSettings {
  /** IP_VERSION: which subnets are seeded. */
  readonly ipVersion: "4" | "6" | "4+6";
  /** IPV4_ADDRS_SAFE_TO_USE */
  readonly safeRange: string;
  /** FIXED_RANGE: CIDR of the private subnet when no pool is used. */
  readonly fixedRange: string;
  /** FLOATING_RANGE: CIDR of the public subnet. */
  readonly floatingRange: string;
  /** USE_SUBNETPOOL */
  readonly useSubnetPool: boolean;
  /** SUBNETPOOL_NAME_V4 */
  readonly subnetPoolName: string;
  /** SUBNETPOOL_PREFIX_V4 */
  readonly subnetPoolPrefix: string;
  /** SUBNETPOOL_SIZE_V4: prefix length of what is taken from the pool. */
  readonly subnetPoolSize: number;
  /** NETWORK_GATEWAY, or null for the first address of the private subnet. */
  readonly gateway: string | null;
  /** PUBLIC_NETWORK_GATEWAY: put on the public bridge; the first address of FLOATING_RANGE when not set. */
  readonly publicGateway: string;
  /** Q_FLOATING_ALLOCATION_POOL, or null for all of FLOATING_RANGE but the gateway. */
  readonly floatingAllocationPool: AddressRange | null;
  /** PRIVATE_NETWORK_NAME, PUBLIC_NETWORK_NAME, PRIVATE_SUBNET_NAME, PUBLIC_SUBNET_NAME, Q_ROUTER_NAME */
  readonly privateNetworkName: string;
  readonly publicNetworkName: string;
  readonly privateSubnetName: string;
  readonly publicSubnetName: string;
  readonly routerName: string;
  /** NEUTRON_CREATE_INITIAL_NETWORKS */
  readonly createInitialNetworks: boolean;
  /** PUBLIC_BRIDGE */
  readonly publicBridge: string;
  /** PUBLIC_BRIDGE_MTU */
  readonly publicBridgeMtu: number;
  /** PUBLIC_INTERFACE: NIC that joins the public bridge, or null (then FLOATING_RANGE is masqueraded). */
  readonly publicInterface: string | null;
  /** PUBLIC_PHYSICAL_NETWORK: physical network name of the public one. */
  readonly publicPhysicalNetwork: string;
  /** PUBLIC_PROVIDERNET_TYPE */
  readonly publicProviderType: "flat" | "vlan";
  /** PUBLIC_PROVIDERNET_SEGMENTATION_ID, or null. */
  readonly publicSegmentationId: number | null;
  /** NEUTRON_PORT_SECURITY */
  readonly portSecurity: boolean;
  /** Q_USE_SECGROUP */
  readonly useSecurityGroups: boolean;
  /** SECURITY_GROUP_OPEN: what the seeded projects' default groups let in (`ssh`, `icmp`, `http`, `https`, or `tcp/PORT`, `udp/PORT`, PORT may be `FROM-TO`). */
  readonly securityGroupOpen: readonly string[];
  /** IPV6_ADDRS_SAFE_TO_USE, FIXED_RANGE_V6, IPV6_PUBLIC_RANGE, … */
  readonly ipv6: {
    /** FIXED_RANGE_V6 */
    readonly fixedRange: string;
    /** IPV6_PRIVATE_NETWORK_GATEWAY, or null for the first address. */
    readonly gateway: string | null;
    /** IPV6_PUBLIC_RANGE */
    readonly publicRange: string;
    /** IPV6_PUBLIC_NETWORK_GATEWAY, or null for the first address. */
    readonly publicGateway: string | null;
    /** IPV6_RA_MODE */
    readonly raMode: "slaac" | "dhcpv6-stateful" | "dhcpv6-stateless";
    /** IPV6_ADDRESS_MODE */
    readonly addressMode: "slaac" | "dhcpv6-stateful" | "dhcpv6-stateless";
    /** IPV6_PRIVATE_SUBNET_NAME */
    readonly privateSubnetName: string;
    /** IPV6_PUBLIC_SUBNET_NAME */
    readonly publicSubnetName: string;
    /** SUBNETPOOL_NAME_V6 */
    readonly subnetPoolName: string;
    /** SUBNETPOOL_PREFIX_V6 */
    readonly subnetPoolPrefix: string;
    /** SUBNETPOOL_SIZE_V6 */
    readonly subnetPoolSize: number;
  };
  /** neutron [DEFAULT] global_physnet_mtu */
  readonly mtu: number;
  /** neutron [DEFAULT] dns_domain, with its dot at the end. */
  readonly dnsDomain: string;
  /** DHCP_DNS_SERVERS / neutron dhcp agent's dnsmasq_dns_servers: resolvers given to guests of subnets without their own; empty means the host's. */
  readonly dnsServers: readonly string[];
  /** neutron [DEFAULT] dhcp_lease_duration, seconds; -1 is infinite. */
  readonly dhcpLeaseDuration: number;
  /** neutron [DEFAULT] max_allowed_address_pair, max_fixed_ips_per_port, max_routes (-1 unlimited where upstream allows it) */
  readonly maxAllowedAddressPairs: number;
  readonly maxRoutes: number;
  readonly maxDnsNameservers: number;
  readonly maxSubnetHostRoutes: number;
  readonly quotas: NetworkQuotas;
}

/** neutron [quotas] quota_*; -1 is unlimited. */
export interface NetworkQuotas {
  readonly network: number;
  readonly subnet: number;
  readonly subnetpool: number;
  readonly port: number;
  readonly router: number;
  readonly floatingip: number;
  readonly securityGroup: number;
  readonly securityGroupRule: number;
  readonly rbacPolicy: number;
}

declare module "../../kernel/config/settings.ts" {
  interface Settings {
    readonly network: NetworkSettings;
  }
  interface PortSettings {
    /** Q_PORT (9696) */
    readonly network: number;
  }
}

export const settings: SettingsDeclaration = {
  groups: [
    { title: "Networks", variables },
    { title: "IPv6", variables: ipv6Variables },
  ],
  files,
  newDefaults: "NEUTRON_ENFORCE_NEW_DEFAULTS",
  ports: {
    network: { variable: "Q_PORT", what: "network", ifTaken: "that API is only on the main port then", classic: true },
  },
  prepare: fitSubnetPool,
  build: (r) => ({ network: build(r) }),
  check: checkNetwork,
};

function build(r: Resolver): NetworkSettings {
  const floating = parseBlock(r.value("FLOATING_RANGE"));
  return {
    ipVersion: r.value("IP_VERSION"),
    safeRange: r.value("IPV4_ADDRS_SAFE_TO_USE"),
    fixedRange: r.value("FIXED_RANGE"),
    floatingRange: r.value("FLOATING_RANGE"),
    useSubnetPool: r.value("USE_SUBNETPOOL"),
    subnetPoolName: r.value("SUBNETPOOL_NAME_V4"),
    subnetPoolPrefix: r.value("SUBNETPOOL_PREFIX_V4"),
    subnetPoolSize: r.value("SUBNETPOOL_SIZE_V4"),
    gateway: r.value("NETWORK_GATEWAY"),
    publicGateway: r.value("PUBLIC_NETWORK_GATEWAY") || (floating === null ? "" : firstHost(floating)),
    floatingAllocationPool: r.value("Q_FLOATING_ALLOCATION_POOL"),
    privateNetworkName: r.value("PRIVATE_NETWORK_NAME"),
    publicNetworkName: r.value("PUBLIC_NETWORK_NAME"),
    privateSubnetName: r.value("PRIVATE_SUBNET_NAME"),
    publicSubnetName: r.value("PUBLIC_SUBNET_NAME"),
    routerName: r.value("Q_ROUTER_NAME"),
    createInitialNetworks: r.value("NEUTRON_CREATE_INITIAL_NETWORKS"),
    publicBridge: r.value("PUBLIC_BRIDGE"),
    publicBridgeMtu: r.value("PUBLIC_BRIDGE_MTU"),
    publicInterface: r.value("PUBLIC_INTERFACE"),
    publicPhysicalNetwork: r.value("PUBLIC_PHYSICAL_NETWORK"),
    publicProviderType: r.value("PUBLIC_PROVIDERNET_TYPE"),
    publicSegmentationId: r.value("PUBLIC_PROVIDERNET_SEGMENTATION_ID"),
    portSecurity: r.value("NEUTRON_PORT_SECURITY"),
    useSecurityGroups: r.value("Q_USE_SECGROUP"),
    securityGroupOpen: r.value("SECURITY_GROUP_OPEN"),
    ipv6: {
      fixedRange: r.value("FIXED_RANGE_V6"),
      gateway: r.value("IPV6_PRIVATE_NETWORK_GATEWAY"),
      publicRange: r.value("IPV6_PUBLIC_RANGE"),
      publicGateway: r.value("IPV6_PUBLIC_NETWORK_GATEWAY"),
      raMode: r.value("IPV6_RA_MODE"),
      addressMode: r.value("IPV6_ADDRESS_MODE"),
      privateSubnetName: r.value("IPV6_PRIVATE_SUBNET_NAME"),
      publicSubnetName: r.value("IPV6_PUBLIC_SUBNET_NAME"),
      subnetPoolName: r.value("SUBNETPOOL_NAME_V6"),
      subnetPoolPrefix: r.value("SUBNETPOOL_PREFIX_V6"),
      subnetPoolSize: r.value("SUBNETPOOL_SIZE_V6"),
    },
    mtu: r.option("neutron/DEFAULT/global_physnet_mtu"),
    dnsDomain: r.option("neutron/DEFAULT/dns_domain"),
    dnsServers: r.value("DHCP_DNS_SERVERS"),
    dhcpLeaseDuration: r.option("neutron/DEFAULT/dhcp_lease_duration"),
    maxAllowedAddressPairs: r.option("neutron/DEFAULT/max_allowed_address_pair"),
    maxRoutes: r.option("neutron/DEFAULT/max_routes"),
    maxDnsNameservers: r.option("neutron/DEFAULT/max_dns_nameservers"),
    maxSubnetHostRoutes: r.option("neutron/DEFAULT/max_subnet_host_routes"),
    quotas: {
      network: r.option("neutron/quotas/quota_network"),
      subnet: r.option("neutron/quotas/quota_subnet"),
      subnetpool: r.option("neutron/quotas/quota_subnetpool"),
      port: r.option("neutron/quotas/quota_port"),
      router: r.option("neutron/quotas/quota_router"),
      floatingip: r.option("neutron/quotas/quota_floatingip"),
      securityGroup: r.option("neutron/quotas/quota_security_group"),
      securityGroupRule: r.option("neutron/quotas/quota_security_group_rule"),
      rbacPolicy: r.option("neutron/quotas/quota_rbac_policy"),
    },
  };
}
