import { addressNumber, parseBlock } from "../../../../kernel/config/addresses.ts";
import { type DesiredPortFirewall, tapDevice } from "../driver.ts";

export const SPOOF_TABLE = "tenrec";
/** Taps that ports own, and those of them that have rules. */
const TAPS = "taps";
const GUARDED = "guarded";
/** All of the table that is no port's own. */
export const SPOOF_HEADS = [
  ["chain", "bridge", SPOOF_TABLE, "prerouting"],
  ["set", "bridge", SPOOF_TABLE, TAPS],
  ["map", "bridge", SPOOF_TABLE, GUARDED],
] as const;
const DISCOVERY = ["nd-router-solicit", "nd-router-advert", "nd-neighbor-solicit", "nd-neighbor-advert", "nd-redirect"];

/**
 * The bridge-family table that lets each guest speak for its own MAC and addresses only: Ethernet, ARP, IPv4, IPv6 and
 * neighbour discovery. Any other protocol is dropped, tagged frames too (the filters behind would not look into them).
 * A tap that no port owns passes nothing, so an interface is shut until its rules are there. The whole table is replaced
 * in one transaction, or (`spoofChange`) what differs. Plain sets and verdict maps only: concatenated ones do not match in this family on all kernels.
 */
export function spoofScript(ports: readonly DesiredPortFirewall[]): string {
  const unowned = (name: string) => `${name} "tap*" ${name} != @${TAPS} drop comment "no port owns it"`;
  const outwards = ["forward", "output"].flatMap((hook) => [
    `  chain to-guest-${hook} {`,
    `    type filter hook ${hook} priority -250; policy accept;`,
    `    ${unowned("oifname")}`,
    "  }",
  ]);
  const lines = [
    `add table bridge ${SPOOF_TABLE}`,
    `delete table bridge ${SPOOF_TABLE}`,
    `table bridge ${SPOOF_TABLE} {`,
    `  set ${TAPS} { type ifname; }`,
    `  map ${GUARDED} { type ifname : verdict; }`,
    ...SHARED_CHAINS,
    "  chain prerouting {",
    "    type filter hook prerouting priority -250; policy accept;",
    `    ${unowned("iifname")}`,
    `    iifname vmap @${GUARDED}`,
    "  }",
    ...outwards,
    "}",
    ...added(ports),
  ];
  return `${lines.join("\n")}\n`;
}

/** The same where only some ports differ from what is there: `gone` as they were, `come` as they are to be. */
export function spoofChange(gone: readonly DesiredPortFirewall[], come: readonly DesiredPortFirewall[]): string {
  return `${[...taken(gone), ...added(come)].join("\n")}\n`;
}

/** What jumps to a chain goes before it. */
function taken(ports: readonly DesiredPortFirewall[]): string[] {
  const chains = ports.filter((port) => port.portSecurityEnabled).map((port) => chainNames(port));
  const all = chains.flatMap(({ main, ofMacs }) => [main, ...ofMacs]);
  return [
    ...elements("delete", ports),
    ...all.map((name) => `flush chain bridge ${SPOOF_TABLE} ${name}`),
    ...all.map((name) => `delete chain bridge ${SPOOF_TABLE} ${name}`),
  ];
}

function added(ports: readonly DesiredPortFirewall[]): string[] {
  const chains = ports.filter((port) => port.portSecurityEnabled).flatMap(portChains);
  const table = chains.length === 0 ? [] : [`table bridge ${SPOOF_TABLE} {`, ...chains, "}"];
  return [...table, ...elements("add", ports)];
}

function elements(verb: "add" | "delete", ports: readonly DesiredPortFirewall[]): string[] {
  const taps = ports.map((port) => `"${tapDevice(port.portId)}"`);
  const verdicts = ports
    .filter((port) => port.portSecurityEnabled)
    .map((port) => `"${tapDevice(port.portId)}" : jump ${chainNames(port).main}`);
  const of = (name: string, list: readonly string[]) =>
    list.length === 0 ? [] : [`${verb} element bridge ${SPOOF_TABLE} ${name} { ${list.join(", ")} }`];
  return [...of(GUARDED, verdicts), ...of(TAPS, taps)];
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
  return [...lines, `  chain ${main} {`, "    jump never", ...dispatch, "    drop", "  }"];
}

/** What no guest says, and what one without an address may ask. Once for all: `nft` reads every set of a table whatever it is asked. */
const SHARED_CHAINS = [
  "  chain never {",
  "    ether type ip udp sport 67 udp dport 68 drop",
  "    ether type ip udp dport 67 ip frag-off & 0x3fff != 0 drop",
  // In pieces, what is looked at may be in another one: neighbour discovery never comes so (RFC 6980), nor headers (7112).
  "    ether type ip6 exthdr frag exists frag nexthdr { 0, 43, 44, 51, 60, 135, 139, 140 } drop",
  `    ether type ip6 exthdr frag exists icmpv6 type { ${DISCOVERY.join(", ")} } drop`,
  "    ether type ip6 icmpv6 type { nd-router-advert, nd-redirect } drop",
  "    ether type ip6 udp sport 547 udp dport 546 drop",
  "  }",
  "  chain nameless {",
  "    icmpv6 type { nd-neighbor-solicit, nd-router-solicit, mld-listener-report, mld2-listener-report } accept",
  "    drop",
  "  }",
];

function macRules(mac: string, addresses: readonly string[]): string[] {
  const v4 = wholeOrList(addresses.filter((one) => !one.includes(":")));
  const v6 = wholeOrList([...addresses.filter((one) => one.includes(":")), linkLocal(mac)]);
  // The address that is advertised or, from nobody yet, about to be taken: 8 bytes into the message.
  const isOther = noneOf("@th,64,128", v6.map(numericRange));
  return [
    `ether type arp arp saddr ether != ${mac} drop`,
    // 0.0.0.0 asks whether anyone has an address (RFC 5227) and claims nothing.
    ...accept("ether type arp arp saddr ip", ["0.0.0.0", ...v4]),
    "ether type arp drop",
    // A DHCP request is about the client it names, 28 bytes into the message: releasing another's lease takes its address.
    `ether type ip udp dport 67 @th,288,48 != 0x${mac.replaceAll(":", "")} drop`,
    ...accept("ether type ip ip saddr", v4),
    "ether type ip ip saddr 0.0.0.0 udp sport 68 udp dport 67 accept",
    "ether type ip drop",
    "ether type != ip6 drop",
    `icmpv6 type nd-neighbor-advert ${isOther} drop`,
    `ip6 saddr :: icmpv6 type nd-neighbor-solicit ${isOther} drop`,
    ...accept("ip6 saddr", v6),
    "ip6 saddr :: goto nameless",
    "drop",
  ];
}

/** So many are rules of their own: sets of thousands of ports would be read at each change. */
const FEW = 8;

function accept(what: string, values: readonly string[]): string[] {
  if (values.length > FEW) return [`${what} { ${values.join(", ")} } accept`];
  return values.map((value) => `${what} ${value} accept`);
}

function noneOf(what: string, values: readonly string[]): string {
  if (values.length > FEW) return `${what} != { ${values.join(", ")} }`;
  return values.map((value) => `${what} != ${value}`).join(" ");
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
