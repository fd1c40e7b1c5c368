import type { DesiredLease } from "../driver/driver.ts";
import type { NetworkStore } from "../store/store.ts";
import { Names } from "./names.ts";
import { isClient, renderLease } from "./render.ts";

/** Leases of networks as they were rendered last: a port more renders its own. */
export class KeptLeases {
  readonly #store: NetworkStore;
  readonly #networks = new Map<string, Map<string, DesiredLease>>();
  readonly #names = new Names();

  constructor(store: NetworkStore) {
    this.#store = store;
  }

  /** All of a network, of which those of the `changed` ports are rendered anew; null: all are. */
  of(networkId: string, changed: readonly string[] | null): DesiredLease[] {
    const known = this.#networks.get(networkId);
    const leases = changed === null || known === undefined ? new Map<string, DesiredLease>() : known;
    const { ports, portDetails, subnets } = this.#store;
    const rows =
      leases === known ? ports.getMany(changed ?? []) : ports.list({ network_id: networkId }, "id").filter(isClient);
    const ips = portDetails.ipsOf(rows.map(({ id }) => id));
    const bySubnet = new Map(subnets.list({ network_id: networkId }, "id").map((row) => [row.id, row]));
    const present = new Set<string>();
    for (const row of rows) {
      if (row.network_id !== networkId || !isClient(row)) continue;
      present.add(row.id);
      const own = (ips.get(row.id) ?? []).map((ip) => ({ ...ip, subnet_id: this.#names.same(ip.subnet_id) }));
      leases.set(row.id, renderLease(row, own, bySubnet));
    }
    if (leases === known) for (const id of changed ?? []) if (!present.has(id)) leases.delete(id);
    this.#networks.set(networkId, leases);
    return [...leases.values()];
  }

  forget(networkId: string): void {
    this.#networks.delete(networkId);
  }
}
