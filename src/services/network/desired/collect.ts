import type { Pause } from "../../../kernel/turns/slices.ts";
import type { DesiredFirewall, DesiredNetwork, DesiredRouter } from "../driver/driver.ts";
import type { NetworkSettings } from "../settings.ts";
import type { PortIp, PortRow, SubnetRow } from "../store/rows.ts";
import type { NetworkStore } from "../store/store.ts";
import { type Changed, KeptFirewall } from "./kept-firewall.ts";
import { KeptLeases } from "./kept-leases.ts";
import { isPublicSegment } from "./public-segment.ts";
import { renderNetwork, renderRouter } from "./render.ts";

/** Reads what the pure renderers need, in a constant number of queries each, and remembers what they made of ports and groups. */
export class Desired {
  readonly #store: NetworkStore;
  readonly #settings: NetworkSettings;
  readonly #firewall: KeptFirewall;
  readonly #leases: KeptLeases;

  constructor(store: NetworkStore, settings: NetworkSettings) {
    this.#store = store;
    this.#settings = settings;
    this.#firewall = new KeptFirewall(store);
    this.#leases = new KeptLeases(store);
  }

  /** Null when the network is gone. `ports`: only their leases are other ones than before; null: nothing is known. */
  network(id: string, ports: readonly string[] | null): DesiredNetwork | null {
    const network = this.#store.networks.get(id);
    if (network === undefined) {
      this.#leases.forget(id);
      return null;
    }
    const subnets = this.#store.subnets.list({ network_id: id }, "id");
    const bridged = isPublicSegment(network, this.#settings);
    const { dnsDomain } = this.#settings;
    const rendered = renderNetwork(network, subnets, this.#dhcpOf(id), { bridged, dnsDomain });
    return { ...rendered, leases: this.#leases.of(id, ports) };
  }

  #dhcpOf(networkId: string): { port: PortRow; ips: readonly PortIp[] } | null {
    const { dhcpSchedule, agents, ports, portDetails } = this.#store;
    if (dhcpSchedule.get(networkId) === false || !agents.get("neutron-dhcp-agent").admin_state_up) return null;
    const [port] = ports.ofDhcp(networkId);
    return port === undefined ? null : { port, ips: portDetails.ips(port.id) };
  }

  /** Null when the router is gone, or its agent serves it no longer. */
  router(id: string): DesiredRouter | null {
    const router = this.#store.routers.get(id);
    if (router === undefined || this.#store.l3Schedule.get(id) === false) return null;
    if (!this.#store.agents.get("neutron-l3-agent").admin_state_up) return null;
    const ports = this.#store.ports.ofRouter(id);
    const floatingIps = this.#store.floatingIps.list({ router_id: id }, "id");
    const networks = this.#store.networks.getMany([...new Set(ports.map((port) => port.network_id))]);
    return renderRouter({
      router,
      ports,
      ips: this.#store.portDetails.ipsOf(ports.map((port) => port.id)),
      networks: new Map(networks.map((network) => [network.id, network])),
      subnets: this.#subnetsOf(networks.map((network) => network.id)),
      floatingIps,
      portForwardings: this.#store.portForwardings.among(
        "floatingip_id",
        floatingIps.map((fip) => fip.id),
      ),
    });
  }

  /** `changed` null: nothing is known. */
  firewall(changed: Changed | null, pause: Pause): Promise<DesiredFirewall> {
    if (changed === null) this.#firewall.forget();
    return this.#firewall.render(changed ?? { ports: [], groups: [] }, pause);
  }

  #subnetsOf(networkIds: readonly string[]): Map<string, SubnetRow> {
    const rows = this.#store.subnets.among("network_id", networkIds);
    return new Map(rows.map((row) => [row.id, row]));
  }
}
