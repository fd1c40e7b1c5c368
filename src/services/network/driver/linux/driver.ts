import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../../../kernel/errors.ts";
import {
  type DesiredFirewall,
  type DesiredNetwork,
  type DesiredRouter,
  type DesiredSubnet,
  dhcpNamespace,
  type MetadataHandler,
  type NetworkDriver,
  routerNamespace,
  tapDevice,
} from "../driver.ts";
import { Bridges } from "./bridges.ts";
import { BoxFirewall } from "./firewall.ts";
import { KeyedLocks } from "./locks.ts";
import { MetadataListeners } from "./metadata.ts";
import { applyLeases, applyNetwork, type NetworkParts, removeNetwork, wiringOf } from "./network.ts";
import type { BoxChange, LinuxNetworkOptions } from "./options.ts";
import { outerName } from "./plug.ts";
import { applyRouter, type RouterParts, removeRouter } from "./router.ts";

/** What one look is at besides namespaces and processes. */
interface Scope {
  links: boolean;
  rules: boolean;
  /** Of all routers, of the one whose turn it is, or (NaN) of none. */
  routerRules: "all" | number;
}
const EVERYTHING: Scope = { links: true, rules: true, routerRules: "all" };
/** Of the looks of the timer, when it is told of changes. */
const FULL_LOOK_EVERY = 20;
const ROUTER_LOOK_EVERY = 3;
/** Longer than from a tap's making to its being in a bridge. */
const PLUGGING_MS = 500;

type Damage = Parameters<Parameters<NetworkDriver["onDamage"]>[0]>[0];

