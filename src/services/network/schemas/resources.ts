import { invalidInput } from "../errors.ts";
import { ethertype, portNumber, protocol, remotePrefix } from "../values/rule-values.ts";
import { shown } from "../values/shown.ts";
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
  keyAndValue,
  listedPrefix,
  listOf,
  mac,
  nameservers,
  oneOf,
  orNull,
  pools,
  range,
  routes,
  serviceTypes,
  spelling,
  string,
  uniqueListOf,
  uuid,
} from "./converters.ts";
import { gatewayOf } from "./routers.ts";

const name = { put: true, default: "", convert: string() };
const description = { put: true, default: "", convert: string(), sort: false };
const tags = { default: [], convert: uniqueListOf(string(255)), sort: false };
const readOnly = { post: false };
/** Neither filter nor sort key. */
const plain = { filter: false, sort: false };
const flag = { convert: boolean, filterAs: boolean };
const up = { put: true, default: true, ...flag };

export const networkAttributes: Attributes = {
  ...identityAttributes,
  name,
  admin_state_up: up,
  mtu: { put: true, convert: range(0, 65535) },
  status: readOnly,
  subnets: { ...readOnly, ...plain },
  shared: { put: true, default: false, ...flag, setBy: "admin", sort: false },
  availability_zone_hints: { default: [], convert: listOf(string()), filter: false },
  availability_zones: { ...readOnly, ...plain },
  ipv4_address_scope: { ...readOnly, ...plain },
  ipv6_address_scope: { ...readOnly, ...plain },
  "router:external": { as: "external", put: true, default: false, ...flag, setBy: "admin", sort: false },
  "provider:network_type": {
    as: "provider_type",
    put: true,
    convert: orNull(string()),
    setBy: "admin",
    seenBy: "admin",
    sort: false,
  },
  "provider:physical_network": {
    as: "provider_physical",
    put: true,
    convert: orNull(string(128)),
    setBy: "admin",
    seenBy: "admin",
    sort: false,
  },
  "provider:segmentation_id": {
    as: "provider_segment",
    put: true,
    convert: orNull(integer),
    setBy: "admin",
    seenBy: "admin",
    sort: false,
    filterAs: integer,
  },
  is_default: { put: true, default: false, ...flag, setBy: "admin", sort: false },
  description,
  port_security_enabled: { put: true, default: true, convert: boolean, ...plain },
  dns_domain: { put: true, default: "", convert: dnsName, ...plain },
  tags,
  ...trackedAttributes,
};

const ipv6Mode = orNull(oneOf("dhcpv6-stateful", "dhcpv6-stateless", "slaac"));

export const subnetAttributes: Attributes = {
  ...identityAttributes,
  name,
  network_id: { required: true, convert: uuid },
  ip_version: { convert: oneOf(4, 6), filterAs: integer },
  subnetpool_id: { default: null, convert: orNull(uuid) },
  enable_dhcp: up,
  ipv6_ra_mode: { default: null, convert: ipv6Mode },
  ipv6_address_mode: { default: null, convert: ipv6Mode },
  gateway_ip: { put: true, convert: orNull(address), filterAs: spelling(address) },
  cidr: { convert: orNull(cidr), filterAs: cidr },
  prefixlen: { convert: orNull(range(0, 128)), hidden: true, ...plain },
  use_default_subnetpool: { default: false, convert: boolean, hidden: true, ...plain },
  shared: { ...readOnly, hidden: true, filterAs: boolean, sort: false },
  allocation_pools: { put: true, convert: pools, ...plain },
  host_routes: { put: true, default: [], convert: routes, ...plain },
  dns_nameservers: { put: true, default: [], convert: nameservers, ...plain },
  description,
  service_types: { put: true, default: [], convert: serviceTypes, ...plain },
  tags,
  ...trackedAttributes,
};

