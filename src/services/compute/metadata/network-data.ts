import type { Vif, VifAddress } from "../../network/facade.ts";

/** openstack/latest/network_data.json: links, networks and services as cloud-init and glean read them. */
export function networkData(vifs: readonly Vif[]) {
  const links = vifs.map((vif) => ({
    id: vif.tap,
    vif_id: vif.portId,
    type: "bridge",
    mtu: vif.mtu,
    ethernet_mac_address: vif.mac,
  }));
  const networks = vifs
    .flatMap((vif) => firstOfEach(vif).map((address) => ({ vif, address })))
    .map(({ vif, address }, index) => network(vif, address, index));
  const dns = [...new Set(vifs.flatMap((vif) => firstOfEach(vif).flatMap(({ dnsNameservers }) => dnsNameservers)))];
  return { links, networks, services: dns.map((address) => ({ type: "dns", address })) };
}

/** Of each card nova tells one address of either family. */
function firstOfEach({ fixedIps }: Vif): VifAddress[] {
  return ([4, 6] as const).flatMap((version) => fixedIps.find((address) => address.version === version) ?? []);
}

/** As nova/virt/netutils.py _get_nets: routes and name servers also where the guest finds its address by itself. */
function network(vif: Vif, address: VifAddress, index: number) {
  const { version, ipv6AddressMode, gatewayIp } = address;
  const common = { id: `network${index}`, link: vif.tap, network_id: vif.networkId };
  if (ipv6AddressMode === null && address.enableDhcp) return { ...common, type: `ipv${version}_dhcp` };
  const gateway = gatewayIp === null ? [] : [defaultRoute(version, gatewayIp)];
  const routes = address.hostRoutes.map(({ destination, nexthop }) => {
    const [base = "", length = ""] = destination.split("/");
    return { network: base, netmask: mask(version, Number(length)), gateway: nexthop };
  });
  return {
    ...common,
    type: ipv6AddressMode === null ? `ipv${version}` : `ipv6_${ipv6AddressMode}`,
    ip_address: address.address,
    netmask: netmask(address),
    routes: [...gateway, ...routes],
    services: address.dnsNameservers.map((server) => ({ type: "dns", address: server })),
  };
}

const defaultRoute = (version: 4 | 6, gateway: string) =>
  version === 4 ? { network: "0.0.0.0", netmask: "0.0.0.0", gateway } : { network: "::", netmask: "::", gateway };

const netmask = (address: VifAddress): string => mask(address.version, address.prefixLength);

/** 24 → "255.255.255.0"; 64 → "ffff:ffff:ffff:ffff::". */
function mask(version: 4 | 6, length: number): string {
  const group = (bits: number, index: number): number => Math.min(bits, Math.max(0, length - index * bits));
  if (version === 4) {
    return [0, 1, 2, 3].map((index) => 256 - 2 ** (8 - group(8, index))).join(".");
  }
  const groups = Array.from({ length: 8 }, (_, index) => (65536 - 2 ** (16 - group(16, index))).toString(16));
  const used = Math.ceil(length / 16);
  return used === 8 ? groups.join(":") : `${groups.slice(0, used).join(":")}::`;
}
