import { addressNumber, parseBlock } from "../../../../kernel/config/addresses.ts";
import { type DesiredPortFirewall, tapDevice } from "../driver.ts";

export const SPOOF_TABLE = "tenrec";
const DISCOVERY = ["nd-router-solicit", "nd-router-advert", "nd-neighbor-solicit", "nd-neighbor-advert", "nd-redirect"];

/**
 * The bridge-family table that lets each guest speak for its own MAC and addresses only: Ethernet, ARP, IPv4, IPv6 and
 * neighbour discovery. Any other protocol is dropped, tagged frames too (the filters behind would not look into them).
 * A tap that no port owns passes nothing, so an interface is shut until its rules are there. The whole table is replaced
 * in one transaction, or (`spoofChange`) what differs. Plain sets and verdict maps only: concatenated ones do not match in this family on all kernels.
 */
export function spoofScript(ports: readonly DesiredPortFirewall[]): string {
  return script([`add table bridge ${SPOOF_TABLE}`, `delete table bridge ${SPOOF_TABLE}`], ports, ports);
}

/** The same where only some ports differ from what is there: `gone` as they were, `come` as they are to be. */
export function spoofChange(
  ports: readonly DesiredPortFirewall[],
  gone: readonly DesiredPortFirewall[],
  come: readonly DesiredPortFirewall[],
): string {
  const flushed = ["prerouting", "to-guest-forward", "to-guest-output"];
  const former = gone.filter((port) => port.portSecurityEnabled).map((port) => chainNames(port));
  // What jumps to a chain goes before it.
  for (const { main, ofMacs } of former) flushed.push(main, ...ofMacs);
  const deleted = former.flatMap(({ main, ofMacs }) => [main, ...ofMacs]);
  const lines = [
    ...flushed.map((name) => `flush chain bridge ${SPOOF_TABLE} ${name}`),
    ...deleted.map((name) => `delete chain bridge ${SPOOF_TABLE} ${name}`),
  ];
  return script(lines, ports, come);
}

/** `ports`: all that may pass; `chains`: those whose chains are made. */
function script(
  before: readonly string[],
  ports: readonly DesiredPortFirewall[],
  chains: readonly DesiredPortFirewall[],
): string {
  const lines = [...before, `table bridge ${SPOOF_TABLE} {`];
  for (const port of chains) if (port.portSecurityEnabled) lines.push(...portChains(port));
  const known = ports.map((port) => `"${tapDevice(port.portId)}"`);
  const verdicts = ports
    .filter((port) => port.portSecurityEnabled)
    .map((port) => `"${tapDevice(port.portId)}" : jump ${chainNames(port).main}`);
  const others = known.length === 0 ? "" : ` iifname != { ${known.join(", ")} }`;
  const outwards = others.replace("iifname", "oifname");
  lines.push("  chain prerouting {", "    type filter hook prerouting priority -250; policy accept;");
  lines.push(`    iifname "tap*"${others} drop comment "no port owns it"`);
  if (verdicts.length > 0) lines.push(`    iifname vmap { ${verdicts.join(", ")} }`);
  lines.push("  }");
  for (const hook of ["forward", "output"]) {
    lines.push(`  chain to-guest-${hook} {`, `    type filter hook ${hook} priority -250; policy accept;`);
    lines.push(`    oifname "tap*"${outwards} drop comment "no port owns it"`, "  }");
  }
  return `${[...lines, "}"].join("\n")}\n`;
}

/** MAC → what it may say that it is. */
function addressesByMac(port: DesiredPortFirewall): Map<string, string[]> {
  const pairs = new Map<string, string[]>([[port.mac.toLowerCase(), port.fixedIps.map(({ address }) => address)]]);
  for (const { mac, cidr } of port.allowedAddressPairs) {
    const key = mac.toLowerCase();
    pairs.set(key, [...(pairs.get(key) ?? []), cidr]);
  }
  return pairs;
}

function chainNames(port: DesiredPortFirewall): { main: string; ofMacs: string[] } {
  const main = `port-${port.portId}`;
  return { main, ofMacs: [...addressesByMac(port).keys()].map((_, index) => `${main}-${index}`) };
}

