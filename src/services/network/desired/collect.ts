import type { DesiredFirewall, DesiredNetwork, DesiredRouter } from "../driver/driver.ts";
import type { NetworkSettings } from "../settings.ts";
import type { SubnetRow } from "../store/rows.ts";
import type { NetworkStore } from "../store/store.ts";
import { isPublicSegment } from "./public-segment.ts";
import { renderFirewall, renderNetwork, renderRouter } from "./render.ts";

/** Reads what the pure renderers need; a constant number of queries each. */
export class Desired {
  readonly #store: NetworkStore;
  readonly #settings: NetworkSettings;

  constructor(store: NetworkStore, settings: NetworkSettings) {
    this.#store = store;
    this.#settings = settings;
  }

  /** Null when the network is gone. */
  network(id: string): DesiredNetwork | null {
    const network = this.#store.networks.get(id);
    if (network === undefined) return null;
    const subnets = this.#store.subnets.list({ network_id: id }, "id");
    const ports = this.#store.ports.list({ network_id: id }, "id");
    const ips = this.#store.portDetails.ipsOf(ports.map((port) => port.id));
    const bridged = isPublicSegment(network, this.#settings);
    return renderNetwork(network, subnets, ports, ips, {
      bridged,
      dnsDomain: this.#settings.dnsDomain,
      dhcp: this.#store.dhcpSchedule.get(id) !== false && this.#store.agents.get("neutron-dhcp-agent").admin_state_up,
    });
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

  firewall(): DesiredFirewall {
    const ports = this.#store.ports.bound();
    const ids = ports.map((port) => port.id);
    const groups = this.#store.portDetails.groupsOf(ids);
    const used = [...new Set([...groups.values()].flat())];
    const rules = this.#store.rules.among("security_group_id", used);
    const remote = rules.map((rule) => rule.remote_group_id).filter((id) => id !== null);
    return renderFirewall({
      ports,
      ips: this.#store.portDetails.ipsOf(ids),
      subnets: this.#subnetsOf([...new Set(ports.map((port) => port.network_id))]),
      groups,
      stateless: new Set(this.#store.groups.list({ stateful: false }, "id").map(({ id }) => id)),
      rules,
      members: new Map([
        ...this.#store.portDetails.addressesOfGroups([...new Set([...used, ...remote])]),
        ...this.#store.addressGroups.list({}, "id").map(({ id, addresses }) => [id, addresses] as const),
      ]),
    });
  }

  #subnetsOf(networkIds: readonly string[]): Map<string, SubnetRow> {
    const rows = this.#store.subnets.among("network_id", networkIds);
    return new Map(rows.map((row) => [row.id, row]));
  }
}
