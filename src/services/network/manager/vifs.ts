import { tapDevice } from "../driver/driver.ts";
import type { Vif } from "../facade.ts";
import type { NetworkStore } from "../store/store.ts";

/** The NICs of many guests in six queries, whatever their number. */
export function vifsOf(store: NetworkStore, deviceIds: readonly string[]): Map<string, Vif[]> {
  const rows = store.ports.among("device_id", deviceIds);
  // Ids are random, so the order of attachment is that of creation.
  rows.sort((one, other) => one.created_at - other.created_at);
  const portIds = rows.map(({ id }) => id);
  const ips = store.portDetails.ipsOf(portIds);
  const groups = store.portDetails.groupsOf(portIds);
  const networks = new Map(
    store.networks.getMany([...new Set(rows.map((row) => row.network_id))]).map((row) => [row.id, row]),
  );
  const subnetIds = [...new Set([...ips.values()].flat().map((ip) => ip.subnet_id))];
  const subnets = new Map(store.subnets.getMany(subnetIds).map((row) => [row.id, row]));
  const floating = Map.groupBy(
    store.floatingIps.among("port_id", portIds),
    (fip) => `${fip.port_id} ${fip.fixed_ip_address}`,
  );
  const byDevice = new Map<string, Vif[]>();
  for (const row of rows) {
    const network = networks.get(row.network_id);
    const vif: Vif = {
      portId: row.id,
      networkId: row.network_id,
      networkName: network?.name ?? "",
      mac: row.mac_address,
      mtu: network?.mtu ?? 1500,
      status: row.status,
      vnicType: row.vnic_type,
      tap: tapDevice(row.id),
      external: network?.external === true && network.project_id !== row.project_id,
      securityGroupIds: groups.get(row.id) ?? [],
      fixedIps: (ips.get(row.id) ?? []).map((ip) => {
        const subnet = subnets.get(ip.subnet_id);
        return {
          address: ip.ip_address,
          version: ip.ip_address.includes(":") ? 6 : 4,
          subnetId: ip.subnet_id,
          cidr: subnet?.cidr ?? "",
          prefixLength: Number(subnet?.cidr.split("/")[1] ?? 0),
          gatewayIp: subnet?.gateway_ip ?? null,
          enableDhcp: subnet?.enable_dhcp ?? false,
          ipv6AddressMode: subnet?.ipv6_address_mode ?? null,
          dnsNameservers: subnet?.dns_nameservers ?? [],
          hostRoutes: subnet?.host_routes ?? [],
          floatingIps: (floating.get(`${row.id} ${ip.ip_address}`) ?? []).map((fip) => fip.floating_ip_address),
        };
      }),
    };
    const list = byDevice.get(row.device_id);
    if (list === undefined) byDevice.set(row.device_id, [vif]);
    else list.push(vif);
  }
  return byDevice;
}