function portChains(port: DesiredPortFirewall): string[] {
  const { main, ofMacs } = chainNames(port);
  const lines: string[] = [];
  const dispatch: string[] = [];
  for (const [index, [mac, addresses]] of [...addressesByMac(port)].entries()) {
    lines.push(`  chain ${ofMacs[index]} {`, ...macRules(mac, addresses).map((line) => `    ${line}`), "  }");
    dispatch.push(`    ether saddr ${mac} goto ${ofMacs[index]}`);
  }
  return [...lines, `  chain ${main} {`, ...dispatch, "    drop", "  }"];
}

function macRules(mac: string, addresses: readonly string[]): string[] {
  const v4 = wholeOrList(addresses.filter((one) => !one.includes(":")));
  const v6 = wholeOrList([...addresses.filter((one) => one.includes(":")), linkLocal(mac)]);
  const targets = v6.map(numericRange);
  return [
    `ether type arp arp saddr ether != ${mac} drop`,
    // 0.0.0.0 asks whether anyone has an address (RFC 5227) and claims nothing.
    `ether type arp arp saddr ip { ${["0.0.0.0", ...v4].join(", ")} } accept`,
    "ether type arp drop",
    "ether type ip udp sport 67 udp dport 68 drop",
    // A DHCP request is about the client it names, 28 bytes into the message: releasing another's lease takes its address.
    `ether type ip udp dport 67 @th,288,48 != 0x${mac.replaceAll(":", "")} drop`,
    "ether type ip udp dport 67 ip frag-off & 0x3fff != 0 drop",
    ...(v4.length > 0 ? [`ether type ip ip saddr { ${v4.join(", ")} } accept`] : []),
    "ether type ip ip saddr 0.0.0.0 udp sport 68 udp dport 67 accept",
    "ether type ip drop",
    "ether type != ip6 drop",
    // In pieces, what is looked at may be in another one: neighbour discovery never comes so (RFC 6980), nor headers (7112).
    "exthdr frag exists frag nexthdr { 0, 43, 44, 51, 60, 135, 139, 140 } drop",
    `exthdr frag exists icmpv6 type { ${DISCOVERY.join(", ")} } drop`,
    "icmpv6 type { nd-router-advert, nd-redirect } drop",
    "udp sport 547 udp dport 546 drop",
    // The address that is advertised or, from nobody yet, about to be taken: 8 bytes into the message.
    `icmpv6 type nd-neighbor-advert @th,64,128 != { ${targets.join(", ")} } drop`,
    `ip6 saddr :: icmpv6 type nd-neighbor-solicit @th,64,128 != { ${targets.join(", ")} } drop`,
    `ip6 saddr { ${v6.join(", ")} } accept`,
    "ip6 saddr :: icmpv6 type { nd-neighbor-solicit, nd-router-solicit, mld-listener-report, mld2-listener-report } accept",
    "drop",
  ];
}

/** Overlapping elements are refused by nft: single addresses inside a given block are left out, and blocks inside blocks. */
function wholeOrList(addresses: readonly string[]): string[] {
  const list = [
    ...new Set(addresses.map((one) => (one.includes("/") ? one : `${one}/${one.includes(":") ? 128 : 32}`))),
  ];
  const blocks = list.flatMap((text) => {
    const block = parseBlock(text);
    return block === null ? [] : [{ text, block }];
  });
  const kept = blocks.filter(
    ({ block }, index) =>
      !blocks.some(
        ({ block: other }, position) =>
          position !== index &&
          other.first <= block.first &&
          other.last >= block.last &&
          (other.prefix < block.prefix || position < index),
      ),
  );
  return kept.map(({ text }) =>
    text.replace(/\/(32|128)$/, (whole) => (whole === (text.includes(":") ? "/128" : "/32") ? "" : whole)),
  );
}

function numericRange(text: string): string {
  const block = parseBlock(text.includes("/") ? text : `${text}/128`);
  if (block === null) throw new Error(`not an address: ${text}`);
  const hex = (value: bigint) => `0x${value.toString(16).padStart(32, "0")}`;
  return block.first === block.last ? hex(block.first) : `${hex(block.first)}-${hex(block.last)}`;
}

/** fe80::/64 with the interface identifier made of the MAC (modified EUI-64). */
export function linkLocal(mac: string): string {
  const bytes = mac.split(":").map((part) => Number.parseInt(part, 16));
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = bytes;
  const words = [((a ^ 2) << 8) | b, (c << 8) | 0xff, 0xfe00 | d, (e << 8) | f];
  const address = `fe80::${words.map((word) => word.toString(16)).join(":")}`;
  if (addressNumber(address) === null) throw new Error(`not a MAC: ${mac}`);
  return address;
}
