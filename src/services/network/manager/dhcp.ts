import { hostname } from "node:os";
import { uuid } from "../../../kernel/ids/ids.ts";
import type { NetworkRow, PortIp, PortRow, SubnetRow } from "../store/rows.ts";
import { eui64, firstFree, isAutoAddress, keyed } from "./addresses.ts";
import { type Core, checkQuota, standard } from "./core.ts";
import { Ipam } from "./ipam.ts";

/**
 * The port of a network's DHCP server, as neutron's DHCP agent makes it: owner `network:dhcp`, one address in each subnet
 * with DHCP. Made with the first such subnet and gone with the last. A subnet without a free address goes without.
 */
export function ensureDhcpPort(core: Core, network: NetworkRow): void {
  const { store } = core;
  const [existing] = store.ports.list({ network_id: network.id, device_owner: "network:dhcp" }, "id");
  const subnets = store.subnets.list({ network_id: network.id, enable_dhcp: true }, "id");
  if (subnets.length === 0) {
    if (existing !== undefined) store.ports.delete(existing.id);
    return;
  }
  const port = existing ?? create(core, network);
  const present = store.portDetails.ips(port.id);
  const wanted = subnets
    .map((subnet) => addressIn(core, subnet, port.mac_address, present))
    .filter((ip): ip is PortIp => ip !== null);
  if (JSON.stringify(wanted) !== JSON.stringify(present)) store.portDetails.setIps(port.id, network.id, keyed(wanted));
}

function addressIn(core: Core, subnet: SubnetRow, mac: string, present: readonly PortIp[]): PortIp | null {
  const kept = present.find((ip) => ip.subnet_id === subnet.id);
  if (kept !== undefined) return kept;
  const taken = new Set(core.store.portDetails.addressesIn(subnet.id));
  if (subnet.gateway_ip !== null) taken.add(subnet.gateway_ip);
  const auto = isAutoAddress(subnet) ? eui64(subnet.cidr, mac) : null;
  const address = auto !== null && !taken.has(auto) ? auto : firstFree(subnet.allocation_pools, taken);
  return address === null ? null : { subnet_id: subnet.id, ip_address: address };
}

function create(core: Core, network: NetworkRow): PortRow {
  checkQuota(core, network.project_id, { port: 1 });
  const row: PortRow = {
    ...standard(core, { project_id: network.project_id }, 1),
    name: "",
    network_id: network.id,
    mac_address: new Ipam(core.store).mac(network.id, null),
    admin_state_up: true,
    status: "DOWN",
    device_id: `dhcp${uuid()}-${network.id}`,
    device_owner: "network:dhcp",
    allowed_address_pairs: [],
    extra_dhcp_opts: [],
    port_security_enabled: false,
    host_id: hostname(),
    vnic_type: "normal",
    profile: {},
    dns_name: "",
    propagate_uplink_status: true,
    plugged: false,
    former_guests: 0,
  };
  core.store.ports.insert(row);
  return row;
}
