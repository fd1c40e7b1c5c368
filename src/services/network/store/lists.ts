import { allOf, anyOf, type Condition, condition, oneOf } from "../../../kernel/db/list.ts";
import { type Field, Listed, type ListRules, TAGGED } from "./listed.ts";
import type { NetworkStore } from "./store.ts";

const text: Field = { kind: "text" };
const number: Field = { kind: "number" };
const boolean: Field = { kind: "boolean" };
const textOrNull: Field = { kind: "text", nullable: true };
const asNull = { nullable: true, isAskedAsNull: true };
const numberOrNull: Field = { kind: "number", ...asNull };

const revised = { revision_number: { kind: "number", column: "revision" } } as const;
/** What most tables have. Few things are described: those have indexes of their own. */
const owned = { id: text, project_id: text, tenant_id: { kind: "text", column: "project_id" } } as const;
const named = { ...owned, ...revised, name: text };

/** Ports that have one of the values in a table of theirs: many, so each is looked at as its turn comes. */
const having = (table: string, column: string, values: readonly string[]): Condition => {
  const { sql, params } = oneOf(column, values);
  return condition(`EXISTS (SELECT 1 FROM ${table} WHERE port_id = id AND ${sql})`, ...params);
};

/** Ports with one of the addresses: few, so those are looked up first. */
const at = (addresses: readonly string[]): Condition => {
  const { sql, params } = oneOf("address", addresses);
  return condition(`id IN (SELECT port_id FROM network_port_ips WHERE ${sql})`, ...params);
};

/** Ports with an address that has one of the texts in it: addresses are looked through, not ports. */
const holding = (texts: readonly string[]): Condition => {
  const { sql, params } = anyOf(texts.map((text) => condition("instr(address, ?) > 0", text)));
  return condition(`id IN (SELECT port_id FROM network_port_ips WHERE ${sql})`, ...params);
};

/** `ip_address=A`, `subnet_id=S`: an address of the port is one of those; `ip_address_substr=T`: has it in it. */
function withFixedIps(values: readonly string[]): Condition | null {
  const wanted = (key: string) =>
    values.flatMap((value) => (value.startsWith(`${key}=`) ? value.slice(key.length + 1) : []));
  const [addresses, subnets, texts] = [wanted("ip_address"), wanted("subnet_id"), wanted("ip_address_substr")];
  const conditions = [
    ...(texts.length > 0 ? [holding(texts)] : []),
    ...(addresses.length > 0 ? [at(addresses)] : []),
    ...(subnets.length > 0 ? [having("network_port_ips", "subnet_id", subnets)] : []),
  ];
  return conditions.length === 0 ? null : allOf(conditions);
}

/** With one of the descriptions. */
const description = (values: readonly string[]): Condition =>
  allOf([oneOf("description", values), ...(values.includes("") ? [] : [condition("description <> ''")])]);

/** Networks with a subnet of one of the versions. */
function withSubnet(versions: readonly string[]): Condition {
  const { sql, params } = oneOf("CAST(ip_version AS TEXT)", versions);
  return condition(
    `EXISTS (SELECT 1 FROM network_subnets WHERE network_id = network_networks.id AND ${sql})`,
    ...params,
  );
}

const networkList: ListRules = {
  fields: {
    ...named,
    admin_state_up: boolean,
    mtu: number,
    status: text,
    availability_zone_hints: text,
    "router:external": { ...boolean, column: "external" },
    "provider:network_type": { kind: "text", column: "provider_type" },
    "provider:physical_network": { kind: "text", column: "provider_physical", ...asNull },
    "provider:segmentation_id": { ...numberOrNull, column: "provider_segment" },
    port_security_enabled: boolean,
    dns_domain: text,
  },
  special: { ...TAGGED, description, ip_version: withSubnet },
};

const subnetList: ListRules = {
  fields: {
    ...named,
    network_id: text,
    ip_version: number,
    subnetpool_id: textOrNull,
    enable_dhcp: boolean,
    ipv6_ra_mode: textOrNull,
    ipv6_address_mode: textOrNull,
    gateway_ip: textOrNull,
    cidr: text,
  },
  special: { ...TAGGED, description },
};

const subnetPoolList: ListRules = {
  fields: {
    ...named,
    ip_version: number,
    default_quota: numberOrNull,
    is_default: boolean,
    address_scope_id: textOrNull,
    default_prefixlen: number,
    min_prefixlen: number,
    max_prefixlen: number,
  },
  special: { ...TAGGED, description },
};

const addressScopeList: ListRules = { fields: { ...named, ip_version: number } };

const portList: ListRules = {
  fields: {
    ...named,
    network_id: text,
    mac_address: text,
    admin_state_up: boolean,
    status: text,
    device_id: text,
    device_owner: text,
    "binding:host_id": { kind: "text", column: "host_id" },
    port_security_enabled: boolean,
    dns_name: text,
  },
  special: {
    ...TAGGED,
    description,
    fixed_ips: withFixedIps,
    security_groups: (values) => having("network_port_security_groups", "group_id", values),
  },
};

const routerList: ListRules = {
  fields: { ...named, admin_state_up: boolean, status: text },
  special: { ...TAGGED, description },
};

const floatingIpList: ListRules = {
  fields: {
    ...owned,
    ...revised,
    floating_ip_address: text,
    floating_network_id: text,
    router_id: textOrNull,
    port_id: textOrNull,
    fixed_ip_address: textOrNull,
    status: text,
  },
  special: { ...TAGGED, description },
};

const groupList: ListRules = { fields: { ...named, stateful: boolean }, special: { ...TAGGED, description } };

const ruleList: ListRules = {
  fields: {
    ...owned,
    ...revised,
    security_group_id: text,
    ethertype: text,
    direction: text,
    protocol: { kind: "text", ...asNull },
    port_range_min: numberOrNull,
    port_range_max: numberOrNull,
    remote_ip_prefix: { kind: "text", ...asNull },
    remote_group_id: { kind: "text", ...asNull },
    remote_address_group_id: { kind: "text", ...asNull },
    // Of the rules that a group is born with, none is shown.
    description: { kind: "text", ...asNull, column: "CASE described WHEN 1 THEN description END" },
  },
};

const addressGroupList: ListRules = { fields: { ...named, description: text } };
const rbacList: ListRules = { fields: owned };
const flavorList: ListRules = {
  fields: { id: text, name: text, description: text, service_type: text, enabled: boolean },
};
const serviceProfileList: ListRules = { fields: { id: text, description: text, driver: text, enabled: boolean } };

/** The tables that the API lists, with what sqlite can tell of their attributes. */
export function listsOf(store: Omit<NetworkStore, "lists">) {
  const hidden = () => store.unfinished.hidden();
  return {
    networks: new Listed(store.networks, networkList, hidden),
    subnets: new Listed(store.subnets, subnetList, hidden),
    subnetPools: new Listed(store.subnetPools, subnetPoolList, hidden),
    addressScopes: new Listed(store.addressScopes, addressScopeList, hidden),
    ports: new Listed(store.ports, portList, hidden),
    routers: new Listed(store.routers, routerList, hidden),
    floatingIps: new Listed(store.floatingIps, floatingIpList, hidden),
    groups: new Listed(store.groups, groupList, hidden),
    rules: new Listed(store.rules, ruleList, hidden),
    addressGroups: new Listed(store.addressGroups, addressGroupList, hidden),
    rbac: new Listed(store.rbac, rbacList, hidden),
    flavors: new Listed(store.flavors, flavorList, hidden),
    serviceProfiles: new Listed(store.serviceProfiles, serviceProfileList, hidden),
  };
}
