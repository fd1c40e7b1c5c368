import { addressNumber, parseBlock } from "../../kernel/config/addresses.ts";
import type { Settings } from "../../kernel/config/settings.ts";
import type { NetworkFacts } from "../facts.ts";
import type { Exec, Ledger } from "../types.ts";
import type { PublicMode } from "./box.ts";
import { droppingForwards, iptablesVariant, ruleParts } from "./iptables.ts";
import { nftForwardParts } from "./nftables.ts";
import { type Part, part } from "./part.ts";
import { cidrsCovering, linkAddresses } from "./ranges.ts";

const MAX_PROXIED = 4096;

export interface Outside {
  parts: readonly Part[];
  /** What is done beyond the plain case, in words for the summary. */
  notes: readonly string[];
}

interface OutsideOptions {
  exec: Exec;
  ledger: Ledger;
  settings: Settings;
  netns: string;
  hostLink: string;
  mode: PublicMode;
  facts: NetworkFacts;
}

/** What the main namespace needs beside the link to the box, in the order it is made. Only looks at the host. */
export async function outsideParts(options: OutsideOptions): Promise<Outside> {
  const rules = await forwardRules(options);
  const nic = options.settings.network.publicInterface;
  const proxied = options.mode === "proxy" && nic !== null ? proxies(options, nic) : [];
  return {
    parts: [
      ...routes(options),
      ...(await forwarding(options)),
      ...(await masquerade(options)),
      ...rules.parts,
      ...proxied,
    ],
    notes: [
      ...rules.notes,
      ...(proxied.length > 0 ? [`the host answers ARP for the floating addresses on ${nic}`] : []),
    ],
  };
}

/** The floating addresses that are ours, as CIDRs. */
export function pool(settings: Settings): string[] {
  const { floatingAllocationPool: wanted, floatingRange } = settings.network;
  const block = parseBlock(floatingRange);
  const start = wanted === null ? block?.first : addressNumber(wanted.start);
  const end = wanted === null ? block?.last : addressNumber(wanted.end);
  return start == null || end == null ? [floatingRange] : cidrsCovering(start, end);
}

function routes({ exec, settings, hostLink, mode }: OutsideOptions): Part[] {
  const { box } = linkAddresses(settings.api.hostLinkRange);
  return (mode === "nat" ? [settings.network.floatingRange] : pool(settings)).map((cidr) => {
    const spec = [cidr, "via", box, "dev", hostLink];
    const details = { netns: null, spec, family: 4 as const };
    return part("route", `${hostLink}:${cidr}`, details, () => exec.run("ip", ["route", "replace", ...spec]));
  });
}

/** ip_forward in the main namespace, only where it is off. */
async function forwarding({ exec, ledger, facts, hostLink }: OutsideOptions): Promise<Part[]> {
  const read = async (key: string): Promise<string | null> => {
    const { exitCode, stdout } = await exec.run("cat", [`/proc/sys/${key}`], { allowFailure: true });
    return exitCode === 0 ? stdout.trim() : null;
  };
  const key = "net/ipv4/ip_forward";
  if (ledger.get("sysctl", key) === null && (await read(key)) === "1") return [];
  // Switching it over, the kernel also sets these; they are written back after it.
  const along = ["net/ipv4/conf/all/accept_redirects", "net/ipv4/conf/default/forwarding"];
  for (const name of new Set(facts.addresses.map((address) => address.interface))) {
    if (name !== hostLink) along.push(`net/ipv4/conf/${name}/forwarding`);
  }
  const parts: Part[] = [];
  for (const other of along) {
    const previous = await read(other);
    if (previous === null) continue;
    const details = { netns: null, previous, value: "1", always: true };
    parts.push(part("sysctl", other, details, () => Promise.resolve()));
  }
  const details = { netns: null, previous: "0", value: "1" };
  parts.push(part("sysctl", key, details, () => exec.run("tee", [`/proc/sys/${key}`], { input: "1" })));
  return parts;
}

const comment = (netns: string): string[] => ["-m", "comment", "--comment", `tenrec ${netns}`];

async function masquerade({ exec, ledger, settings, netns, mode, facts }: OutsideOptions): Promise<Part[]> {
  const device = facts.defaultRoute?.interface;
  if ((mode !== "nat" && mode !== "lan") || device === undefined) return [];
  const variant = await iptablesVariant(exec);
  // Of a LAN's range some addresses are ours; and what the box itself sends has none of them.
  const sources =
    mode === "nat"
      ? [settings.network.floatingRange]
      : [...pool(settings), `${linkAddresses(settings.api.hostLinkRange).box}/32`];
  const parts: Part[] = [];
  for (const source of sources) {
    const rule = [...comment(netns), "-s", source, "-o", device, "-j", "MASQUERADE"];
    parts.push(...(await ruleParts(exec, ledger, { variant, table: "nat", chain: "POSTROUTING", rule, first: false })));
  }
  return parts;
}

async function forwardRules({ exec, ledger, netns, hostLink }: OutsideOptions): Promise<Outside> {
  const parts: Part[] = [];
  const notes: string[] = [];
  for (const { variant, chain, why } of await droppingForwards(exec)) {
    for (const side of ["-i", "-o"]) {
      const rule = [...comment(netns), side, hostLink, "-j", "ACCEPT"];
      parts.push(...(await ruleParts(exec, ledger, { variant, table: "filter", chain, rule, first: true })));
    }
    notes.push(`${why}: traffic of the box is let through in ${chain} (${variant})`);
  }
  const nft = await nftForwardParts(exec, hostLink, netns);
  return { parts: [...parts, ...nft.parts], notes: [...notes, ...nft.notes] };
}

function proxies({ exec, settings }: OutsideOptions, nic: string): Part[] {
  return addresses(settings).map((address) => {
    const details = { netns: null, address, device: nic };
    return part("proxy-neighbour", `${nic}:${address}`, details, () =>
      exec.run("ip", ["neigh", "replace", "proxy", address, "dev", nic]),
    );
  });
}

function addresses(settings: Settings): string[] {
  const found: string[] = [];
  for (const cidr of pool(settings)) {
    const block = parseBlock(cidr);
    if (block === null) continue;
    for (let value = block.first; value <= block.last; value += 1n) {
      const text = [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join(".");
      if (text !== settings.network.publicGateway) found.push(text);
      if (found.length > MAX_PROXIED)
        throw new Error(`more than ${MAX_PROXIED} floating addresses: set Q_FLOATING_ALLOCATION_POOL`);
    }
  }
  return found;
}
