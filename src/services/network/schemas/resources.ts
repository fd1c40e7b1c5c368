import { type Attributes, identityAttributes, trackedAttributes } from "./attribute.ts";
import {
  address,
  addressPairs,
  boolean,
  cidr,
  dhcpOptions,
  dictionary,
  dnsName,
  fixedIps,
  integer,
  listedPrefix,
  listOf,
  mac,
  nameservers,
  oneOf,
  orNull,
  pools,
  range,
  raw,
  routes,
  string,
  uniqueListOf,
  uuid,
} from "./converters.ts";
import { ethertype, portNumber, protocol, remotePrefix } from "./rule-values.ts";

const name = { put: true, default: "", convert: string() };
const description = { put: true, default: "", convert: string() };
const tags = { default: [], convert: uniqueListOf(string(255)) };
const readOnly = { post: false };
const up = { put: true, default: true, convert: boolean };

export const networkAttributes: Attributes = {
  ...identityAttributes,
  name,
  admin_state_up: up,
  mtu: { put: true, convert: range(0, 65535) },
  status: readOnly,
  subnets: readOnly,
  shared: { put: true, default: false, convert: boolean, setBy: "admin" },
  availability_zone_hints: { default: [], convert: listOf(string()) },
  availability_zones: readOnly,
  ipv4_address_scope: readOnly,
  ipv6_address_scope: readOnly,
  "router:external": { put: true, default: false, convert: boolean, setBy: "admin" },
  "provider:network_type": { convert: string(), setBy: "admin", seenBy: "admin" },
  "provider:physical_network": { convert: orNull(string(128)), setBy: "admin", seenBy: "admin" },
  "provider:segmentation_id": { convert: orNull(integer), setBy: "admin", seenBy: "admin" },
  is_default: { put: true, default: false, convert: boolean, setBy: "admin" },
  description,
  port_security_enabled: { put: true, default: true, convert: boolean },
  dns_domain: { put: true, default: "", convert: dnsName },
  tags,
  ...trackedAttributes,
};

const ipv6Mode = orNull(oneOf("dhcpv6-stateful", "dhcpv6-stateless", "slaac"));

export const subnetAttributes: Attributes = {
  ...identityAttributes,
  name,
  network_id: { required: true, convert: uuid },
  ip_version: { convert: oneOf(4, 6) },
  subnetpool_id: { default: null, convert: orNull(uuid) },
  enable_dhcp: up,
  ipv6_ra_mode: { default: null, convert: ipv6Mode },
  ipv6_address_mode: { default: null, convert: ipv6Mode },
  gateway_ip: { put: true, convert: orNull(address) },
  cidr: { convert: orNull(cidr) },
  prefixlen: { convert: orNull(range(0, 128)), hidden: true },
  use_default_subnetpool: { default: false, convert: boolean, hidden: true },
  allocation_pools: { put: true, convert: pools },
  host_routes: { put: true, default: [], convert: routes },
  dns_nameservers: { put: true, default: [], convert: nameservers },
  description,
  service_types: { put: true, default: [], convert: listOf(string()) },
  tags,
  ...trackedAttributes,
};

export const subnetPoolAttributes: Attributes = {
  ...identityAttributes,
  name: { ...name, default: undefined, required: true },
  prefixes: { put: true, required: true, convert: uniqueListOf(listedPrefix) },
  default_quota: { put: true, default: null, convert: orNull(range(0, 2 ** 31 - 1)) },
  ip_version: readOnly,
  default_prefixlen: { put: true, convert: range(0, 128) },
  min_prefixlen: { put: true, convert: range(0, 128) },
  max_prefixlen: { put: true, convert: range(0, 128) },
  is_default: { put: true, default: false, convert: boolean, setBy: "admin" },
  shared: { default: false, convert: boolean, setBy: "admin" },
  address_scope_id: { put: true, default: null, convert: orNull(uuid) },
  description,
  tags,
  ...trackedAttributes,
};

export const addressScopeAttributes: Attributes = {
  ...identityAttributes,
  name: { ...name, default: undefined, required: true },
  ip_version: { required: true, convert: oneOf(4, 6) },
  shared: { put: true, default: false, convert: boolean, setBy: "admin" },
};

