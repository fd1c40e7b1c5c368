import type { NetworkDetails } from "../manager/networks.ts";
import type { Body } from "../schemas/attribute.ts";
import type { NetworkRow } from "../store/rows.ts";
import { tracked } from "./tracked.ts";

export function networkView(row: NetworkRow, { subnets: all, shared, scopes }: NetworkDetails): Body {
  const subnets = all.get(row.id) ?? [];
  const scope = (version: 4 | 6) => {
    const pool = subnets.find((subnet) => subnet.ip_version === version)?.subnetpool_id;
    return pool == null ? null : (scopes.get(pool) ?? null);
  };
  return {
    id: row.id,
    name: row.name,
    tenant_id: row.project_id,
    admin_state_up: row.admin_state_up,
    mtu: row.mtu,
    status: row.status,
    subnets: subnets.map(({ id }) => id),
    shared: shared.has(row.id),
    availability_zone_hints: row.availability_zone_hints,
    availability_zones: subnets.length > 0 ? ["nova"] : [],
    ipv4_address_scope: scope(4),
    ipv6_address_scope: scope(6),
    "router:external": row.external,
    "provider:network_type": row.provider_type,
    "provider:physical_network": row.provider_physical,
    "provider:segmentation_id": row.provider_segment,
    ...(row.external ? { is_default: row.is_default } : {}),
    description: row.description,
    port_security_enabled: row.port_security_enabled,
    dns_domain: row.dns_domain,
    ...tracked(row),
  };
}
