import type { RouterInterface } from "../manager/routers.ts";
import type { Body } from "../schemas/attribute.ts";
import type { PortIp, RouterRow } from "../store/rows.ts";
import { tracked } from "./tracked.ts";

export function routerView(row: RouterRow, gatewayIps: ReadonlyMap<string, readonly PortIp[]>): Body {
  return {
    id: row.id,
    name: row.name,
    tenant_id: row.project_id,
    admin_state_up: row.admin_state_up,
    status: row.status,
    external_gateway_info:
      row.gateway_network_id === null
        ? null
        : {
            network_id: row.gateway_network_id,
            external_fixed_ips: gatewayIps.get(row.gateway_port_id ?? "") ?? [],
            enable_snat: row.enable_snat,
          },
    description: row.description,
    availability_zones: ["nova"],
    ha: row.ha,
    availability_zone_hints: row.availability_zone_hints,
    routes: row.routes,
    flavor_id: row.flavor_id,
    ...tracked(row),
  };
}

/** What adding and removing an interface answer. */
export function interfaceView({ router, port, subnets }: RouterInterface): Body {
  const ids = subnets.map(({ id }) => id);
  return {
    id: router.id,
    tenant_id: router.project_id,
    port_id: port.id,
    network_id: port.network_id,
    subnet_id: ids[0] ?? "",
    subnet_ids: ids,
  };
}
