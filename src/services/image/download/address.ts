import { BlockList, isIPv4, isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";

/** Everything that is not the public internet: loopback, link-local (169.254.169.254!), private, shared, multicast, reserved. */
const LOCAL_V4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
];
/** What of IPv6 is handed out to the internet; of it, protocols' own blocks, Teredo, examples and 6to4 lead elsewhere. */
const GLOBAL_V6 = "2000::/3";
const LOCAL_V6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

function blockList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = "", prefix] = range.split("/");
    const family = isIPv6(address) ? "ipv6" : "ipv4";
    list.addSubnet(address, Number(prefix ?? (family === "ipv6" ? 128 : 32)), family);
  }
  return list;
}

const ownAddresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address));

/**
 * Says which addresses a download asked for by a user may go to. `extra` are the box's own ranges and addresses (CIDRs); this
 * machine's addresses, public ones too, are looked up each time.
 */
export function addressFilter(extra: readonly string[], own = ownAddresses): (address: string) => boolean {
  const refused = blockList([...LOCAL_V4, ...LOCAL_V6, ...extra]);
  const global = blockList([GLOBAL_V6]);
  return (address) => {
    const plain = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
    const family = isIPv4(plain) ? "ipv4" : "ipv6";
    if (family === "ipv6" && !(isIPv6(plain) && global.check(plain, family))) return false;
    return !refused.check(plain, family) && !blockList(own()).check(plain, family);
  };
}