export const portAttributes: Attributes = {
  ...identityAttributes,
  name,
  network_id: { required: true, convert: uuid },
  mac_address: { put: true, convert: orNull(mac) },
  admin_state_up: up,
  status: readOnly,
  device_id: { put: true, default: "", convert: string() },
  device_owner: { put: true, default: "", convert: string() },
  fixed_ips: { put: true, convert: fixedIps },
  allowed_address_pairs: { put: true, default: [], convert: addressPairs },
  extra_dhcp_opts: { put: true, default: [], convert: dhcpOptions },
  security_groups: { put: true, convert: uniqueListOf(uuid) },
  description,
  "binding:vnic_type": { put: true, default: "normal", convert: string() },
  "binding:profile": { put: true, default: {}, convert: dictionary, setBy: "admin", seenBy: "admin" },
  "binding:host_id": {
    put: true,
    default: "",
    convert: (value) => string()(value ?? ""),
    setBy: "admin",
    seenBy: "admin",
  },
  "binding:vif_type": { post: false, seenBy: "admin" },
  "binding:vif_details": { post: false, seenBy: "admin" },
  port_security_enabled: { put: true, convert: boolean },
  dns_name: { put: true, default: "", convert: dnsName },
  dns_assignment: readOnly,
  tags,
  ...trackedAttributes,
};

export const routerAttributes: Attributes = {
  ...identityAttributes,
  name,
  admin_state_up: up,
  status: readOnly,
  external_gateway_info: { put: true, default: null, convert: raw },
  description,
  availability_zones: readOnly,
  availability_zone_hints: { default: [], convert: listOf(string()) },
  routes: { post: false, put: true, convert: routes },
  flavor_id: { default: null, convert: orNull(uuid) },
  tags,
  ...trackedAttributes,
};

export const floatingIpAttributes: Attributes = {
  ...identityAttributes,
  floating_ip_address: { convert: orNull(address), setBy: "admin" },
  floating_network_id: { required: true, convert: uuid },
  subnet_id: { convert: orNull(uuid), hidden: true },
  router_id: readOnly,
  port_id: { put: true, convert: orNull(uuid) },
  fixed_ip_address: { put: true, convert: orNull(address) },
  status: readOnly,
  description,
  dns_name: { default: "", convert: dnsName },
  dns_domain: { default: "", convert: dnsName },
  port_details: readOnly,
  port_forwardings: readOnly,
  tags,
  ...trackedAttributes,
};

export const portForwardingAttributes: Attributes = {
  id: { post: false },
  project_id: {},
  tenant_id: {},
  protocol: { put: true, required: true, convert: (value) => oneOf("tcp", "udp")(String(value).toLowerCase()) },
  external_port: { put: true, required: true, convert: range(1, 65535) },
  internal_port: { put: true, required: true, convert: range(1, 65535) },
  internal_port_id: { put: true, required: true, convert: uuid },
  internal_ip_address: { put: true, convert: address },
  description,
};

export const groupAttributes: Attributes = {
  ...identityAttributes,
  name,
  description,
  shared: readOnly,
  security_group_rules: readOnly,
  tags,
  ...trackedAttributes,
};

export const ruleAttributes: Attributes = {
  ...identityAttributes,
  security_group_id: { required: true, convert: uuid },
  ethertype: { default: "IPv4", convert: ethertype },
  direction: { required: true, convert: oneOf("ingress", "egress") },
  protocol: { default: null, convert: protocol },
  port_range_min: { default: null, convert: portNumber },
  port_range_max: { default: null, convert: portNumber },
  remote_ip_prefix: { default: null, convert: remotePrefix },
  normalized_cidr: readOnly,
  remote_group_id: { default: null, convert: orNull(string()) },
  description: { default: "", convert: string() },
  ...trackedAttributes,
};

export const rbacAttributes: Attributes = {
  id: { post: false },
  project_id: {},
  tenant_id: {},
  object_type: { required: true, convert: oneOf("network", "security_group", "subnetpool", "address_scope") },
  object_id: { required: true, convert: uuid },
  action: { required: true, convert: string() },
  target_tenant: { put: true, convert: string() },
  target_project: { put: true, convert: string() },
};
