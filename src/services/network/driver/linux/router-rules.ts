import type { Chain, Rule, Table } from "../../../../host/firewall/rules.ts";
import type { DesiredRouter } from "../driver.ts";
import { METADATA_ADDRESS, metadataRules6 } from "./metadata.ts";
import { innerName } from "./plug.ts";

/** Packets that came in from the outside carry this mark: their source address must survive. */
const FROM_OUTSIDE = "0x2/0x2";

/** All IPv4 rules of a router's namespace. */
export function routerRules(router: DesiredRouter): Table[] {
  const { gateway } = router;
  const outside = gateway === null ? null : innerName("qg", gateway.portId);
  const address = gateway?.fixedIps.find((ip) => !ip.address.includes(":"))?.address ?? null;
  const dnat: Rule[] = [];
  const snat: Rule[] = [];
  const mark: Rule[] = [];
  const forward: Rule[] = [];
  for (const { id, address: floating, fixedAddress } of outside === null ? [] : router.floatingIps) {
    const comment = `floating IP ${id}`;
    dnat.push({ spec: ["-d", `${floating}/32`, "-j", "DNAT", "--to-destination", fixedAddress], comment });
    const to = ["-j", "SNAT", "--to-source", floating];
    snat.push({ spec: ["-s", `${fixedAddress}/32`, "-o", outside ?? "", ...to], comment });
    // To a floating IP of the same router (its own too): the answer has to come back through the router.
    const hairpin = ["-s", `${fixedAddress}/32`, "-m", "conntrack", "--ctstate", "DNAT"];
    snat.push({ spec: [...hairpin, "-m", "mark", "!", "--mark", FROM_OUTSIDE, ...to], comment: `${comment}, hairpin` });
  }
  for (const one of outside === null ? [] : router.portForwardings) {
    const match = ["-d", `${one.externalAddress}/32`, "-p", one.protocol, "-m", one.protocol];
    const target = forwardTarget(one.internalAddress, one.internalPort, one.externalPort);
    dnat.push({
      spec: [...match, "--dport", one.externalPort, "-j", "DNAT", "--to-destination", target],
      comment: "port forwarding",
    });
  }
  if (outside !== null) {
    mark.push({ spec: ["-i", outside, "-j", "MARK", "--set-xmark", FROM_OUTSIDE], comment: "came from the outside" });
  }
  if (outside !== null && address !== null) {
    const to = ["-j", "SNAT", "--to-source", address, "--random-fully"];
    const hairpin = ["-m", "mark", "!", "--mark", FROM_OUTSIDE, "-m", "conntrack", "--ctstate", "DNAT"];
    if (gateway?.enableSnat) {
      snat.push({ spec: ["-o", outside, ...to], comment: "everyone else leaves as the router" });
      // The translation does not touch packets of no known connection: they would show inner addresses outside.
      const invalid = ["-o", outside, "-m", "conntrack", "--ctstate", "INVALID", "-j", "DROP"];
      forward.push({ spec: invalid, comment: "untranslated" });
    }
    snat.push({ spec: [...hairpin, "!", "-o", outside, ...to], comment: "hairpin without a floating IP" });
  }
  const input: Rule[] = [
    {
      spec: ["-d", `${METADATA_ADDRESS}/32`, "!", "-i", "qr-+", "-j", "DROP"],
      comment: "metadata is for guests behind the router",
    },
  ];
  return [
    { table: "mangle", chains: chains({ PREROUTING: mark }) },
    { table: "nat", chains: chains({ PREROUTING: dnat, OUTPUT: dnat, POSTROUTING: snat }) },
    { table: "filter", chains: chains({ INPUT: input, FORWARD: forward, OUTPUT: [] }) },
  ];
}

/** Interfaces on which guests ask for metadata by IPv6. */
export function metadataInterfaces6({
  interfaces,
}: DesiredRouter): { device: string; portId: string; networkId: string }[] {
  return interfaces
    .filter(({ fixedIps }) => fixedIps.some(({ address }) => address.includes(":")))
    .map(({ portId, networkId }) => ({ device: innerName("qr", portId), portId, networkId }));
}

/** All IPv6 rules: nothing is translated but who asks for metadata. */
export function routerRules6(router: DesiredRouter): Table[] {
  // dnsmasq in here advertises only; requests for addresses are for the one in the DHCP namespace.
  const input = [
    { spec: ["-p", "udp", "-m", "udp", "--dport", "547", "-j", "DROP"], comment: "no DHCPv6 server here" },
  ];
  return [
    { table: "filter", chains: chains({ INPUT: input, FORWARD: [], OUTPUT: [] }) },
    metadataRules6(metadataInterfaces6(router)),
  ];
}

function chains(rules: Record<string, Rule[]>): Chain[] {
  return Object.entries(rules).map(([name, list]) => ({ name, rules: list }));
}

/** Ranges are mapped one to one; without the base the kernel would pick any port of the range. */
function forwardTarget(address: string, internal: string, external: string): string {
  if (!internal.includes(":")) return `${address}:${internal}`;
  return `${address}:${internal.replace(":", "-")}/${external.split(":")[0]}`;
}
