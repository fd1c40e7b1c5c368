import type { AnyRoute } from "../../../kernel/http/route.ts";
import type { Managers } from "../manager/index.ts";
import { actionRoutes } from "./actions.ts";
import { agentScheduleRoutes } from "./agent-schedules.ts";
import { agentRoutes } from "./agents.ts";
import { discoveryRoutes } from "./discovery.ts";
import { flavorRoutes } from "./flavors.ts";
import { ipAvailabilityRoutes } from "./ip-availability.ts";
import { portForwardingRoutes } from "./port-forwardings.ts";
import { quotaRoutes } from "./quotas.ts";
import { type Resource, resourceRoutes } from "./resource.ts";
import { createResources } from "./resources.ts";
import { tagRoutes } from "./tags.ts";
import { topologyRoutes } from "./topology.ts";

/** Every record of this API. */
export function allRoutes(managers: Managers): AnyRoute[] {
  const { core, bulkCreates } = managers;
  const resources = createResources(managers);
  const all: Resource[] = Object.values(resources);
  return [
    ...discoveryRoutes(all),
    ...agentRoutes(managers.agents),
    ...agentScheduleRoutes(managers, resources),
    ...all.flatMap((resource) => resourceRoutes(resource, bulkCreates)),
    ...all.flatMap((resource) => (resource.tags === undefined ? [] : tagRoutes(core, resource, resource.tags))),
    ...actionRoutes(managers, resources),
    ...flavorRoutes(managers.flavors),
    ...portForwardingRoutes(managers.portForwardings),
    ...quotaRoutes(core),
    ...ipAvailabilityRoutes(core, managers.networks),
    ...topologyRoutes(managers),
  ];
}