export const subnetPoolAttributes: Attributes = {
  ...identityAttributes,
  name: { ...name, default: undefined, required: true },
  prefixes: { put: true, required: true, convert: uniqueListOf(listedPrefix), ...plain },
  default_quota: { put: true, default: null, convert: orNull(range(0, 2 ** 31 - 1)), filterAs: integer },
  ip_version: readOnly,
  default_prefixlen: { put: true, convert: range(0, 128), filterAs: integer },
  min_prefixlen: { put: true, convert: range(0, 128), filterAs: integer },
  max_prefixlen: { put: true, convert: range(0, 128), filterAs: integer },
  is_default: { put: true, default: false, ...flag, setBy: "admin" },
  shared: { default: false, ...flag, setBy: "admin" },
  address_scope_id: { put: true, default: null, convert: orNull(uuid) },
  description,
  tags,
  ...trackedAttributes,
};

export const addressScopeAttributes: Attributes = {
  ...identityAttributes,
  name: { ...name, default: undefined, required: true },
  ip_version: { required: true, convert: oneOf(4, 6), filterAs: integer },
  shared: { put: true, default: false, ...flag, setBy: "admin" },
};

export const portAttributes: Attributes = {
  ...identityAttributes,
  name,
  network_id: { required: true, convert: uuid },
  mac_address: { put: true, convert: orNull(mac), filterAs: spelling(mac) },
  admin_state_up: up,
  status: readOnly,
  device_id: { put: true, default: "", convert: string() },
  device_owner: { put: true, default: "", convert: string() },
  fixed_ips: { put: true, convert: fixedIps, sort: false, filterAs: keyAndValue },
  allowed_address_pairs: { put: true, default: [], convert: addressPairs, ...plain },
  extra_dhcp_opts: { put: true, default: [], convert: dhcpOptions, ...plain },
  security_groups: { put: true, convert: uniqueListOf(uuid), sort: false },
  description,
  "binding:vnic_type": { as: "vnic_type", put: true, default: "normal", convert: string(), ...plain },
  "binding:profile": {
    as: "profile",
    put: true,
    default: {},
    convert: dictionary,
    setBy: "admin",
    seenBy: "admin",
    ...plain,
  },
  "binding:host_id": {
    as: "host_id",
    put: true,
    default: "",
    convert: (value) => string()(value ?? ""),
    setBy: "admin",
    seenBy: "admin",
    sort: false,
  },
  "binding:vif_type": { post: false, seenBy: "admin", ...plain },
  "binding:vif_details": { post: false, seenBy: "admin", ...plain },
  port_security_enabled: { put: true, convert: boolean, ...plain },
  dns_name: { put: true, default: "", convert: dnsName, ...plain },
  dns_assignment: { ...readOnly, ...plain },
  tags,
  ...trackedAttributes,
};

export const routerAttributes: Attributes = {
  ...identityAttributes,
  name,
  admin_state_up: up,
  status: { ...readOnly, filter: false },
  external_gateway_info: { as: "gateway", put: true, default: null, convert: gatewayOf, ...plain },
  description,
  availability_zones: { ...readOnly, ...plain },
  availability_zone_hints: { default: [], convert: listOf(string()), ...plain },
  ha: { put: true, default: false, convert: boolean, setBy: "admin", seenBy: "admin", ...plain },
  routes: { post: false, put: true, convert: routes, ...plain },
  flavor_id: { default: null, convert: orNull(uuid), filter: false },
  tags,
  ...trackedAttributes,
};

export const floatingIpAttributes: Attributes = {
  ...identityAttributes,
  floating_ip_address: { convert: orNull(address), setBy: "admin" },
  floating_network_id: { required: true, convert: uuid },
  subnet_id: { convert: orNull(uuid), hidden: true, ...plain },
  router_id: readOnly,
  port_id: { put: true, convert: orNull(uuid), sort: false },
  fixed_ip_address: { put: true, convert: orNull(address) },
  status: readOnly,
  description,
  dns_name: { default: "", convert: dnsName, ...plain },
  dns_domain: { default: "", convert: dnsName, ...plain },
  port_details: { ...readOnly, ...plain },
  port_forwardings: { ...readOnly, ...plain },
  tags,
  ...trackedAttributes,
};

