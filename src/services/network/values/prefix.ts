import { isIPv4 } from "node:net";
import { addressNumber, addressText } from "../../../kernel/config/addresses.ts";

/** An address and how much of it is the network's: "10.0.0.7/24" keeps its host bits. */
export interface Prefix {
  family: 4 | 6;
  address: bigint;
  length: number;
}

/**
 * What netaddr's IPNetwork (1.x, strict) reads, which is what neutron takes for a CIDR: `A/length`, `A/netmask`, `A/hostmask`, and a bare
 * address, which is one host. Null for anything else.
 */
export function readPrefix(text: string): Prefix | null {
  const [host = "", mask, ...more] = text.split("/");
  const address = addressNumber(host);
  if (address === null || more.length > 0) return null;
  const family = isIPv4(host) ? 4 : 6;
  const bits = family === 4 ? 32 : 128;
  if (mask === undefined) return { family, address, length: bits };
  const length = /^\d{1,3}$/.test(mask) ? Number(mask) : maskLength(mask, family);
  return length === null || length > bits ? null : { family, address, length };
}

/** 255.255.255.0 and 0.0.0.255 are both 24. */
function maskLength(text: string, family: 4 | 6): number | null {
  const value = addressNumber(text);
  if (value === null || isIPv4(text) !== (family === 4)) return null;
  const bits = family === 4 ? 32 : 128;
  const digits = value.toString(2).padStart(bits, "0");
  if (/^1*0*$/.test(digits)) return digits.lastIndexOf("1") + 1;
  return /^0*1*$/.test(digits) ? digits.indexOf("1") : null;
}

/** As netaddr writes it: the address in its shortest spelling, host bits and all. */
export const prefixText = ({ family, address, length }: Prefix): string => `${addressText(family, address)}/${length}`;

/** The same with the host bits cleared. */
export function networkText({ family, address, length }: Prefix): string {
  const size = 1n << BigInt((family === 4 ? 32 : 128) - length);
  return prefixText({ family, address: address - (address % size), length });
}

/** The range with its host bits cleared: what the firewall really uses. */
export function normalized(text: string | null): string | null {
  const prefix = text === null ? null : readPrefix(text);
  return prefix === null ? null : networkText(prefix);
}
