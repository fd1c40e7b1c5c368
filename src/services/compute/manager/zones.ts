import { badRequest } from "../../../kernel/errors.ts";
import type { Core } from "./core.ts";
import { zoneOf } from "./hosts.ts";

/** Zones that hosts are in: "nova", or those of aggregates. */
export function zonesInUse(core: Core): string[] {
  const host = core.hosts.hypervisor()?.hostname;
  return [host === undefined ? core.kernel.settings.compute.defaultAvailabilityZone : zoneOf(core, host)];
}

/**
 * Where a create request wants the server: "zone", "zone:host:node", or host and hypervisor_hostname since 2.74. There is one host, so naming it
 * changes nothing, and naming another one finds none. Errors: 400 for an unknown zone or host.
 */
export function resolvePlacement(
  core: Core,
  wish: { zone: string | null; hosts: readonly string[] },
): { zone: string | null } {
  const [zone = "", forcedHost, forcedNode] = wish.zone?.split(":") ?? [];
  const hostname = core.hosts.hypervisor()?.hostname ?? "";
  for (const wanted of [forcedHost, forcedNode, ...wish.hosts]) {
    if (wanted !== undefined && wanted !== "" && wanted !== hostname) {
      throw badRequest(`Compute host ${wanted} could not be found.`);
    }
  }
  if (zone === "") return { zone: null };
  if (!zonesInUse(core).includes(zone)) throw badRequest("The requested availability zone is not available");
  return { zone };
}
