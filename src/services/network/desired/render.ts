import type {
  DesiredLease,
  DesiredNetwork,
  DesiredPortFirewall,
  DesiredRouter,
  DesiredRouterInterface,
  DesiredRule,
  DesiredSubnet,
  FixedIp,
} from "../driver/driver.ts";
import type {
  FloatingIpRow,
  HostRoute,
  NetworkRow,
  PortForwardingRow,
  PortIp,
  PortRow,
  RouterRow,
  SecurityGroupRuleRow,
  SubnetRow,
} from "../store/rows.ts";
import { hostName } from "../values/host-name.ts";
import { macText } from "../values/mac.ts";
import { normalized } from "../values/prefix.ts";

/** Rows → what the driver is told. Pure: everything they need is in their arguments. */

type Ips = ReadonlyMap<string, readonly PortIp[]>;
type Subnets = ReadonlyMap<string, SubnetRow>;

function fixedIpsOf(ips: readonly PortIp[], subnets: Subnets): FixedIp[] {
  return ips.map((ip) => ({
    subnetId: ip.subnet_id,
    address: ip.ip_address,
    prefixLength: Number(subnets.get(ip.subnet_id)?.cidr.split("/")[1] ?? (ip.ip_address.includes(":") ? 64 : 32)),
  }));
}

/** In one spelling, each once: they were kept as the user wrote them. */
function plainRoutes(routes: readonly HostRoute[]): HostRoute[] {
  const plain = routes.map(({ destination, nexthop }) => ({
    destination: normalized(destination) ?? destination,
    nexthop,
  }));
  return [...new Map(plain.map((route) => [`${route.destination} ${route.nexthop}`, route])).values()];
}

const subnetOf = (row: SubnetRow): DesiredSubnet => ({
  id: row.id,
  cidr: row.cidr,
  ipVersion: row.ip_version,
  gatewayIp: row.gateway_ip,
  enableDhcp: row.enable_dhcp,
  dnsNameservers: row.dns_nameservers,
  hostRoutes: plainRoutes(row.host_routes),
  ipv6AddressMode: row.ipv6_address_mode,
  ipv6RaMode: row.ipv6_ra_mode,
});

/** Everything of it but its leases. @param bridged the physical network's one: its bridge is the public one */
export function renderNetwork(
  network: NetworkRow,
  subnets: readonly SubnetRow[],
  dhcp: { port: PortRow; ips: readonly PortIp[] } | null,
  options: { bridged: boolean; dnsDomain: string },
): Omit<DesiredNetwork, "leases"> {
  const byId = new Map(subnets.map((subnet) => [subnet.id, subnet]));
  return {
    id: network.id,
    projectId: network.project_id,
    mtu: network.mtu,
    external: options.bridged,
    adminStateUp: network.admin_state_up,
    dnsDomain: network.dns_domain || options.dnsDomain,
    subnets: subnets.map(subnetOf),
    dhcp:
      dhcp === null ? null : { portId: dhcp.port.id, mac: dhcp.port.mac_address, fixedIps: fixedIpsOf(dhcp.ips, byId) },
  };
}

/** Routers have their addresses from the router's own configuration; everybody else may ask for a lease. */
export const isClient = (port: PortRow): boolean => !port.device_owner.startsWith("network:");

export function renderLease(port: PortRow, ips: readonly PortIp[], subnets: Subnets): DesiredLease {
  const fixedIps = fixedIpsOf(ips, subnets);
  return {
    portId: port.id,
    mac: port.mac_address,
    hostname: hostName(port.dns_name, fixedIps[0]?.address ?? port.id),
    fixedIps,
    formerGuests: port.former_guests,
    options: port.extra_dhcp_opts.map(({ opt_name, opt_value, ip_version }) => ({
      name: opt_name,
      value: opt_value,
      ipVersion: ip_version,
    })),
  };
}

export interface RouterParts {
  router: RouterRow;
  /** Gateway and interfaces. */
  ports: readonly PortRow[];
  ips: Ips;
  networks: ReadonlyMap<string, NetworkRow>;
  subnets: Subnets;
  floatingIps: readonly FloatingIpRow[];
  portForwardings: readonly PortForwardingRow[];
}

