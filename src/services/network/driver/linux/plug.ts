import { createHash } from "node:crypto";
import type { Link } from "../../../../host/net/ip.ts";
import { METADATA_ADDRESS_6 } from "./metadata.ts";
import type { LinuxNetworkOptions } from "./options.ts";

/** One pair of interfaces between a bridge of the box and a namespace. */
export interface Plug {
  namespace: string;
  /** Name in the namespace ("qr-…", "qg-…", "ns-…"), and of the other end, which is in the bridge. */
  inner: string;
  outer: string;
  mac: string;
  mtu: number;
  bridge: string;
  /** With prefix length. */
  addresses: readonly string[];
  owner: string;
}

/** Neutron calls the bridge's end tap… as well; here that name is for guests alone, since unknown taps are shut. */
export const innerName = (prefix: "qr" | "qg" | "ns", portId: string): string => `${prefix}-${portId.slice(0, 11)}`;
export const outerName = (prefix: "qr" | "qg" | "ns", portId: string): string =>
  `${{ qr: "vr", qg: "vg", ns: "vd" }[prefix]}-${portId.slice(0, 11)}`;

/** Makes the pair or mends what differs; `links` are the box's and the namespace's as they are. Gives the addresses that were added and removed. */
export async function ensurePlug(
  { host, box }: LinuxNetworkOptions,
  plug: Plug,
  links: { box: ReadonlyMap<string, Link>; inner: ReadonlyMap<string, Link> },
): Promise<{ added: string[]; removed: string[] }> {
  const { namespace, inner, outer, mac, mtu, bridge, owner } = plug;
  const here = links.box.get(outer);
  const there = links.inner.get(inner);
  const fresh = here === undefined || there === undefined;
  if (fresh) {
    const name = `${box}/${outer}`;
    // The other end was in a namespace that is gone; the kernel may be taking this one away at this moment, too.
    if (here !== undefined) await host.ledger.remove("veth", name);
    const details = { netns: box, peer: inner, peerNetns: namespace };
    await host.ledger.create({ kind: "veth", name, details, owner }, async () => {
      const commands: string[][] = [];
      const peer = ["peer", "name", inner, "address", mac, "mtu", String(mtu), "netns", namespace];
      commands.push(["link", "add", "name", outer, "mtu", String(mtu), "type", "veth", ...peer]);
      // No addresses of its own for a bridge port: the box must not be reachable from a guest's network.
      commands.push(["link", "set", "dev", outer, "addrgenmode", "none", "master", bridge, "up"]);
      await host.ip.batch(box, commands);
    });
  } else if (here.master !== bridge || here.mtu !== mtu || !here.up) {
    await host.ip.batch(box, [["link", "set", "dev", outer, "mtu", String(mtu), "master", bridge, "up"]]);
  }
  const commands: string[][] = [];
  if (!fresh && (there.mac !== mac || there.mtu !== mtu)) {
    commands.push(["link", "set", "dev", inner, "address", mac, "mtu", String(mtu)]);
  }
  if (fresh || !there.up) commands.push(["link", "set", "dev", inner, "up"]);
  const { add, remove } = addressChanges(inner, fresh ? [] : there.addresses, plug.addresses);
  await host.ip.batch(namespace, [...commands, ...add.commands, ...remove.commands]);
  return { added: add.addresses, removed: remove.addresses };
}

/** Removes the pair of a port that is no longer wanted. */
export async function removePlug({ host, box }: LinuxNetworkOptions, outer: string): Promise<void> {
  await host.ledger.remove("veth", `${box}/${outer}`);
}

export function addressChanges(device: string, now: readonly string[], wanted: readonly string[]) {
  const add = wanted.filter((address) => !now.includes(address));
  // The kernel's own link-local address stays.
  const isOurs = (address: string) => !address.startsWith("fe80:") || address.startsWith(`${METADATA_ADDRESS_6}/`);
  const remove = now.filter((address) => !wanted.includes(address) && isOurs(address));
  const commands = (verb: string, list: readonly string[]) =>
    list.map((address) => {
      // Duplicate detection would keep an address unusable for a second; the API has made sure that it is unique.
      const flags = verb === "replace" && address.includes(":") ? ["nodad"] : [];
      return ["address", verb, address, "dev", device, ...flags];
    });
  return {
    add: { addresses: add, commands: commands("replace", add) },
    remove: { addresses: remove, commands: commands("del", remove) },
  };
}

/** A bridge's own MAC: else it would be the lowest of its ports', and change as guests come and go. */
export function bridgeMac(networkId: string): string {
  const digest = createHash("sha256").update(networkId).digest();
  return ["02", ...[0, 1, 2, 3, 4].map((index) => (digest[index] ?? 0).toString(16).padStart(2, "0"))].join(":");
}