/** The real data plane: Linux bridges, namespaces, iptables and nft, dnsmasq. */
export class LinuxNetworkDriver implements NetworkDriver {
  readonly #options: LinuxNetworkOptions;
  readonly #bridges: Bridges;
  readonly #firewall: BoxFirewall;
  readonly #metadata: MetadataListeners;
  readonly #locks = new KeyedLocks();
  readonly #networks = new Map<string, DesiredNetwork>();
  /** What of a network is there besides its leases. */
  readonly #wired = new Map<string, string>();
  readonly #routers = new Map<string, DesiredRouter>();
  readonly #routerRules = new Map<string, string>();
  readonly #listeners = new Set<(damage: Damage) => void>();
  readonly #work = new Set<Promise<unknown>>();
  readonly #changed = new Set<BoxChange>();
  #unsubscribe = () => {};
  #looks = 0;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(options: LinuxNetworkOptions) {
    this.#options = options;
    this.#bridges = new Bridges(options);
    this.#firewall = new BoxFirewall(options, this.#bridges);
    this.#metadata = new MetadataListeners(options);
  }

  serveMetadata(handler: MetadataHandler): void {
    this.#metadata.serve(handler);
  }

  async start(): Promise<void> {
    this.#stopped = false;
    await this.#firewall.start();
    this.#unsubscribe = this.#options.changes?.((what) => this.#changed.add(what)) ?? (() => {});
    this.#watchLater();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unsubscribe();
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#locks.idle();
    await this.#firewall.idle();
    await this.#metadata.closeAll();
    await Promise.allSettled(this.#work);
  }

  applyNetwork(network: DesiredNetwork): Promise<void> {
    return this.#applyNetwork(network, this.#networks.get(network.id) ?? null);
  }

  async #applyNetwork(network: DesiredNetwork, before: DesiredNetwork | null): Promise<void> {
    const parts: NetworkParts = {
      bridges: this.#bridges,
      metadata: this.#metadata,
      isRouted: (networkId, subnet) => this.#isRouted(networkId, subnet),
    };
    const changed = await this.#locks.run(`network:${network.id}`, async () => {
      this.#networks.set(network.id, network);
      const wiring = wiringOf(network, parts);
      if (before !== null && this.#wired.get(network.id) === wiring) {
        await applyLeases(this.#options, parts, network, before);
        return false;
      }
      this.#wired.delete(network.id);
      const result = await applyNetwork(this.#options, parts, network, before);
      this.#wired.set(network.id, wiring);
      return result;
    });
    if (changed) await this.#firewall.refresh();
  }

  async removeNetwork(networkId: string): Promise<void> {
    await this.#locks.run(`network:${networkId}`, async () => {
      this.#networks.delete(networkId);
      this.#wired.delete(networkId);
      await removeNetwork(this.#options, { bridges: this.#bridges, metadata: this.#metadata }, networkId);
    });
    await this.#firewall.refresh();
  }

  async applyRouter(router: DesiredRouter): Promise<void> {
    const before = this.#routers.get(router.id) ?? null;
    await this.#applyRouter(router, before);
    const touched = [router, ...(before === null ? [] : [before])].flatMap((one) => one.interfaces);
    // Guests of a network with a router reach metadata through it: their DHCP options are others then.
    for (const id of new Set(touched.map(({ networkId }) => networkId))) {
      const network = this.#networks.get(id);
      if (network !== undefined) await this.#applyNetwork(network, network);
    }
  }

  async #applyRouter(router: DesiredRouter, before: DesiredRouter | null): Promise<void> {
    const parts: RouterParts = {
      bridges: this.#bridges,
      metadata: this.#metadata,
      background: (what, work) => this.#background(what, work),
    };
    const changed = await this.#locks.run(`router:${router.id}`, async () => {
      this.#routers.set(router.id, router);
      const result = await applyRouter(this.#options, parts, router, before);
      this.#routerRules.set(router.id, await this.#options.host.firewall.fingerprint(routerNamespace(router.id)));
      return result;
    });
    if (changed) await this.#firewall.refresh();
  }

  async removeRouter(routerId: string): Promise<void> {
    const before = this.#routers.get(routerId);
    await this.#locks.run(`router:${routerId}`, async () => {
      this.#routers.delete(routerId);
      this.#routerRules.delete(routerId);
      await removeRouter(this.#options, this.#metadata, routerId);
    });
    for (const { networkId } of before?.interfaces ?? []) {
      const network = this.#networks.get(networkId);
      if (network !== undefined) await this.#applyNetwork(network, network);
    }
  }

  applyFirewall(firewall: DesiredFirewall): Promise<void> {
    return this.#firewall.apply(firewall);
  }

  async listTaps(): Promise<ReadonlySet<string>> {
    const links = await this.#options.host.ip.links(this.#options.box);
    return new Set([...links.keys()].filter((name) => name.startsWith("tap")));
  }

  async prune(keep: { networkIds: ReadonlySet<string>; routerIds: ReadonlySet<string> }): Promise<void> {
    const { ledger } = this.#options.host;
    const ids = (kind: string) =>
      new Set(ledger.list({ ownerPrefix: `${kind}:` }).map(({ owner }) => owner.slice(kind.length + 1)));
    for (const id of ids("router")) if (!keep.routerIds.has(id)) await this.removeRouter(id);
    for (const id of ids("network")) if (!keep.networkIds.has(id)) await this.removeNetwork(id);
  }

  onDamage(listener: (damage: Damage) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** One look, by default at everything; mends what is damaged. */
  async inspect(scope: Scope = EVERYTHING): Promise<void> {
    const { host, box } = this.#options;
    this.#metadata.retry();
    const rules = scope.rules ? await this.#firewall.inspect() : null;
    if (rules !== null) await this.#mend({ kind: "firewall", id: null, what: rules }, () => this.#firewall.repair());
    const links = scope.links ? await host.ip.links(box) : null;
    // What was made since the links were read is not missing: damage is believed when a second look, at the links of now, finds it too.
    const surely = async (key: string, look: Look): Promise<string | null> =>
      this.#locks.run(key, async () => ((await look(links)) === null ? null : look(await host.ip.links(box))));
    for (const network of [...this.#networks.values()]) {
      const what = await surely(`network:${network.id}`, (now) => this.#networkDamage(network, now));
      if (what === null || this.#networks.get(network.id) !== network) continue;
      await this.#mend({ kind: "network", id: network.id, what }, () => this.#applyNetwork(network, null));
    }
    const routers = [...this.#routers.values()];
    for (const [index, router] of routers.entries()) {
      const withRules = scope.routerRules === "all" || scope.routerRules % routers.length === index;
      const what = await surely(`router:${router.id}`, (now) => this.#routerDamage(router, now, withRules));
      if (what === null || this.#routers.get(router.id) !== router) continue;
      if (what === "its namespace is gone") await this.#metadata.close("router", router.id);
      await this.#mend({ kind: "router", id: router.id, what }, () => this.#applyRouter(router, null));
    }
    if (scope.links) await this.#mendTaps();
  }

  /** Guests' interfaces that are in no bridge, or in another: after theirs was deleted and made again. */
  async #mendTaps(): Promise<void> {
    const { host, box } = this.#options;
    if ((await this.#strayTaps()).length === 0) return;
    // libvirt makes a tap first, and plugs it then.
    await sleep(PLUGGING_MS);
    for (const { tap, bridge, networkId } of await this.#strayTaps()) {
      const what = `${tap} is not in its bridge`;
      await this.#mend({ kind: "network", id: networkId, what }, () =>
        host.ip.batch(box, [["link", "set", "dev", tap, "master", bridge, "up"]]),
      );
    }
  }

  async #strayTaps(): Promise<{ tap: string; bridge: string; networkId: string }[]> {
    const links = await this.#options.host.ip.links(this.#options.box);
    return this.#firewall.ports().flatMap(({ portId, networkId }) => {
      const tap = links.get(tapDevice(portId));
      const bridge = this.#bridges.get(networkId)?.name;
      if (tap === undefined || bridge === undefined || tap.master === bridge || !links.has(bridge)) return [];
      return [{ tap: tap.name, bridge, networkId }];
    });
  }

  async #networkDamage(network: DesiredNetwork, links: BoxLinks | null): Promise<string | null> {
    const { host } = this.#options;
    const bridge = this.#bridges.get(network.id);
    if (this.#networks.get(network.id) !== network || bridge === null) return null;
    if (links !== null && !links.has(bridge.name)) return `bridge ${bridge.name} is gone`;
    const namespace = dhcpNamespace(network.id);
    if (network.dhcp === null || host.ledger.get("namespace", namespace) === null) return null;
    if (!(await host.namespaces.exists(namespace))) {
      await this.#metadata.close("network", network.id);
      return `namespace ${namespace} is gone`;
    }
    const outer = outerName("ns", network.dhcp.portId);
    if (links !== null && links.get(outer)?.master !== bridge.name) return `${outer} is not in its bridge`;
    return (await host.dnsmasq.isRunning(network.id)) ? null : "dnsmasq is not running";
  }

  async #routerDamage(router: DesiredRouter, links: BoxLinks | null, withRules: boolean): Promise<string | null> {
    const { host } = this.#options;
    if (this.#routers.get(router.id) !== router) return null;
    const namespace = routerNamespace(router.id);
    if (!(await host.namespaces.exists(namespace))) return "its namespace is gone";
    const ports = router.adminStateUp ? [...router.interfaces.map((port) => outerName("qr", port.portId))] : [];
    if (router.adminStateUp && router.gateway !== null) ports.push(outerName("qg", router.gateway.portId));
    const unplugged = links === null ? undefined : ports.find((name) => (links.get(name)?.master ?? null) === null);
    if (unplugged !== undefined) return `${unplugged} is not in its bridge`;
    if (withRules && (await host.firewall.fingerprint(namespace)) !== this.#routerRules.get(router.id))
      return "its rules were changed";
    if (!router.adminStateUp || router.interfaces.every((port) => port.advertise.length === 0)) return null;
    return (await host.dnsmasq.isRunning(`ra-${router.id}`)) ? null : "nobody advertises it";
  }

  async #mend(damage: Omit<Damage, "repaired">, repair: () => Promise<void>): Promise<void> {
    let repaired = true;
    try {
      await repair();
    } catch (error) {
      repaired = false;
      this.#options.log.error(`cannot repair ${damage.kind} ${damage.id ?? ""}`, error);
    }
    this.#options.log.warning(`${damage.kind} ${damage.id ?? ""}: ${damage.what}`, { repaired });
    for (const listener of this.#listeners) listener({ ...damage, repaired });
  }

  #isRouted(networkId: string, subnet: DesiredSubnet): boolean {
    for (const router of this.#routers.values()) {
      if (!router.adminStateUp) continue;
      for (const port of router.interfaces) {
        if (port.networkId === networkId && port.fixedIps.some(({ address }) => address === subnet.gatewayIp))
          return true;
      }
    }
    return false;
  }

  #watchLater(): void {
    const { watchInterval, log } = this.#options;
    if (watchInterval <= 0 || this.#stopped) return;
    this.#timer = setTimeout(() => {
      const look = this.inspect(this.#scope())
        .catch((error: unknown) => log.warning(`looking for damage: ${messageOf(error)}`))
        .finally(() => this.#watchLater());
      this.#background("look", look);
    }, watchInterval);
    this.#timer.unref();
  }

  /** What the next look is at: what has changed, and now and then the rest. Namespaces and processes cost nothing to look at. */
  #scope(): Scope {
    if (this.#options.changes === undefined) return EVERYTHING;
    this.#looks += 1;
    const full = this.#looks % FULL_LOOK_EVERY === 0;
    const scope = {
      links: full || this.#changed.has("links"),
      rules: full || this.#changed.has("rules"),
      // One router after the other: nobody tells of what happens in their namespaces.
      routerRules: this.#looks % ROUTER_LOOK_EVERY === 0 ? this.#looks / ROUTER_LOOK_EVERY : Number.NaN,
    };
    this.#changed.clear();
    return scope;
  }

  #background(what: string, work: Promise<unknown>): void {
    const settled = work.catch((error: unknown) => this.#options.log.warning(`${what}: ${messageOf(error)}`));
    this.#work.add(settled);
    void settled.finally(() => this.#work.delete(settled));
  }
}

type Look = (links: BoxLinks | null) => Promise<string | null>;
type BoxLinks = Awaited<ReturnType<LinuxNetworkOptions["host"]["ip"]["links"]>>;
