import type { Table } from "../../../kernel/db/table.ts";
import type { AnyRoute } from "../../../kernel/http/route.ts";
import type { Managers } from "../manager/index.ts";
import type { StandardRow } from "../store/rows.ts";
import { actionRoutes } from "./actions.ts";
import { agentScheduleRoutes } from "./agent-schedules.ts";
import { agentRoutes } from "./agents.ts";
import { discoveryRoutes } from "./discovery.ts";
import { flavorRoutes } from "./flavors.ts";
import { ipAvailabilityRoutes } from "./ip-availability.ts";
import { portForwardingRoutes } from "./port-forwardings.ts";
import { quotaRoutes } from "./quotas.ts";
import { resourceRoutes } from "./resource.ts";
import { tagRoutes } from "./tags.ts";
import { topologyRoutes } from "./topology.ts";

/** Every record of this API. */
export function allRoutes(managers: Managers): AnyRoute[] {
  const {
    core,
    networks,
    subnets,
    subnetPools,
    addressScopes,
    ports,
    routers,
    floatingIps,
    groups,
    rules,
    rbac,
    agents,
    addressGroups,
  } = managers;
  const { store } = core;
  const resources = [
    networks,
    subnets,
    subnetPools,
    addressScopes,
    ports,
    routers,
    floatingIps,
    groups,
    rules,
    rbac,
    addressGroups,
    managers.flavors,
    managers.serviceProfiles,
  ];
  const tagged: [(typeof resources)[number], Table<StandardRow>][] = [
    [networks, store.networks],
    [subnets, store.subnets],
    [subnetPools, store.subnetPools],
    [ports, store.ports],
    [routers, store.routers],
    [floatingIps, store.floatingIps],
    [groups, store.groups],
  ];
  return [
    ...discoveryRoutes(resources),
    ...agentRoutes(agents),
    ...agentScheduleRoutes(managers),
    ...resources.flatMap((resource) => resourceRoutes(resource)),
    ...tagged.flatMap(([resource, table]) => tagRoutes(core, resource, table)),
    ...actionRoutes(managers),
    ...flavorRoutes(managers.flavors),
    ...portForwardingRoutes(managers.portForwardings),
    ...quotaRoutes(core),
    ...ipAvailabilityRoutes(core, networks),
    ...topologyRoutes(managers),
  ];
}
