import type { Link } from "../../../../host/net/ip.ts";
import { bridgeName } from "../driver.ts";
import { KeyedLocks } from "./locks.ts";
import type { LinuxNetworkOptions } from "./options.ts";
import { bridgeMac } from "./plug.ts";

export interface Bridge {
  name: string;
  external: boolean;
  /** Connection tracking zone of what passes the bridge: networks of two projects may have the same range. */
  zone: number;
}

/**
 * One bridge per network. The zone number is kept in the kernel, as the bridge's link group, so that it is the same
 * after a restart and established connections go on. The public bridge has zone 0: its traffic is also routed by the box.
 */
export class Bridges {
  readonly #options: LinuxNetworkOptions;
  readonly #known = new Map<string, Bridge>();
  readonly #locks = new KeyedLocks();

  constructor(options: LinuxNetworkOptions) {
    this.#options = options;
  }

  get(networkId: string): Bridge | null {
    return this.#known.get(networkId) ?? null;
  }

  byNetwork(): ReadonlyMap<string, Bridge> {
    return this.#known;
  }

  /** Makes it unless it is there. `mtu` null: whatever it has. Also tells whether the known bridges changed. */
  ensure(
    networkId: string,
    wanted: { external: boolean; mtu: number | null; up: boolean },
  ): Promise<{ bridge: Bridge; links: Map<string, Link>; changed: boolean }> {
    return this.#locks.run("bridges", async () => {
      const { host, box, publicBridge } = this.#options;
      const name = wanted.external ? publicBridge : bridgeName(networkId);
      let links = await host.ip.links(box);
      let link = links.get(name);
      const owner = `network:${networkId}`;
      const ledgerName = `${box}/${name}`;
      if (link === undefined) {
        const zone = wanted.external ? 0 : freeZone(links);
        await host.ledger.create({ kind: "bridge", name: ledgerName, details: { netns: box }, owner }, () =>
          host.ip.batch(box, [
            ["link", "add", "name", name, "address", bridgeMac(networkId), "type", "bridge", "forward_delay", "0"],
            ["link", "set", "dev", name, "type", "bridge", "stp_state", "0", "mcast_snooping", "0"],
            ["link", "set", "dev", name, "addrgenmode", wanted.external ? "eui64" : "none", "group", String(zone)],
          ]),
        );
        links = await host.ip.links(box);
        link = links.get(name);
      }
      if (link === undefined) throw new Error(`bridge ${name} is not there after it was made`);
      const words: string[] = [];
      if (wanted.mtu !== null && link.mtu !== wanted.mtu) words.push("mtu", String(wanted.mtu));
      if (link.up !== wanted.up) words.push(wanted.up ? "up" : "down");
      if (words.length > 0) await host.ip.batch(box, [["link", "set", "dev", name, ...words]]);
      const before = this.#known.get(networkId);
      const bridge = { name, external: wanted.external, zone: wanted.external ? 0 : link.group };
      this.#known.set(networkId, bridge);
      const changed = before?.name !== bridge.name || before.zone !== bridge.zone;
      return { bridge, links, changed };
    });
  }

  /** Only a bridge that we made goes. */
  async remove(networkId: string): Promise<void> {
    await this.#locks.run("bridges", async () => {
      const { host, box } = this.#options;
      for (const { kind, name } of host.ledger.list({ kind: "bridge", owner: `network:${networkId}` })) {
        if (kind === "bridge" && name.startsWith(`${box}/`)) await host.ledger.remove("bridge", name);
      }
      this.#known.delete(networkId);
    });
  }
}

function freeZone(links: ReadonlyMap<string, Link>): number {
  const taken = new Set([...links.values()].filter(({ kind }) => kind === "bridge").map(({ group }) => group));
  for (let zone = 1; zone < 65_536; zone += 1) if (!taken.has(zone)) return zone;
  throw new Error("all 65535 connection tracking zones are taken");
}
