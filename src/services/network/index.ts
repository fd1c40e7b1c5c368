import type { Table } from "../../kernel/db/table.ts";
import { defineService, forProjects } from "../../kernel/module.ts";
import { admin } from "../../kernel/policy/policy.ts";
import type { NetworkDriver } from "./driver/driver.ts";
import { networkApi } from "./errors.ts";
import { networkFacade } from "./manager/facade.ts";
import { missingTaps } from "./manager/missing-taps.ts";
import { createManagers, type NetworkManagers } from "./manager/service.ts";
import { network as networkMigration } from "./migrations/0001-network.ts";
import { dhcpSchedule } from "./migrations/0002-dhcp-schedule.ts";
import { formerGuests } from "./migrations/0003-former-guests.ts";
import { shares } from "./migrations/0004-shares.ts";
import { agents as agentsMigration } from "./migrations/0005-agents.ts";
import { statelessGroups } from "./migrations/0006-stateless-groups.ts";
import { flavors as flavorsMigration } from "./migrations/0007-flavors.ts";
import { policies } from "./policies.ts";
import { actionRoutes } from "./routes/actions.ts";
import { agentScheduleRoutes } from "./routes/agent-schedules.ts";
import { agentRoutes } from "./routes/agents.ts";
import { discoveryRoutes } from "./routes/discovery.ts";
import { flavorRoutes } from "./routes/flavors.ts";
import { ipAvailabilityRoutes } from "./routes/ip-availability.ts";
import { portForwardingRoutes } from "./routes/port-forwardings.ts";
import { quotaRoutes } from "./routes/quotas.ts";
import { resourceRoutes } from "./routes/resource.ts";
import { tagRoutes } from "./routes/tags.ts";
import { topologyRoutes } from "./routes/topology.ts";
import { seed } from "./seed.ts";
import type { StandardRow } from "./store/rows.ts";
import "./facade.ts";

/** Neutron's API and what it manages: networks, addresses, routers, floating IPs, security groups. */
export const network = defineService<"network", { driver: NetworkDriver }>({
  name: "network",
  endpoint: {
    prefix: "/networking",
    classicPorts: ["network"],
    catalog: [{ name: "neutron", type: "network", path: "", description: "OpenStack Networking" }],
  },
  api: networkApi,
  policies,
  olderRules: "neutron",
  // Who looks with another scope finds nothing but is not refused: lists are filtered (neutron/pecan_wsgi/hooks).
  scopes: forProjects("neutron", (policy) => (policies[policy] === admin ? ["project"] : null)),
  migrations: [
    networkMigration,
    dhcpSchedule,
    formerGuests,
    shares,
    agentsMigration,
    statelessGroups,
    flavorsMigration,
  ],
  create(kernel, { driver }) {
    const managers = createManagers(kernel, driver);
    const { applier } = managers;
    let unwatch = () => {};
    return {
      facade: networkFacade(managers),
      routes: routes(managers),
      seed: () => seed(managers),
      reconcile: () => applier.reconcile(),
      async examine() {
        const failing = applier.failing().map(({ kind, id }) => ({
          key: `${kind}-not-applied:${id}`,
          message: `the ${kind} ${id} could not be brought onto the host`,
          hint: "tenrec logs network tells why; it is tried again by itself, and at once when the daemon is restarted",
        }));
        return [...failing, ...(await missingTaps(managers.base.store, driver))];
      },
      start() {
        unwatch = applier.watch();
      },
      async stop() {
        unwatch();
        await applier.stop();
      },
    };
  },
});

function routes(managers: NetworkManagers) {
  const {
    base,
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
  const { store } = base;
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
    ...tagged.flatMap(([resource, table]) => tagRoutes(base, resource, table)),
    ...actionRoutes(managers),
    ...flavorRoutes(managers.flavors),
    ...portForwardingRoutes(managers.portForwardings),
    ...quotaRoutes(base),
    ...ipAvailabilityRoutes(base, networks),
    ...topologyRoutes(managers),
  ];
}
