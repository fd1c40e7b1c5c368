import { randomUUID } from "node:crypto";
import { contains } from "../../../kernel/config/addresses.ts";
import { badRequest } from "../../../kernel/errors.ts";
import { addressTaken, badResource, invalidInput, macInUse, noMoreAddresses, subnetNotFound } from "../errors.ts";
import type { PortIp, SubnetRow } from "../store/rows.ts";
import type { NetworkStore } from "../store/store.ts";
import {
  addressKey,
  addressOfKey,
  blockOf,
  canonical,
  eui64,
  firstFree,
  hostRange,
  isAutoAddress,
  numberOf,
} from "./addresses.ts";
import type { FixedIpRequest } from "./ports.ts";

export interface AddressRequest {
  networkId: string;
  mac: string;
  deviceOwner: string;
  /** Undefined: one IPv4 and one IPv6 address, where the network has such subnets. */
  requests: readonly FixedIpRequest[] | undefined;
  /** Addresses that the port has already, for an update; they count as free. */
  present?: readonly PortIp[];
}

const ROUTER_OWNERS = new Set(["network:router_interface", "network:router_gateway"]);

/**
 * Hands out addresses. It reads and decides, and notes where it looked: the caller writes them in the same transaction, and since a transaction
 * runs without interruption nobody can take the same address in between (the primary key of network_port_ips says so too).
 */
export class Ipam {
  readonly #store: NetworkStore;
  constructor(store: NetworkStore) {
    this.#store = store;
  }

  /** Errors: 400 InvalidIpForSubnet, InvalidIpForNetwork, InvalidInput; 409 IpAddressAlreadyAllocated, IpAddressGenerationFailure. */
  allocate(allocation: AddressRequest): PortIp[] {
    const all = this.#store.subnets.list({ network_id: allocation.networkId }, "id");
    const subnets = all.filter((subnet) => serves(subnet, allocation.deviceOwner));
    const chosen: PortIp[] = [];
    const own = new Set((allocation.present ?? []).map((ip) => `${ip.subnet_id} ${ip.ip_address}`));
    const take = (subnet: SubnetRow, address: string) => {
      const known = chosen.some((ip) => ip.subnet_id === subnet.id && ip.ip_address === address);
      if (known) return;
      const isOwn = own.has(`${subnet.id} ${address}`);
      if (!isOwn && this.#store.portDetails.holder(subnet.id, address) !== undefined)
        throw addressTaken(address, subnet.id);
      chosen.push({ subnet_id: subnet.id, ip_address: address });
    };
    if (allocation.requests !== undefined) {
      // What is allocation by address comes first, so that a free pick of the same request does not take it.
      const wanted = allocation.requests.filter((request) => request.delete_subnet !== true);
      const ordered = wanted.sort((one, other) => rank(one) - rank(other));
      for (const request of ordered) this.#fulfil(request, all, allocation, take, chosen);
    } else this.#pickPerFamily(subnets, allocation, take, chosen);

    // Guests make themselves an address in such subnets, whether one was allocation for or not; it goes only when that is said.
    if (!ROUTER_OWNERS.has(allocation.deviceOwner)) {
      const unwanted = new Set(
        allocation.requests?.filter((one) => one.delete_subnet === true).map((one) => one.subnet_id),
      );
      const automatic = subnets.filter((subnet) => isAutoAddress(subnet) && !unwanted.has(subnet.id));
      for (const subnet of automatic) take(subnet, eui64(subnet.cidr, allocation.mac));
    }
    return chosen;
  }

  #fulfil(
    request: FixedIpRequest,
    subnets: readonly SubnetRow[],
    allocation: AddressRequest,
    take: (subnet: SubnetRow, address: string) => void,
    chosen: readonly PortIp[],
  ): void {
    const subnet = this.#subnetFor(request, subnets, allocation);
    if (request.ip_address === undefined) {
      if (isAutoAddress(subnet) && !ROUTER_OWNERS.has(allocation.deviceOwner)) {
        take(subnet, eui64(subnet.cidr, allocation.mac));
        return;
      }
      const kept = allocation.present?.find(
        (ip) => ip.subnet_id === subnet.id && !chosen.some((one) => one.ip_address === ip.ip_address),
      );
      const picked = kept?.ip_address ?? this.#free(subnet, chosen);
      if (picked === null) throw noMoreAddresses(allocation.networkId);
      take(subnet, picked);
      return;
    }
    const address = canonical(request.ip_address);
    if (
      isAutoAddress(subnet) &&
      !ROUTER_OWNERS.has(allocation.deviceOwner) &&
      address !== eui64(subnet.cidr, allocation.mac)
    ) {
      throw badRequest(
        `IPv6 address ${address} cannot be directly assigned to a port on subnet ${subnet.id} as the subnet is configured for automatic addresses`,
        { type: "AllocationOnAutoAddressSubnet" },
      );
    }
    take(subnet, address);
  }

