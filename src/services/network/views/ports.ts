import { tracked } from "../manager/core.ts";
import type { Body } from "../schemas/attribute.ts";
import type { PortIp, PortRow } from "../store/rows.ts";

export function portView(row: PortRow, ips: readonly PortIp[], groups: readonly string[], dnsDomain: string): Body {
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
    security_groups: groups,
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

/** The name DHCP gives a guest: its dns_name, or `host-10-0-0-5`. */
export function hostName(dnsName: string, address: string): string {
  return dnsName !== "" ? (dnsName.split(".")[0] ?? dnsName) : `host-${address.replaceAll(/[.:]/g, "-")}`;
}

function assignment(dnsName: string, address: string, dnsDomain: string) {
  const name = hostName(dnsName, address);
  return { ip_address: address, hostname: name, fqdn: `${name}.${dnsDomain}` };
}
