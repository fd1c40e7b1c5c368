import { isIP, isIPv4 } from "node:net";
import { addressNumber, addressText } from "../../kernel/config/addresses.ts";

/**
 * dnsmasq's lease file without the leases whose address is now somebody else's; null when there are none of these. `before` and `after`
 * are the lines of its hosts file. A line is "EXPIRY MAC ADDRESS NAME CLIENT-ID" for IPv4 and "EXPIRY IAID ADDRESS NAME DUID" for IPv6,
 * where nothing tells whose it is: a lease lasts while the address keeps its owner. Neutron's agent gives leases up by messages for the
 * same reason (dhcp_release6 of neutron/agent/linux/dhcp.py), but not those of a guest that was rebuilt.
 */
export function lastingLeases(leases: string, before: readonly string[], after: readonly string[]): string | null {
  const former = owners(before);
  const owner = owners(after);
  const lines = leases.split("\n");
  const kept = lines.filter((line) => {
    const [, client = "", word = ""] = line.split(" ");
    const address = canonical(word);
    if (address === null) return true;
    const now = owner.get(address);
    if (!isIPv4(address)) return now !== undefined && now === former.get(address);
    // Nobody can be in the way of an IPv4 address that has no owner.
    return now === undefined || now.split(",")[0] === client;
  });
  return kept.length === lines.length ? null : kept.join("\n");
}

/** Address → MAC and tags of who may have it, of lines like "MAC,set:TAG,NAME,[ADDRESS]". */
function owners(hosts: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of hosts) {
    const words = line.split(",");
    const address = words.at(-1)?.replace(/^\[(.*)\]$/, "$1") ?? "";
    if (isIP(address) !== 0) found.set(address, words.filter((word, at) => at === 0 || word.startsWith("set:")).join());
  }
  return found;
}

/** As the hosts file has it, whatever dnsmasq makes of it; null for what is no address. */
function canonical(text: string): string | null {
  const value = addressNumber(text);
  return value === null ? null : addressText(isIPv4(text) ? 4 : 6, value);
}