export const portForwardingAttributes: Attributes = {
  id: { post: false },
  project_id: {},
  tenant_id: {},
  protocol: {
    put: true,
    required: true,
    convert: (value) => oneOf("tcp", "udp")(String(value).toLowerCase()),
    filterAs: (text) => text.toLowerCase(),
  },
  external_port: { put: true, required: true, convert: range(1, 65535), filterAs: integer },
  internal_port: { put: true, required: true, convert: range(1, 65535), ...plain },
  internal_port_id: { put: true, required: true, convert: uuid },
  internal_ip_address: { put: true, convert: address, ...plain },
  description,
};

export const groupAttributes: Attributes = {
  ...identityAttributes,
  name,
  description,
  stateful: { put: true, default: true, convert: boolean, ...plain },
  shared: { ...readOnly, filterAs: boolean, sort: false },
  security_group_rules: { ...readOnly, ...plain },
  tags,
  ...trackedAttributes,
};

export const addressGroupAttributes: Attributes = {
  ...identityAttributes,
  name,
  description: { put: true, default: "", convert: string() },
  addresses: { default: [], convert: uniqueListOf(listedPrefix), ...plain },
  shared: { ...readOnly, filterAs: boolean },
  ...trackedAttributes,
};

export const ruleAttributes: Attributes = {
  ...identityAttributes,
  security_group_id: { required: true, convert: uuid },
  ethertype: { default: "IPv4", convert: ethertype, filterAs: ethertype },
  direction: { required: true, convert: oneOf("ingress", "egress") },
  protocol: { default: null, convert: protocol, filterAs: protocol },
  port_range_min: { default: null, convert: portNumber, filterAs: portNumber },
  port_range_max: { default: null, convert: portNumber, filterAs: portNumber },
  remote_ip_prefix: { default: null, convert: remotePrefix, filterAs: remotePrefix },
  normalized_cidr: readOnly,
  remote_group_id: { default: null, convert: orNull(string()) },
  remote_address_group_id: { default: null, convert: orNull(uuid) },
  description: { default: "", convert: string() },
  ...trackedAttributes,
};

/** What can be shared. */
export const RBAC_TYPES = ["network", "security_group", "subnetpool", "address_scope", "address_group"] as const;

function rbacType(value: unknown): string {
  const text = String(value).trim().toLowerCase();
  if (RBAC_TYPES.some((type) => type === text)) return text;
  throw invalidInput(`'${shown(value)}' is not a valid RBAC object type`);
}

export const rbacAttributes: Attributes = {
  id: { post: false, sort: false },
  project_id: { sort: false },
  tenant_id: { sort: false },
  object_type: { required: true, convert: rbacType, filterAs: rbacType, sort: false },
  object_id: { required: true, convert: uuid, sort: false },
  action: { required: true, convert: string(), sort: false },
  target_tenant: { as: "target_project", put: true, required: true, convert: string(), sort: false },
};

/** Of flavors and profiles: not sorted out by project, who may write is an admin. */
const owner = { project_id: { ...plain }, tenant_id: { ...plain } };

export const flavorAttributes: Attributes = {
  id: { post: false },
  ...owner,
  name,
  description: { put: true, default: "", convert: (value) => string()(value ?? "") },
  service_type: { required: true, convert: string() },
  service_profiles: { put: true, default: [], convert: uniqueListOf(uuid), ...plain },
  enabled: { put: true, default: true, ...flag },
};

export const serviceProfileAttributes: Attributes = {
  id: { post: false },
  ...owner,
  description: { put: true, default: "", convert: (value) => string()(value ?? "") },
  driver: { put: true, default: "", convert: string(1024) },
  metainfo: { put: true, default: "", convert: string(4096), filter: false },
  enabled: { put: true, default: true, ...flag },
};

export const agentAttributes: Attributes = {
  id: { post: false, sort: false },
  agent_type: { post: false, sort: false },
  binary: { post: false, sort: false },
  topic: { post: false, sort: false },
  host: { post: false, sort: false },
  availability_zone: { post: false, sort: false },
  admin_state_up: { post: false, put: true, ...flag, sort: false },
  created_at: { post: false, ...plain },
  started_at: { post: false, ...plain },
  heartbeat_timestamp: { post: false, ...plain },
  alive: { post: false, filterAs: boolean, sort: false },
  configurations: { post: false, ...plain },
  description: { post: false, put: true, convert: orNull(string()), sort: false },
  resources_synced: { post: false, ...plain },
};
