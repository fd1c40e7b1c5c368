import { conflict, unavailable } from "../../../kernel/errors.ts";
import type { Segment } from "../desired/public-segment.ts";
import { invalidInput } from "../errors.ts";
import type { NetworkSettings } from "../settings.ts";
import type { NetworkRow } from "../store/rows.ts";
import type { NetworkStore } from "../store/store.ts";

/**
 * Provider attributes (neutron/plugins/ml2/drivers/type_*.py). This cloud is one host: a network of any type but the public one is a
 * bridge of its own, and the numbers of VLANs and tunnels are kept for who asks for them.
 */

const TUNNELS = new Set(["vxlan", "gre", "geneve"]);
/** Ids that are handed out where none is asked for: DevStack's TENANT_TUNNEL_RANGES, all VLANs. */
const TUNNEL_IDS = { first: 1, last: 1000 };
const VLAN_IDS = { first: 1, last: 4094 };
const LOCAL: Segment = { provider_type: "local", provider_physical: null, provider_segment: null };

/** A segment as it is asked for: what is left out or null is for the cloud to choose. */
export type WantedSegment = { [Name in keyof Segment]?: Segment[Name] | null };

/** The segment that a request asks for; inside the transaction that makes the network. Errors: 400, 409 for one in use, 503 for none left. */
export function segmentOf(store: NetworkStore, settings: NetworkSettings, wanted: WantedSegment): Segment {
  const { provider_type: type = null, provider_physical: physical = null, provider_segment: id = null } = wanted;
  if (type === null) {
    if (physical !== null || id !== null) throw invalidInput("network_type required");
    return LOCAL;
  }
  if (type === "local") {
    if (physical !== null) throw invalidInput("physical_network prohibited for local provider network");
    if (id !== null) throw invalidInput("segmentation_id prohibited for local provider network");
    return LOCAL;
  }
  if (type === "flat") return flat(store, settings, physical, id);
  if (type === "vlan") return vlan(store, settings, physical, id);
  if (TUNNELS.has(type)) return tunnel(store, type, physical, id);
  throw invalidInput(`network_type value '${type}' not supported`);
}

function flat(store: NetworkStore, settings: NetworkSettings, physical: string | null, id: number | null): Segment {
  if (physical === null) throw invalidInput("physical_network required for flat provider network");
  if (physical !== settings.publicPhysicalNetwork)
    throw invalidInput(`physical_network '${physical}' unknown for flat provider network`);
  if (id !== null) throw invalidInput("segmentation_id prohibited for flat provider network");
  if (store.networks.find({ provider_type: "flat", provider_physical: physical }) !== undefined) {
    throw conflict(`Unable to create the flat network. Physical network ${physical} is in use.`, {
      type: "FlatNetworkInUse",
    });
  }
  return { provider_type: "flat", provider_physical: physical, provider_segment: null };
}

function vlan(store: NetworkStore, settings: NetworkSettings, physical: string | null, id: number | null): Segment {
  if (physical === null && id !== null)
    throw invalidInput("segmentation_id requires physical_network for VLAN provider network");
  if (physical !== null && physical !== settings.publicPhysicalNetwork)
    throw invalidInput(`physical_network '${physical}' unknown for VLAN provider network`);
  if (id !== null && (id < VLAN_IDS.first || id > VLAN_IDS.last))
    throw invalidInput(`segmentation_id out of range (${VLAN_IDS.first} through ${VLAN_IDS.last})`);
  const wire = physical ?? settings.publicPhysicalNetwork;
  const taken = idsOf(store, "vlan");
  if (id !== null && taken.has(id)) {
    throw conflict(`Unable to create the network. The VLAN ${id} on physical network ${wire} is in use.`, {
      type: "VlanIdInUse",
    });
  }
  const segment = id ?? firstFree(VLAN_IDS, taken);
  return { provider_type: "vlan", provider_physical: wire, provider_segment: segment };
}

function tunnel(store: NetworkStore, type: string, physical: string | null, id: number | null): Segment {
  if (physical !== null) throw invalidInput(`provider:physical_network specified for ${type} network`);
  const taken = idsOf(store, type);
  if (id !== null && taken.has(id)) {
    throw conflict(`Unable to create the network. The tunnel ID ${id} is in use.`, { type: "TunnelIdInUse" });
  }
  return { provider_type: type, provider_physical: null, provider_segment: id ?? firstFree(TUNNEL_IDS, taken) };
}

function idsOf(store: NetworkStore, type: string): ReadonlySet<number | null> {
  return new Set(store.networks.list({ provider_type: type }, "id").map((row) => row.provider_segment));
}

function firstFree({ first, last }: { first: number; last: number }, taken: ReadonlySet<number | null>): number {
  for (let id = first; id <= last; id += 1) if (!taken.has(id)) return id;
  throw unavailable("Unable to create the network. No tenant network is available for allocation.", {
    type: "NoNetworkAvailable",
  });
}

/** What of a network's segment may change: the id of a VLAN that no port is bound to yet. Errors: 400, 409. */
export function changedSegment(
  store: NetworkStore,
  settings: NetworkSettings,
  row: NetworkRow,
  changes: WantedSegment,
): Partial<Segment> {
  const { provider_type: type, provider_physical: physical, provider_segment: id } = changes;
  const other = (wanted: string | null | undefined, now: string | null) => wanted != null && wanted !== now;
  if (other(type, row.provider_type) || other(physical, row.provider_physical)) {
    throw invalidInput(
      "Plugin does not support updating the following provider network attributes: provider:network_type, provider:physical_network",
    );
  }
  if (id == null || id === 0) return {};
  if (row.provider_type !== "vlan") throw invalidInput("Only VLAN type networks can be updated.");
  if (store.ports.ofGuestsOn(row.id).some(({ host_id }) => host_id !== "")) {
    throw invalidInput(
      "Provider network attribute provider:segmentation_id cannot be updated if any port in the network has not the following binding:vif_type: unbound, binding_failed",
    );
  }
  if (id === row.provider_segment) return {};
  return vlan(store, settings, row.provider_physical, id);
}
