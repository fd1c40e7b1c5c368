import { isIPv4 } from "node:net";
import { addressText, type Block, overlaps } from "../../../kernel/config/addresses.ts";
import { badRequest, conflict } from "../../../kernel/errors.ts";
import { invalidInput } from "../errors.ts";
import type { HostRoute, Pool, SubnetRow } from "../store/rows.ts";
import { blockOf, hostRange, numberOf } from "./addresses.ts";

/** What neutron checks of a subnet before it writes it; `label` is what it is called. Errors: 400 and 409 in its words. */
export function checkSubnet(
  subnet: SubnetRow,
  label: string,
  limits: { maxDnsNameservers: number; maxSubnetHostRoutes: number },
): void {
  const block = blockOf(subnet.cidr);
  if (block.family !== subnet.ip_version) versionMismatch("cidr", subnet.cidr, subnet.ip_version);
  checkIpv6Modes(subnet);
  if (subnet.enable_dhcp) checkDhcpRange(block);
  if (subnet.gateway_ip !== null) {
    if (isIPv4(subnet.gateway_ip) !== (subnet.ip_version === 4))
      versionMismatch("gateway_ip", subnet.gateway_ip, subnet.ip_version);
    if (isEdge(block, subnet.gateway_ip)) throw invalidInput("Gateway is not valid on subnet");
  }
  if (subnet.dns_nameservers.length > limits.maxDnsNameservers) {
    throw badRequest(
      `Unable to complete operation for ${label}. The number of DNS nameservers exceeds the limit ${limits.maxDnsNameservers}.`,
      { type: "DNSNameServersExhausted" },
    );
  }
  for (const dns of subnet.dns_nameservers)
    if (isIPv4(dns) !== (subnet.ip_version === 4)) versionMismatch("dns_nameserver", dns, subnet.ip_version);
  if (subnet.host_routes.length > limits.maxSubnetHostRoutes) {
    throw badRequest(
      `Unable to complete operation for ${label}. The number of host routes exceeds the limit ${limits.maxSubnetHostRoutes}.`,
      { type: "HostRoutesExhausted" },
    );
  }
  for (const route of subnet.host_routes) checkHostRoute(route, subnet.ip_version);
}

function versionMismatch(name: string, value: string, version: number): never {
  throw invalidInput(`${name} '${value}' does not match the ip_version '${version}'`);
}

function checkHostRoute(route: HostRoute, version: number): void {
  const destination = route.destination.split("/")[0] ?? "";
  if (isIPv4(destination) !== (version === 4)) versionMismatch("destination", route.destination, version);
  if (isIPv4(route.nexthop) !== (version === 4)) versionMismatch("nexthop", route.nexthop, version);
}

function checkIpv6Modes(subnet: SubnetRow): void {
  const { ipv6_ra_mode: ra, ipv6_address_mode: mode, ip_version, enable_dhcp } = subnet;
  if (ip_version === 4) {
    if (ra !== null) throw invalidInput("ipv6_ra_mode is not valid when ip_version is 4");
    if (mode !== null) throw invalidInput("ipv6_address_mode is not valid when ip_version is 4");
    return;
  }
  if ((ra !== null || mode !== null) && !enable_dhcp)
    throw invalidInput("ipv6_ra_mode or ipv6_address_mode cannot be set when enable_dhcp is set to False");
  if (ra !== null && mode !== null && ra !== mode) {
    throw invalidInput(
      `ipv6_ra_mode set to '${ra}' with ipv6_address_mode set to '${mode}' is not valid. If both attributes are set, they must be the same value`,
    );
  }
  const automatic = [ra, mode].some((one) => one === "slaac" || one === "dhcpv6-stateless");
  if (automatic && blockOf(subnet.cidr).prefix !== 64) {
    throw invalidInput(
      `Invalid CIDR ${subnet.cidr} for IPv6 address mode. OpenStack uses the EUI-64 address format, which requires the prefix to be /64`,
    );
  }
}

