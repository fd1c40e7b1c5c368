/** Rows as the managers see them; the names are those of the columns. */

export interface StandardRow {
  id: string;
  project_id: string;
  description: string;
  tags: string[];
  created_at: number;
  updated_at: number;
  revision: number;
}

export interface NetworkRow extends StandardRow {
  name: string;
  admin_state_up: boolean;
  status: string;
  external: boolean;
  is_default: boolean;
  mtu: number;
  port_security_enabled: boolean;
  dns_domain: string;
  provider_type: string;
  provider_physical: string | null;
  provider_segment: number | null;
  availability_zone_hints: string[];
}

export interface AddressScopeRow extends StandardRow {
  name: string;
  ip_version: 4 | 6;
}

export interface SubnetPoolRow extends StandardRow {
  name: string;
  ip_version: 4 | 6;
  prefixes: string[];
  default_prefixlen: number;
  min_prefixlen: number;
  max_prefixlen: number;
  default_quota: number | null;
  is_default: boolean;
  address_scope_id: string | null;
}

export interface Pool {
  start: string;
  end: string;
}

export interface HostRoute {
  destination: string;
  nexthop: string;
}

export type Ipv6Mode = "slaac" | "dhcpv6-stateful" | "dhcpv6-stateless";

export interface SubnetRow extends StandardRow {
  name: string;
  network_id: string;
  ip_version: 4 | 6;
  cidr: string;
  gateway_ip: string | null;
  enable_dhcp: boolean;
  ipv6_ra_mode: Ipv6Mode | null;
  ipv6_address_mode: Ipv6Mode | null;
  subnetpool_id: string | null;
  allocation_pools: Pool[];
  dns_nameservers: string[];
  host_routes: HostRoute[];
  service_types: string[];
}

export interface AddressPair {
  mac_address: string;
  ip_address: string;
}

export interface DhcpOption {
  opt_name: string;
  opt_value: string;
  ip_version: 4 | 6;
}

export interface PortRow extends StandardRow {
  name: string;
  network_id: string;
  mac_address: string;
  admin_state_up: boolean;
  status: string;
  device_id: string;
  device_owner: string;
  allowed_address_pairs: AddressPair[];
  extra_dhcp_opts: DhcpOption[];
  port_security_enabled: boolean;
  host_id: string;
  vnic_type: string;
  profile: Record<string, unknown>;
  dns_name: string;
  propagate_uplink_status: boolean;
  /** A tap of a guest is on the bridge. */
  plugged: boolean;
  /** How many guests it has had before this one: another guest is another DHCPv6 client, whatever its MAC. */
  former_guests: number;
}

export interface PortIp {
  subnet_id: string;
  ip_address: string;
}

export interface SecurityGroupRow extends StandardRow {
  name: string;
  is_default: boolean;
  /** False: its rules are all there is; what answers to an allowed packet is not allowed by that. */
  stateful: boolean;
}

export interface SecurityGroupRuleRow extends StandardRow {
  security_group_id: string;
  direction: "ingress" | "egress";
  ethertype: "IPv4" | "IPv6";
  protocol: string | null;
  port_range_min: number | null;
  port_range_max: number | null;
  remote_ip_prefix: string | null;
  remote_group_id: string | null;
  remote_address_group_id: string | null;
  /** False for the rules a group is born with: their description is shown as null. */
  described: boolean;
}

export interface AddressGroupRow extends StandardRow {
  name: string;
  /** Ranges in one spelling. */
  addresses: string[];
}

export interface RouterRow extends StandardRow {
  name: string;
  admin_state_up: boolean;
  status: string;
  gateway_port_id: string | null;
  gateway_network_id: string | null;
  enable_snat: boolean;
  /** Highly available. There is one host for it here. */
  ha: boolean;
  flavor_id: string | null;
  routes: HostRoute[];
  availability_zone_hints: string[];
}

export interface FloatingIpRow extends StandardRow {
  floating_ip_address: string;
  floating_network_id: string;
  /** The port in the external network that holds the address. */
  floating_port_id: string;
  /** The port it leads to, its address there and the router in between: all null or none. */
  port_id: string | null;
  fixed_ip_address: string | null;
  router_id: string | null;
  status: string;
  dns_name: string;
  dns_domain: string;
}

export interface PortForwardingRow extends StandardRow {
  floatingip_id: string;
  protocol: string;
  external_port: number;
  internal_port_id: string;
  internal_ip_address: string;
  internal_port: number;
}

export interface FlavorRow {
  id: string;
  name: string;
  description: string;
  service_type: string;
  enabled: boolean;
  /** In the order in which they were given to it: the first one counts. */
  service_profiles: string[];
}

export interface ServiceProfileRow {
  id: string;
  description: string;
  driver: string;
  metainfo: string;
  enabled: boolean;
}

export interface RbacRow {
  id: string;
  project_id: string;
  object_type: string;
  object_id: string;
  action: string;
  target_project: string;
}