export function renderRouter(parts: RouterParts): DesiredRouter {
  const { router, ports, ips, subnets } = parts;
  const interfaceOf = (port: PortRow): DesiredRouterInterface => ({
    portId: port.id,
    networkId: port.network_id,
    mac: port.mac_address,
    mtu: parts.networks.get(port.network_id)?.mtu ?? 1500,
    fixedIps: fixedIpsOf(ips.get(port.id) ?? [], subnets),
    advertise: (ips.get(port.id) ?? []).flatMap((ip) => {
      const subnet = subnets.get(ip.subnet_id);
      if (subnet === undefined || subnet.ipv6_ra_mode === null) return [];
      return [{ cidr: subnet.cidr, mode: subnet.ipv6_ra_mode, dnsNameservers: subnet.dns_nameservers }];
    }),
  });
  const gateway = ports.find((port) => port.id === router.gateway_port_id);
  const outside = new Map(parts.floatingIps.map((fip) => [fip.id, fip.floating_ip_address]));
  return {
    id: router.id,
    projectId: router.project_id,
    adminStateUp: router.admin_state_up,
    gateway:
      gateway === undefined
        ? null
        : {
            ...interfaceOf(gateway),
            advertise: [],
            enableSnat: router.enable_snat,
            defaultGateways: (ips.get(gateway.id) ?? []).flatMap((ip) => {
              const address = subnets.get(ip.subnet_id)?.gateway_ip;
              return address == null ? [] : [address];
            }),
          },
    interfaces: ports.filter((port) => port.device_owner === "network:router_interface").map(interfaceOf),
    routes: plainRoutes(router.routes),
    floatingIps: parts.floatingIps.flatMap((fip) =>
      fip.fixed_ip_address === null
        ? []
        : [{ id: fip.id, address: fip.floating_ip_address, fixedAddress: fip.fixed_ip_address }],
    ),
    portForwardings: parts.portForwardings.map((one) => ({
      protocol: one.protocol as "tcp" | "udp",
      externalAddress: outside.get(one.floatingip_id) ?? "",
      externalPort: String(one.external_port),
      internalAddress: one.internal_ip_address,
      internalPort: String(one.internal_port),
    })),
  };
}

/** What a guest's port may say and hear. `stateless`: groups that follow no connections. */
export function renderPort(
  port: PortRow,
  ips: readonly PortIp[],
  groups: readonly string[],
  { subnets, stateless }: { subnets: Subnets; stateless: ReadonlySet<string> },
): DesiredPortFirewall {
  return {
    portId: port.id,
    networkId: port.network_id,
    mac: port.mac_address,
    fixedIps: fixedIpsOf(ips, subnets),
    allowedAddressPairs: port.allowed_address_pairs.map((pair) => ({
      mac: macText(pair.mac_address) ?? pair.mac_address,
      // As the user wrote it, it could mean another block to a tool ("10.0.0.0/024").
      cidr: normalized(pair.ip_address) ?? pair.ip_address,
    })),
    portSecurityEnabled: port.port_security_enabled,
    securityGroupIds: groups,
    stateless: groups.some((id) => stateless.has(id)),
  };
}

export const renderRule = (rule: SecurityGroupRuleRow): DesiredRule => ({
  id: rule.id,
  direction: rule.direction,
  ethertype: rule.ethertype,
  protocol: rule.protocol,
  portRangeMin: rule.port_range_min,
  portRangeMax: rule.port_range_max,
  remoteIpPrefix: normalized(rule.remote_ip_prefix),
  remoteGroupId: remoteOf(rule),
});

/** Both kinds of groups are sets of addresses on the host. */
export const remoteOf = (rule: SecurityGroupRuleRow): string | null =>
  rule.remote_group_id ?? rule.remote_address_group_id;

/** In one spelling, and a range of one address as that address. */
export function memberAddress(written: string): string {
  const block = normalized(written) ?? written;
  const whole = block.includes(":") ? "/128" : "/32";
  return block.endsWith(whole) ? block.slice(0, -whole.length) : block;
}