function checkDhcpRange(block: Block): void {
  if ((block.family === 4 && block.prefix > 30) || (block.family === 6 && block.prefix > 126))
    throw invalidInput("Subnet has a prefix length that is incompatible with DHCP service enabled");
  const multicast = blockOf(block.family === 4 ? "224.0.0.0/4" : "ff00::/8");
  if (overlaps(block, multicast)) throw invalidInput("Multicast IP subnet is not supported if enable_dhcp is True");
  const loopback = blockOf(block.family === 4 ? "127.0.0.0/8" : "::1/128");
  if (overlaps(block, loopback)) throw invalidInput("Loopback IP subnet is not supported if enable_dhcp is True");
  if (block.first === 0n) throw invalidInput("First IP '0.0.0.0' of network is not supported if enable_dhcp is True.");
}

/** Outside of the subnet it may be anything: nobody knows the network it lies in (neutron/ipam/utils.py check_gateway_invalid_in_subnet). */
function isEdge(block: Block, gateway: string): boolean {
  const value = numberOf(gateway);
  return block.family === 4 && (value === block.first || value === block.last);
}

/** Errors: 400 for DHCP that goes although router advertisements rely on it (_validate_ipv6_update_dhcp). */
export function checkDhcpUpdate(before: SubnetRow, enableDhcp: boolean | undefined): void {
  if (enableDhcp !== false || (before.ipv6_ra_mode === null && before.ipv6_address_mode === null)) return;
  throw invalidInput("Cannot disable enable_dhcp with ipv6 attributes set");
}

/** Neutron's own order of pools and its errors for wrong ones. */
export function checkPools(pools: readonly Pool[], cidr: string): void {
  const block = blockOf(cidr);
  const { first, last } = hostRange(block);
  const spans = pools.map((pool) => ({ pool, start: numberOf(pool.start), end: numberOf(pool.end) }));
  const shown = (pool: Pool) => `${pool.start}-${pool.end}`;
  for (const { pool, start, end } of spans) {
    if (isIPv4(pool.start) !== (block.family === 4) || isIPv4(pool.end) !== (block.family === 4) || end < start) {
      throw badRequest(`The allocation pool ${shown(pool)} is not valid.`, { type: "InvalidAllocationPool" });
    }
    if (start < first || end > last) {
      throw badRequest(`The allocation pool ${shown(pool)} spans beyond the subnet cidr ${cidr}.`, {
        type: "OutOfBoundsAllocationPool",
      });
    }
  }
  for (const [index, one] of spans.entries()) {
    const other = spans.slice(index + 1).find(({ start, end }) => start <= one.end && one.start <= end);
    if (other === undefined) continue;
    throw conflict(`Found overlapping allocation pools: ${shown(one.pool)} ${shown(other.pool)} for subnet ${cidr}.`, {
      type: "OverlappingAllocationPools",
    });
  }
}

export function checkGatewayOutOfPools(gateway: string | null, pools: readonly Pool[]): void {
  if (gateway === null) return;
  const value = numberOf(gateway);
  const hit = pools.find(
    ({ start, end }) => isIPv4(start) === isIPv4(gateway) && value >= numberOf(start) && value <= numberOf(end),
  );
  if (hit === undefined) return;
  throw conflict(`Gateway ip ${gateway} conflicts with allocation pool ${hit.start}-${hit.end}.`, {
    type: "GatewayConflictWithAllocationPools",
  });
}

/**
 * The address behind the network's own; for IPv6 that one itself (the routers' anycast address), but not where a pool chose the range.
 * Errors: 409 for a /31, which has no room for it.
 */
export function defaultGateway(cidr: string, fromPool: boolean): string {
  const block = blockOf(cidr);
  const gateway = addressText(block.family, block.family === 6 && !fromPool ? block.first : block.first + 1n);
  if (block.prefix < 32 && isEdge(block, gateway))
    throw conflict(`Gateway IP ${gateway} cannot be allocated in CIDR ${cidr}`, { type: "IpamValueInvalid" });
  return gateway;
}

/** The subnets of one network must not overlap. Errors: 400. */
export function checkOverlap(cidr: string, networkId: string, others: readonly SubnetRow[]): void {
  const block = blockOf(cidr);
  if (block.prefix === 0) throw invalidInput("0 is not allowed as CIDR prefix length");
  if (others.some((other) => overlaps(block, blockOf(other.cidr)))) {
    throw invalidInput(`Requested subnet with cidr: ${cidr} for network: ${networkId} overlaps with another subnet`);
  }
}
