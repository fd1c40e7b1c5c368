import {
  admin,
  anyOf,
  anyone,
  authenticated,
  type PolicyTable,
  type Rule,
  role,
  serviceRole,
} from "../../kernel/policy/policy.ts";

/**
 * Neutron's defaults. Ownership is not asked here but where the resource is loaded (routes/resource.ts, managers), because
 * the owner of a network, of a security group or of a floating IP counts too; these rules say which roles may try.
 */
const read: Rule = anyOf(admin, role("reader"), serviceRole);
const write: Rule = anyOf(admin, role("member"), serviceRole);

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
  get_quota: anyOf(admin, serviceRole, role("reader")),
  update_quota: admin,
  delete_quota: admin,
  get_auto_allocated_topology: read,
  delete_auto_allocated_topology: write,
  get_tags: read,
  update_tags: write,
};
for (const resource of OWNED) {
  table[`get_${resource}`] = read;
  for (const verb of ["create", "update", "delete"]) table[`${verb}_${resource}`] = write;
}
for (const verb of ["add_router_interface", "remove_router_interface", "add_extraroutes", "remove_extraroutes"]) {
  table[verb] = write;
}
for (const verb of ["add_prefixes", "remove_prefixes", "add_addresses", "remove_addresses", "onboard_network_subnets"])
  table[verb] = write;

export const policies: PolicyTable = table;
