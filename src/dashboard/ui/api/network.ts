import type { Call } from "./call.ts";
import type { Resource } from "./resource.ts";

interface Owned {
  readonly id: string;
  readonly project_id: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly description: string;
  readonly tags: readonly string[];
}

export interface Network extends Owned {
  readonly name: string;
  readonly status: string;
  readonly admin_state_up: boolean;
  readonly shared: boolean;
  readonly "router:external": boolean;
  readonly subnets: readonly string[];
  readonly mtu: number;
  readonly port_security_enabled: boolean;
  readonly "provider:network_type"?: string;
  readonly "provider:segmentation_id"?: number | null;
  readonly "provider:physical_network"?: string | null;
}

export interface Subnet extends Owned {
  readonly name: string;
  readonly network_id: string;
  readonly ip_version: 4 | 6;
  readonly cidr: string;
  readonly gateway_ip: string | null;
  readonly enable_dhcp: boolean;
  readonly dns_nameservers: readonly string[];
  readonly allocation_pools: readonly { readonly start: string; readonly end: string }[];
  readonly host_routes: readonly { readonly destination: string; readonly nexthop: string }[];
}

export interface Port extends Owned {
  readonly name: string;
  readonly network_id: string;
  readonly status: string;
  readonly mac_address: string;
  readonly device_id: string;
  readonly device_owner: string;
  readonly admin_state_up: boolean;
  readonly fixed_ips: readonly { readonly ip_address: string; readonly subnet_id: string }[];
  readonly security_groups: readonly string[];
  readonly port_security_enabled: boolean;
}

export interface Router extends Owned {
  readonly name: string;
  readonly status: string;
  readonly admin_state_up: boolean;
  readonly external_gateway_info: {
    readonly network_id: string;
    readonly enable_snat?: boolean;
    readonly external_fixed_ips: readonly { readonly ip_address: string }[];
  } | null;
  readonly routes: readonly { readonly destination: string; readonly nexthop: string }[];
}

export interface SecurityGroupRule extends Owned {
  readonly security_group_id: string;
  readonly direction: "ingress" | "egress";
  readonly ethertype: "IPv4" | "IPv6";
  readonly protocol: string | null;
  readonly port_range_min: number | null;
  readonly port_range_max: number | null;
  readonly remote_ip_prefix: string | null;
  readonly remote_group_id: string | null;
}

export interface SecurityGroup extends Owned {
  readonly name: string;
  readonly stateful: boolean;
  readonly security_group_rules: readonly SecurityGroupRule[];
}

export interface FloatingIp extends Owned {
  readonly floating_ip_address: string;
  readonly floating_network_id: string;
  readonly fixed_ip_address: string | null;
  readonly port_id: string | null;
  readonly router_id: string | null;
  readonly status: string;
}

const kind = <Item extends { readonly id: string }>(
  name: string,
  plural: string,
  singular: string,
): Resource<Item> => ({
  kind: `network.${name}`,
  list: { service: "network", path: `/v2.0/${plural.replaceAll("_", "-")}` },
  plural,
  singular,
  path: `/v2.0/${plural.replaceAll("_", "-")}`,
  idOf: ({ id }) => id,
  paged: true,
});

export const networks = kind<Network>("network", "networks", "network");
export const subnets = kind<Subnet>("subnet", "subnets", "subnet");
export const ports = kind<Port>("port", "ports", "port");
export const routers = kind<Router>("router", "routers", "router");
export const securityGroups = kind<SecurityGroup>("security-group", "security_groups", "security_group");
export const floatingIps = kind<FloatingIp>("floating-ip", "floatingips", "floatingip");

export const network = (method: Call["method"], path: string, body?: unknown): Call => ({
  service: "network",
  ...(method === undefined ? {} : { method }),
  path: `/v2.0${path}`,
  ...(body === undefined ? {} : { body }),
});
