import type { Server, Socket } from "node:net";
import type { Table } from "../../../../host/firewall/rules.ts";
import { addressNumber, addressText } from "../../../../kernel/config/addresses.ts";
import type { MetadataHandler, MetadataSource } from "../driver.ts";
import type { LinuxNetworkOptions } from "./options.ts";

export const METADATA_ADDRESS = "169.254.169.254";
/** The same for guests that have IPv6 only, on each interface towards them. */
export const METADATA_ADDRESS_6 = "fe80::a9fe:a9fe";

/**
 * Guests ask it from their link-local address, which means nothing outside of the namespace: Node cannot even tell it. So the kernel
 * shows it with another prefix, one per interface, and the same identifier.
 */
export const shownPrefix = (portId: string): string => `fd00:a9fe:${portId.slice(0, 4)}:${portId.slice(4, 8)}::/64`;

export function metadataRules6(interfaces: readonly { device: string; portId: string }[]): Table {
  const input = interfaces.flatMap(({ device, portId }) => {
    const match = ["-i", device, "-d", `${METADATA_ADDRESS_6}/128`, "-p", "tcp", "-m", "tcp", "--dport", "80"];
    const prefix = shownPrefix(portId);
    return [
      { spec: ["-s", "fe80::/64", ...match, "-j", "NETMAP", "--to", prefix], comment: "who asks for metadata" },
      // Another address may end as somebody's link-local one does: that is nobody.
      { spec: [...match, "-j", "SNAT", "--to-source", prefix.replace("/64", "")], comment: "nobody" },
    ];
  });
  return { table: "nat", chains: [{ name: "INPUT", rules: input }] };
}

/** The way back, once the interface has the address. */
export const metadataRoute6 = (device: string, portId: string): string[] => {
  return ["route", "replace", shownPrefix(portId), "dev", device];
};

const LOW_64 = (1n << 64n) - 1n;
/** fd00:a9fe::/32 */
const SHOWN = 0xfd00a9fen;

/** "fd00:a9fe:…:f816:3eff:fe12:3456" → "fe80::f816:3eff:fe12:3456" */
export function linkLocalOf(shown: string): string | null {
  const value = addressNumber(shown);
  return value === null || value >> 96n !== SHOWN ? null : addressText(6, (0xfe80n << 112n) | (value & LOW_64));
}

/** One listening socket. */
interface Listening {
  namespace: string;
  address: string;
  /** Who asks, by the peer's address. */
  sourceOf: (peer: string) => MetadataSource | null;
}

/** The listening sockets at port 80 of the metadata addresses inside router and DHCP namespaces; see `NetworkDriver.serveMetadata`. */
export class MetadataListeners {
  readonly #options: LinuxNetworkOptions;
  readonly #open = new Map<string, Promise<Server | null>>();
  /** Could not be opened, to be tried again. */
  readonly #failed = new Map<string, Listening>();
  #handler: MetadataHandler | null = null;

  constructor(options: LinuxNetworkOptions) {
    this.#options = options;
  }

  serve(handler: MetadataHandler): void {
    this.#handler = handler;
  }

  /** Begins to listen unless it does already; does not wait for it. The address must be in the namespace. */
  ensure(kind: MetadataSource["kind"], id: string, namespace: string): void {
    const sourceOf = (address: string): MetadataSource => ({ kind, id, address });
    this.#ensure(`${kind}:${id}`, { namespace, address: METADATA_ADDRESS, sourceOf });
  }

  /** The same for IPv6, on one interface towards the guests of one network. */
  ensure6(kind: MetadataSource["kind"], id: string, namespace: string, device: string, networkId: string): void {
    const sourceOf = (peer: string): MetadataSource | null => {
      const address = linkLocalOf(peer);
      return address === null ? null : { kind: "network", id: networkId, address };
    };
    const address = `${METADATA_ADDRESS_6}%${device}`;
    this.#ensure(`${kind}:${id}:${device}`, { namespace, address, sourceOf });
  }

  #ensure(key: string, what: Listening): void {
    if (this.#handler === null || this.#open.has(key)) return;
    this.#failed.delete(key);
    this.#open.set(key, this.#listen(key, what));
  }

  /** Tries again what failed. */
  retry(): void {
    for (const [key, what] of [...this.#failed]) this.#ensure(key, what);
  }

  /** Closes all of a router or network: the namespace can be deleted then. Connections in progress are cut. */
  async close(kind: MetadataSource["kind"], id: string): Promise<void> {
    const own = `${kind}:${id}`;
    await this.#close((key) => key === own || key.startsWith(`${own}:`));
  }

  /** Closes those of interfaces that are not (any more) there. */
  async closeOthers6(kind: MetadataSource["kind"], id: string, devices: ReadonlySet<string>): Promise<void> {
    const own = `${kind}:${id}:`;
    await this.#close((key) => key.startsWith(own) && !devices.has(key.slice(own.length)));
  }

  async #close(isMeant: (key: string) => boolean): Promise<void> {
    for (const key of [...this.#failed.keys()]) if (isMeant(key)) this.#failed.delete(key);
    const opening: Promise<Server | null>[] = [];
    for (const [key, server] of [...this.#open]) {
      if (!isMeant(key)) continue;
      this.#open.delete(key);
      opening.push(server);
    }
    for (const server of await Promise.all(opening)) server?.close();
  }

  async closeAll(): Promise<void> {
    await this.#close(() => true);
  }

  async #listen(key: string, what: Listening): Promise<Server | null> {
    const { host, log } = this.#options;
    const { namespace, address, sourceOf } = what;
    try {
      const server = await host.listenIn(namespace, address, 80);
      server.on("connection", (socket) => {
        const peer = peerOf(socket);
        const source = peer === null ? null : sourceOf(peer);
        if (source === null || this.#handler === null) socket.destroy();
        else this.#handler(socket, source);
      });
      server.on("error", (error) => log.error(`metadata listener in ${namespace}`, error));
      return server;
    } catch (error) {
      log.error(`no metadata at ${address} in ${namespace}`, error);
      // Unless it was closed meanwhile: then nobody waits for it.
      if (this.#open.delete(key)) this.#failed.set(key, what);
      return null;
    }
  }
}

/** Node throws for a link-local peer whose interface it does not find here: somebody has flushed the rule that shows it otherwise. */
function peerOf(socket: Socket): string | null {
  try {
    return socket.remoteAddress ?? null;
  } catch {
    return null;
  }
}
