import {
  bridgeName,
  type DesiredFirewall,
  type DesiredNetwork,
  type DesiredRouter,
  type MetadataHandler,
  type NetworkDriver,
} from "./driver.ts";

/** The data plane in memory, for VIRT_DRIVER=fake and tests: it keeps what was applied last and does nothing. */
export class FakeNetworkDriver implements NetworkDriver {
  readonly networks = new Map<string, DesiredNetwork>();
  readonly routers = new Map<string, DesiredRouter>();
  /** Names of taps that `listTaps` tells, when a test says so. */
  taps: ReadonlySet<string> | null = null;
  firewall: DesiredFirewall = { ports: [], groups: [] };
  /** One word per call, in order: "applyNetwork ID", … */
  readonly calls: string[] = [];
  /** Set it to make the next calls fail. */
  failure: Error | null = null;
  started = false;
  metadataHandler: MetadataHandler | null = null;
  readonly #listeners = new Set<Parameters<NetworkDriver["onDamage"]>[0]>();

  applyNetwork(network: DesiredNetwork): Promise<void> {
    return this.#call(`applyNetwork ${network.id}`, () => this.networks.set(network.id, network));
  }

  removeNetwork(networkId: string): Promise<void> {
    return this.#call(`removeNetwork ${networkId}`, () => this.networks.delete(networkId));
  }

  applyRouter(router: DesiredRouter): Promise<void> {
    return this.#call(`applyRouter ${router.id}`, () => this.routers.set(router.id, router));
  }

  removeRouter(routerId: string): Promise<void> {
    return this.#call(`removeRouter ${routerId}`, () => this.routers.delete(routerId));
  }

  applyFirewall(firewall: DesiredFirewall): Promise<void> {
    return this.#call("applyFirewall", () => {
      this.firewall = firewall;
    });
  }

  listTaps(): Promise<ReadonlySet<string> | null> {
    return Promise.resolve(this.taps);
  }

  prune(keep: { networkIds: ReadonlySet<string>; routerIds: ReadonlySet<string> }): Promise<void> {
    return this.#call("prune", () => {
      for (const id of [...this.networks.keys()]) if (!keep.networkIds.has(id)) this.networks.delete(id);
      for (const id of [...this.routers.keys()]) if (!keep.routerIds.has(id)) this.routers.delete(id);
    });
  }

  serveMetadata(handler: MetadataHandler): void {
    this.metadataHandler = handler;
  }

  onDamage(listener: Parameters<NetworkDriver["onDamage"]>[0]): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** For tests: somebody broke something. */
  damage(what: Parameters<Parameters<NetworkDriver["onDamage"]>[0]>[0]): void {
    for (const listener of this.#listeners) listener(what);
  }

  /** Bridges there would be. */
  bridges(): string[] {
    return [...this.networks.keys()].map(bridgeName);
  }

  start(): Promise<void> {
    return this.#call("start", () => {
      this.started = true;
    });
  }

  stop(): Promise<void> {
    return this.#call("stop", () => {
      this.started = false;
    });
  }

  #call(what: string, change: () => unknown): Promise<void> {
    this.calls.push(what);
    if (this.failure !== null) return Promise.reject(this.failure);
    change();
    return Promise.resolve();
  }
}
