import type { NetworkSettings } from "../settings.ts";
import type { NetworkRow } from "../store/rows.ts";

/** What a network is on the wire. */
export type Segment = Pick<NetworkRow, "provider_type" | "provider_physical" | "provider_segment">;

/** Whether its bridge is the public one. */
export function isPublicSegment(segment: Segment, settings: NetworkSettings): boolean {
  const { provider_type: type, provider_physical: physical, provider_segment: id } = segment;
  if (physical !== settings.publicPhysicalNetwork || type !== settings.publicProviderType) return false;
  return type === "flat" || id === settings.publicSegmentationId;
}
