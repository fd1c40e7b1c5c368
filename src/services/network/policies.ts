import {
  admin,
  allOf,
  anyOf,
  anyone,
  authenticated,
  ownerRule,
  type PolicyTable,
  type Rule,
  role,
  serviceRole,
} from "../../kernel/policy/policy.ts";

/**
 * Neutron's defaults. What a caller may not see is 404 where it is loaded; who may change it is asked here. Targets carry `owners`: beside
 * a thing's own project that of its network, of its security group or of its floating IP may count (Touched of routes/).
 */
const owns: Rule = ownerRule(
  "project_id:%(owners)s",
  ({ projectId }, target) =>
    target === null || (projectId !== null && Array.isArray(target.owners) && target.owners.includes(projectId)),
);
const read: Rule = anyOf(admin, role("reader"), serviceRole);
const create: Rule = anyOf(admin, role("member"), serviceRole);
const write: Rule = anyOf(admin, allOf(anyOf(role("member"), serviceRole), owns));
const own: Rule = anyOf(admin, allOf(anyOf(role("reader"), serviceRole), owns));

const OWNED = [
  "network",
  "subnet",
  "subnetpool",
  "address_scope",
  "port",
  "router",
  "floatingip",
  "floatingip_port_forwarding",
  "security_group",
  "security_group_rule",
  "address_group",
  "rbac_policy",
];

const table: Record<string, Rule> = {
  "network:public": anyone,
  "network:authenticated": authenticated,
  get_agent: admin,
  update_agent: admin,
  get_flavor: read,
  get_service_profile: read,
  create_flavor: admin,
  update_flavor: admin,
  delete_flavor: admin,
  create_service_profile: admin,
  update_service_profile: admin,
  delete_service_profile: admin,
  get_flavor_service_profile: read,
  create_flavor_service_profile: admin,
  delete_flavor_service_profile: admin,
  delete_agent: admin,
  "get_l3-routers": admin,
  "create_l3-router": admin,
  "delete_l3-router": admin,
  "get_dhcp-agents": admin,
  "get_l3-agents": admin,
  get_network_ip_availability: admin,
  get_quota: own,
  list_quotas: admin,
  get_own_quota_project: read,
  update_quota: admin,
  delete_quota: admin,
  get_auto_allocated_topology: own,
  delete_auto_allocated_topology: write,
  get_tags: read,
  update_tags: write,
};
for (const resource of OWNED) {
  table[`get_${resource}`] = read;
  table[`create_${resource}`] = create;
  for (const verb of ["update", "delete"]) table[`${verb}_${resource}`] = write;
}
// Of a router and of the network that it is joined with, each by its own rules.
for (const verb of ["add_router_interface", "remove_router_interface"]) table[verb] = create;
for (const verb of ["add_extraroutes", "remove_extraroutes"]) table[verb] = write;
// The floating IP's owner.
table.create_floatingip_port_forwarding = write;
for (const verb of ["add_prefixes", "remove_prefixes", "add_addresses", "remove_addresses", "onboard_network_subnets"])
  table[verb] = write;

export const policies: PolicyTable = table;
