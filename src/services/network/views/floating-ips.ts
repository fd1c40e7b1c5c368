import type { FloatingIpDetails } from "../manager/floating-ips.ts";
import type { Body } from "../schemas/attribute.ts";
import type { FloatingIpRow, PortForwardingRow, PortRow } from "../store/rows.ts";
import { tracked } from "./tracked.ts";

export function floatingIpView(row: FloatingIpRow, { ports, forwardings }: FloatingIpDetails): Body {
  const port = ports.get(row.port_id ?? "") ?? null;
  return {
    id: row.id,
    tenant_id: row.project_id,
    floating_ip_address: row.floating_ip_address,
    floating_network_id: row.floating_network_id,
    router_id: row.router_id,
    port_id: row.port_id,
    fixed_ip_address: row.fixed_ip_address,
    status: row.status,
    description: row.description,
    dns_name: row.dns_name,
    dns_domain: row.dns_domain,
    port_details: port === null ? null : portDetails(port),
    port_forwardings: (forwardings.get(row.id) ?? []).map((one) => ({
      id: one.id,
      protocol: one.protocol,
      external_port: one.external_port,
      internal_ip_address: one.internal_ip_address,
      internal_port: one.internal_port,
      internal_port_id: one.internal_port_id,
    })),
    ...tracked(row),
  };
}

const portDetails = (port: PortRow): Body => ({
  name: port.name,
  network_id: port.network_id,
  mac_address: port.mac_address,
  admin_state_up: port.admin_state_up,
  status: port.status,
  device_id: port.device_id,
  device_owner: port.device_owner,
});

export function portForwardingView(row: PortForwardingRow): Body {
  return {
    id: row.id,
    external_port: row.external_port,
    internal_port_id: row.internal_port_id,
    internal_ip_address: row.internal_ip_address,
    internal_port: row.internal_port,
    protocol: row.protocol,
    description: row.description,
  };
}
