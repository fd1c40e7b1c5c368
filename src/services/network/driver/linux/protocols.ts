import { PROTOCOLS } from "../../values/protocols.ts";

/** Protocols with ports, and the words that match destination ports. There is no match for UDP-Lite alone. */
const PORT_WORDS: Readonly<Record<number, readonly [match: string, option: string]>> = {
  6: ["tcp", "--dport"],
  17: ["udp", "--dport"],
  33: ["dccp", "--dport"],
  132: ["sctp", "--dport"],
  136: ["multiport", "--dports"],
};

/** The protocol's number, or null for any. "icmp" in an IPv6 rule is ICMPv6, as in Neutron. */
export function protocolNumber(protocol: string | null, family: 4 | 6): number | null {
  if (protocol === null || protocol === "any" || protocol === "0" || protocol === "ip") return null;
  const number = PROTOCOLS[protocol] ?? Number(protocol);
  if (!Number.isInteger(number)) throw new Error(`unknown protocol ${protocol}`);
  return number === 1 && family === 6 ? 58 : number;
}

export const portWords = (number: number | null): readonly [match: string, option: string] | null =>
  number === null ? null : (PORT_WORDS[number] ?? null);

/** The family's own: only its type and code can be matched. */
export const isIcmp = (number: number | null, family: 4 | 6): boolean => number === (family === 4 ? 1 : 58);
