import type { Migration } from "../../../kernel/db/migrations.ts";

/** Neutron's "standard attributes", which every resource has. */
const standard = `id TEXT PRIMARY KEY, project_id TEXT NOT NULL, description TEXT NOT NULL DEFAULT '', tags TEXT NOT NULL DEFAULT '[]',
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, revision INTEGER NOT NULL`;

export const network: Migration = {
  id: "network/0001-network",
  up: `
CREATE TABLE network_networks (${standard}, name TEXT NOT NULL, admin_state_up INTEGER NOT NULL, status TEXT NOT NULL,
  external INTEGER NOT NULL, is_default INTEGER NOT NULL, mtu INTEGER NOT NULL, port_security_enabled INTEGER NOT NULL, dns_domain TEXT NOT NULL,
  provider_type TEXT NOT NULL, provider_physical TEXT, provider_segment INTEGER, availability_zone_hints TEXT NOT NULL) STRICT;
CREATE INDEX network_networks_project ON network_networks (project_id);
CREATE INDEX network_networks_name ON network_networks (name);
CREATE UNIQUE INDEX network_networks_segment ON network_networks (provider_type, provider_physical, provider_segment) WHERE provider_segment IS NOT NULL;

CREATE TABLE network_address_scopes (${standard}, name TEXT NOT NULL, ip_version INTEGER NOT NULL, shared INTEGER NOT NULL) STRICT;

CREATE TABLE network_subnetpools (${standard}, name TEXT NOT NULL, ip_version INTEGER NOT NULL, prefixes TEXT NOT NULL, default_prefixlen INTEGER NOT NULL,
  min_prefixlen INTEGER NOT NULL, max_prefixlen INTEGER NOT NULL, default_quota INTEGER, is_default INTEGER NOT NULL, shared INTEGER NOT NULL,
  address_scope_id TEXT REFERENCES network_address_scopes (id)) STRICT;

CREATE TABLE network_subnets (${standard}, name TEXT NOT NULL, network_id TEXT NOT NULL REFERENCES network_networks (id), ip_version INTEGER NOT NULL,
  cidr TEXT NOT NULL, gateway_ip TEXT, enable_dhcp INTEGER NOT NULL, ipv6_ra_mode TEXT, ipv6_address_mode TEXT,
  subnetpool_id TEXT REFERENCES network_subnetpools (id), allocation_pools TEXT NOT NULL, dns_nameservers TEXT NOT NULL, host_routes TEXT NOT NULL,
  service_types TEXT NOT NULL) STRICT;
CREATE INDEX network_subnets_network ON network_subnets (network_id);
CREATE INDEX network_subnets_project ON network_subnets (project_id);
CREATE INDEX network_subnets_pool ON network_subnets (subnetpool_id);

CREATE TABLE network_ports (${standard}, name TEXT NOT NULL, network_id TEXT NOT NULL REFERENCES network_networks (id), mac_address TEXT NOT NULL,
  admin_state_up INTEGER NOT NULL, status TEXT NOT NULL, device_id TEXT NOT NULL, device_owner TEXT NOT NULL, allowed_address_pairs TEXT NOT NULL,
  extra_dhcp_opts TEXT NOT NULL, port_security_enabled INTEGER NOT NULL, host_id TEXT NOT NULL, vnic_type TEXT NOT NULL, profile TEXT NOT NULL,
  dns_name TEXT NOT NULL, propagate_uplink_status INTEGER NOT NULL, plugged INTEGER NOT NULL, UNIQUE (network_id, mac_address)) STRICT;
CREATE INDEX network_ports_project ON network_ports (project_id);
CREATE INDEX network_ports_device ON network_ports (device_id);

CREATE TABLE network_port_ips (port_id TEXT NOT NULL REFERENCES network_ports (id) ON DELETE CASCADE, position INTEGER NOT NULL,
  network_id TEXT NOT NULL, subnet_id TEXT NOT NULL REFERENCES network_subnets (id), address TEXT NOT NULL,
  PRIMARY KEY (subnet_id, address)) STRICT, WITHOUT ROWID;
CREATE INDEX network_port_ips_port ON network_port_ips (port_id, position);
CREATE INDEX network_port_ips_address ON network_port_ips (address);

CREATE TABLE network_security_groups (${standard}, name TEXT NOT NULL, is_default INTEGER NOT NULL) STRICT;
CREATE INDEX network_security_groups_project ON network_security_groups (project_id);
CREATE UNIQUE INDEX network_security_groups_default ON network_security_groups (project_id) WHERE is_default = 1;

CREATE TABLE network_security_group_rules (${standard}, security_group_id TEXT NOT NULL REFERENCES network_security_groups (id) ON DELETE CASCADE,
  direction TEXT NOT NULL, ethertype TEXT NOT NULL, protocol TEXT, port_range_min INTEGER, port_range_max INTEGER, remote_ip_prefix TEXT,
  remote_group_id TEXT REFERENCES network_security_groups (id) ON DELETE CASCADE, described INTEGER NOT NULL) STRICT;
CREATE INDEX network_security_group_rules_group ON network_security_group_rules (security_group_id);
CREATE INDEX network_security_group_rules_remote ON network_security_group_rules (remote_group_id);
CREATE INDEX network_security_group_rules_project ON network_security_group_rules (project_id);

CREATE TABLE network_port_security_groups (port_id TEXT NOT NULL REFERENCES network_ports (id) ON DELETE CASCADE,
  group_id TEXT NOT NULL REFERENCES network_security_groups (id), PRIMARY KEY (port_id, group_id)) STRICT, WITHOUT ROWID;
CREATE INDEX network_port_security_groups_group ON network_port_security_groups (group_id);

CREATE TABLE network_routers (${standard}, name TEXT NOT NULL, admin_state_up INTEGER NOT NULL, status TEXT NOT NULL, gateway_port_id TEXT,
  gateway_network_id TEXT, enable_snat INTEGER NOT NULL, routes TEXT NOT NULL, availability_zone_hints TEXT NOT NULL) STRICT;
CREATE INDEX network_routers_project ON network_routers (project_id);

CREATE TABLE network_floatingips (${standard}, floating_ip_address TEXT NOT NULL, floating_network_id TEXT NOT NULL REFERENCES network_networks (id),
  floating_port_id TEXT NOT NULL, port_id TEXT, fixed_ip_address TEXT, router_id TEXT, status TEXT NOT NULL, dns_name TEXT NOT NULL, dns_domain TEXT NOT NULL) STRICT;
CREATE INDEX network_floatingips_project ON network_floatingips (project_id);
CREATE INDEX network_floatingips_port ON network_floatingips (port_id);
CREATE INDEX network_floatingips_router ON network_floatingips (router_id);

CREATE TABLE network_port_forwardings (${standard}, floatingip_id TEXT NOT NULL REFERENCES network_floatingips (id) ON DELETE CASCADE, protocol TEXT NOT NULL,
  external_port INTEGER NOT NULL, internal_port_id TEXT NOT NULL REFERENCES network_ports (id), internal_ip_address TEXT NOT NULL,
  internal_port INTEGER NOT NULL, UNIQUE (floatingip_id, protocol, external_port)) STRICT;

CREATE TABLE network_rbac_policies (id TEXT PRIMARY KEY, project_id TEXT NOT NULL, object_type TEXT NOT NULL, object_id TEXT NOT NULL,
  action TEXT NOT NULL, target_project TEXT NOT NULL, UNIQUE (object_type, object_id, action, target_project)) STRICT;

CREATE TABLE network_quota_projects (project_id TEXT PRIMARY KEY) STRICT;

CREATE TABLE network_dirty (kind TEXT NOT NULL, id TEXT NOT NULL, generation INTEGER NOT NULL, PRIMARY KEY (kind, id)) STRICT, WITHOUT ROWID;
`,
};
