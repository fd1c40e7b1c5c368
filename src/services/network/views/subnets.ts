import type { Body } from "../schemas/attribute.ts";
import type { AddressScopeRow, SubnetPoolRow, SubnetRow } from "../store/rows.ts";
import { tracked } from "./tracked.ts";

export function subnetView(row: SubnetRow): Body {
  return {
    id: row.id,
    name: row.name,
    tenant_id: row.project_id,
    network_id: row.network_id,
    ip_version: row.ip_version,
    subnetpool_id: row.subnetpool_id,
    enable_dhcp: row.enable_dhcp,
    ipv6_ra_mode: row.ipv6_ra_mode,
    ipv6_address_mode: row.ipv6_address_mode,
    gateway_ip: row.gateway_ip,
    cidr: row.cidr,
    allocation_pools: row.allocation_pools,
    host_routes: row.host_routes,
    dns_nameservers: row.dns_nameservers,
    description: row.description,
    service_types: row.service_types,
    ...tracked(row),
  };
}

/** Neutron shows prefix lengths as text here (and as numbers after an update; that is not imitated). */
export function subnetPoolView(row: SubnetPoolRow, shared: ReadonlySet<string>): Body {
  return {
    id: row.id,
    name: row.name,
    tenant_id: row.project_id,
    default_prefixlen: String(row.default_prefixlen),
    min_prefixlen: String(row.min_prefixlen),
    max_prefixlen: String(row.max_prefixlen),
    is_default: row.is_default,
    shared: shared.has(row.id),
    prefixes: row.prefixes,
    ip_version: row.ip_version,
    default_quota: row.default_quota,
    address_scope_id: row.address_scope_id,
    description: row.description,
    ...tracked(row),
  };
}

export function addressScopeView(row: AddressScopeRow, shared: ReadonlySet<string>): Body {
  return {
    id: row.id,
    name: row.name,
    tenant_id: row.project_id,
    project_id: row.project_id,
    shared: shared.has(row.id),
    ip_version: row.ip_version,
  };
}
