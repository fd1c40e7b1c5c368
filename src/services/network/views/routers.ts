import { tracked } from "../manager/core.ts";
import type { Body } from "../schemas/attribute.ts";
import type { PortIp, RouterRow } from "../store/rows.ts";

export function routerView(row: RouterRow, gatewayIps: readonly PortIp[]): Body {
  return {
    id: row.id,
    name: row.name,
    tenant_id: row.project_id,
    admin_state_up: row.admin_state_up,
    status: row.status,
    external_gateway_info:
      row.gateway_network_id === null
        ? null
        : { network_id: row.gateway_network_id, external_fixed_ips: gatewayIps, enable_snat: row.enable_snat },
    description: row.description,
    availability_zones: ["nova"],
    ha: row.ha,
    availability_zone_hints: row.availability_zone_hints,
    routes: row.routes,
    flavor_id: row.flavor_id,
    ...tracked(row),
  };
}
