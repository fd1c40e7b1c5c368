import type { PortDetails } from "../manager/ports.ts";
import type { Body } from "../schemas/attribute.ts";
import type { PortRow } from "../store/rows.ts";
import { hostName } from "../values/host-name.ts";
import { tracked } from "./tracked.ts";

export function portView(row: PortRow, details: PortDetails, dnsDomain: string): Body {
  const ips = details.ips.get(row.id) ?? [];
  const bound = row.host_id !== "";
  return {
    id: row.id,
    name: row.name,
    network_id: row.network_id,
    tenant_id: row.project_id,
    mac_address: row.mac_address,
    admin_state_up: row.admin_state_up,
    status: row.status,
    device_id: row.device_id,
    device_owner: row.device_owner,
    fixed_ips: ips,
    allowed_address_pairs: row.allowed_address_pairs,
    extra_dhcp_opts: row.extra_dhcp_opts,
    security_groups: details.groups.get(row.id) ?? [],
    description: row.description,
    "binding:vnic_type": row.vnic_type,
    "binding:profile": row.profile,
    "binding:host_id": row.host_id,
    "binding:vif_type": bound ? "bridge" : "unbound",
    "binding:vif_details": bound ? { connectivity: "l2", port_filter: true } : {},
    port_security_enabled: row.port_security_enabled,
    dns_name: row.dns_name,
    dns_assignment: ips.map((ip) => assignment(row.dns_name, ip.ip_address, dnsDomain)),
    ...tracked(row),
  };
}

function assignment(dnsName: string, address: string, dnsDomain: string) {
  const name = hostName(dnsName, address);
  return { ip_address: address, hostname: name, fqdn: `${name}.${dnsDomain}` };
}