  #subnetFor(
    request: FixedIpRequest,
    subnets: readonly SubnetRow[],
    { networkId, deviceOwner }: AddressRequest,
  ): SubnetRow {
    const { subnet_id: id, ip_address: address } = request;
    if (subnets.length === 0) throw invalidInput("IP allocation requires subnets for network");
    if (id === undefined && address === undefined) throw invalidInput("IP allocation requires subnet_id or ip_address");
    if (id === undefined) {
      const around = subnets.find((one) => address !== undefined && isUsable(one, address, deviceOwner));
      if (around !== undefined) return around;
      throw badRequest(`IP address ${address} is not a valid IP for any of the subnets on the specified network.`, {
        type: "InvalidIpForNetwork",
      });
    }
    const subnet = subnets.find((one) => one.id === id);
    if (subnet === undefined) {
      if (this.#store.subnets.get(id) === undefined) throw subnetNotFound(id);
      throw invalidInput(
        `Failed to create port on network ${networkId}, because fixed_ips included invalid subnet ${id}`,
      );
    }
    if (address === undefined || isUsable(subnet, address, deviceOwner)) return subnet;
    throw badRequest(`IP address ${address} is not a valid IP for the specified subnet.`, {
      type: "InvalidIpForSubnet",
    });
  }

  #pickPerFamily(
    subnets: readonly SubnetRow[],
    allocation: AddressRequest,
    take: (subnet: SubnetRow, address: string) => void,
    chosen: readonly PortIp[],
  ): void {
    for (const version of [4, 6]) {
      const candidates = subnets.filter((subnet) => subnet.ip_version === version && !isAutoAddress(subnet));
      if (candidates.length === 0) continue;
      const found = candidates
        .map((subnet) => ({ subnet, address: this.#free(subnet, chosen) }))
        .find(({ address }) => address !== null);
      if (found?.address == null) throw noMoreAddresses(allocation.networkId);
      take(found.subnet, found.address);
    }
  }

  /** The lowest address of the pools, in their order, that nobody has. Looked for where the last search ended, and among those given back since. */
  #free(subnet: SubnetRow, chosen: readonly PortIp[]): string | null {
    const refused = new Set(chosen.filter((ip) => ip.subnet_id === subnet.id).map((ip) => ip.ip_address));
    if (subnet.gateway_ip !== null) refused.add(subnet.gateway_ip);
    const { freeAddresses, portDetails } = this.#store;
    const hint = freeAddresses.hint(subnet.id);
    const known = hint === undefined ? new Set(portDetails.addressesIn(subnet.id)) : null;
    const isTaken = (address: string): boolean =>
      refused.has(address) || (known?.has(address) ?? portDetails.holder(subnet.id, address) !== undefined);
    const from = hint ?? { pool: 0, key: "" };
    for (const [index, { start, end }] of subnet.allocation_pools.entries()) {
      if (index <= from.pool && hint !== undefined) {
        const below = index < from.pool ? addressKey(end) : from.key;
        const back = freeAddresses.back(subnet.id, addressKey(start), below, refused.size + 1);
        const found = back.map(addressOfKey).find((address) => !isTaken(address));
        if (found !== undefined) return found;
      }
      if (index < from.pool) continue;
      const first = index === from.pool && from.key !== "" ? addressOfKey(from.key) : start;
      const found = firstFree([{ start: first, end }], { has: isTaken });
      if (found !== null) {
        freeAddresses.setHint(subnet.id, { pool: index, key: addressKey(found) });
        return found;
      }
    }
    // All are taken: the next search begins at the end.
    const last = subnet.allocation_pools.length - 1;
    const end = subnet.allocation_pools[last]?.end;
    if (end !== undefined) freeAddresses.setHint(subnet.id, { pool: last, key: addressKey(end) });
    return null;
  }

  /** `fa:16:3e:…`, free in the network. Errors: 409 when the wanted one is taken. */
  mac(networkId: string, wanted: string | null | undefined): string {
    const taken = (mac: string) => this.#store.ports.find({ network_id: networkId, mac_address: mac }) !== undefined;
    if (wanted !== null && wanted !== undefined) {
      if (taken(wanted)) throw macInUse(networkId, wanted);
      return wanted;
    }
    for (let attempt = 0; attempt < 16; attempt += 1) {
      // Node draws many of these at once.
      const mac = `fa:16:3e:${randomUUID().slice(0, 6).match(/../g)?.join(":")}`;
      if (!taken(mac)) return mac;
    }
    throw badResource("port", `Unable to generate unique mac on network ${networkId}`);
  }
}

const rank = (request: FixedIpRequest): number => (request.ip_address === undefined ? 1 : 0);

/**
 * Whether a port may have the address: not the network's own, not IPv4's broadcast. The network's own of IPv6 is the routers' anycast
 * address; neutron gives it to their ports and to those that are nobody's yet.
 */
function isUsable(subnet: SubnetRow, address: string, deviceOwner: string): boolean {
  const block = blockOf(subnet.cidr);
  if (!contains(block, address)) return false;
  const { first, last } = hostRange(block);
  const value = numberOf(address);
  const anycast = subnet.ip_version === 6 && (deviceOwner === "" || ROUTER_OWNERS.has(deviceOwner));
  return (value >= first && value <= last) || (anycast && value === block.first);
}

/** Extension subnet-service-types: a subnet with types is only for ports with such an owner; untyped ones serve everybody. */
export function serves(subnet: SubnetRow, deviceOwner: string): boolean {
  return subnet.service_types.length === 0 || subnet.service_types.some((type) => deviceOwner.startsWith(type));
}
