import { isIPv4 } from "node:net";
import { addressNumber, addressText, type Block, parseBlock } from "../../../kernel/config/addresses.ts";
import type { KeyedIp } from "../store/port-details.ts";
import type { Pool, PortIp, SubnetRow } from "../store/rows.ts";

/** The block of text that is known to be one. */
export function blockOf(cidr: string): Block {
  const block = parseBlock(cidr);
  if (block === null) throw new Error(`not a CIDR: ${cidr}`);
  return block;
}

export function numberOf(address: string): bigint {
  const value = addressNumber(address);
  if (value === null) throw new Error(`not an address: ${address}`);
  return value;
}

/** Canonical text of a literal that is known to be one. */
export const canonical = (address: string): string => addressText(isIPv4(address) ? 4 : 6, numberOf(address));

/** First and last address that a host may have: not the network's own, not IPv4's broadcast (a /31 and /32 have no such). */
export function hostRange(block: Block): { first: bigint; last: bigint } {
  const bits = block.family === 4 ? 32 : 128;
  if (block.prefix >= bits - 1) return { first: block.first, last: block.last };
  return { first: block.first + 1n, last: block.family === 4 ? block.last - 1n : block.last };
}

/** Everything but the gateway, as neutron generates pools: the part behind the gateway comes first. */
export function defaultPools(block: Block, gateway: string | null): Pool[] {
  const { first, last } = hostRange(block);
  const text = (value: bigint) => addressText(block.family, value);
  const at = gateway === null ? null : numberOf(gateway);
  if (at === null || at < first || at > last) return first <= last ? [{ start: text(first), end: text(last) }] : [];
  const parts: [bigint, bigint][] = [
    [first, at - 1n],
    [at + 1n, last],
  ];
  return parts
    .filter(([start, end]) => start <= end)
    .sort(([one], [other]) => Number(one > other) - Number(one < other))
    .map(([start, end]) => ({ start: text(start), end: text(end) }));
}

/** How many addresses pools hold. */
export function poolSize(pools: readonly Pool[]): bigint {
  return pools.reduce((sum, { start, end }) => sum + numberOf(end) - numberOf(start) + 1n, 0n);
}

/** As many digits for each address of a family, so that keys are in the order of addresses. */
export const addressKey = (address: string): string =>
  numberOf(address)
    .toString(16)
    .padStart(isIPv4(address) ? 8 : 32, "0");

export const addressOfKey = (key: string): string => addressText(key.length === 8 ? 4 : 6, BigInt(`0x${key}`));

/** As the store keeps them. */
export const keyed = (ips: readonly PortIp[]): KeyedIp[] =>
  ips.map((ip) => ({ ...ip, key: addressKey(ip.ip_address) }));

/** The lowest address of the pools that is not taken, or null. */
export function firstFree(pools: readonly Pool[], taken: Pick<ReadonlySet<string>, "has">): string | null {
  for (const { start, end } of pools) {
    const family = isIPv4(start) ? 4 : 6;
    const last = numberOf(end);
    for (let value = numberOf(start); value <= last; value += 1n) {
      const text = addressText(family, value);
      if (!taken.has(text)) return text;
    }
  }
  return null;
}

/** The modified EUI-64 address that a guest with this MAC gives itself in a /64. */
export function eui64(cidr: string, mac: string): string {
  const bytes = mac.split(":").map((part) => BigInt(Number.parseInt(part, 16)));
  const [a = 0n, b = 0n, c = 0n, d = 0n, e = 0n, f = 0n] = bytes;
  const host = [a ^ 2n, b, c, 0xffn, 0xfen, d, e, f].reduce((sum, byte) => sum * 256n + byte, 0n);
  return addressText(6, blockOf(cidr).first + host);
}

const AUTO_MODES: ReadonlySet<unknown> = new Set(["slaac", "dhcpv6-stateless"]);

/** Addresses of the subnet follow from the MAC instead of being handed out (neutron/common/ipv6_utils.py). */
export function isAutoAddress(subnet: Pick<SubnetRow, "ipv6_address_mode" | "ipv6_ra_mode">): boolean {
  return AUTO_MODES.has(subnet.ipv6_address_mode) || AUTO_MODES.has(subnet.ipv6_ra_mode);
}
