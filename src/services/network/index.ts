import type { DriverParts } from "../../host/ready.ts";
import { defineService, forProjects } from "../../kernel/module.ts";
import { admin } from "../../kernel/policy/policy.ts";
import { createDrivers } from "./driver/create.ts";
import type { NetworkDriver } from "./driver/driver.ts";
import { networkApi } from "./errors.ts";
import { createFacade } from "./manager/facade.ts";
import { createManagers } from "./manager/index.ts";
import { MetadataDesk } from "./manager/metadata-desk.ts";
import { missingTaps } from "./manager/missing-taps.ts";
import { network as networkMigration } from "./migrations/0001-network.ts";
import { dhcpSchedule } from "./migrations/0002-dhcp-schedule.ts";
import { formerGuests } from "./migrations/0003-former-guests.ts";
import { shares } from "./migrations/0004-shares.ts";
import { agents as agentsMigration } from "./migrations/0005-agents.ts";
import { statelessGroups } from "./migrations/0006-stateless-groups.ts";
import { flavors as flavorsMigration } from "./migrations/0007-flavors.ts";
import { listIndexes } from "./migrations/0008-list-indexes.ts";
import { freeAddresses } from "./migrations/0009-free-addresses.ts";
import { ruleIndexes } from "./migrations/0010-rule-indexes.ts";
import { rulePrefixes } from "./migrations/0011-rule-prefixes.ts";
import { lentBy } from "./migrations/0012-lent.ts";
import { unfinished } from "./migrations/0013-unfinished.ts";
import { countedUse } from "./migrations/0014-counted-use.ts";
import { seldomTexts } from "./migrations/0015-seldom-texts.ts";
import { policies } from "./policies.ts";
import { allRoutes } from "./routes/index.ts";
import { seed } from "./seed.ts";
import { declaration } from "./service.ts";
import { watched } from "./store/watched.ts";

/** Neutron's API and what it manages: networks, addresses, routers, floating IPs, security groups. */
export const network = defineService<"network", { driver: NetworkDriver }>({
  ...declaration,
  api: networkApi,
  policies,
  olderRules: true,
  // Who looks with another scope finds nothing but is not refused: lists are filtered (neutron/pecan_wsgi/hooks).
  scopes: forProjects("network", (policy) => (policies[policy] === admin ? ["project"] : null)),
  migrations: [
    networkMigration,
    dhcpSchedule,
    formerGuests,
    shares,
    agentsMigration,
    statelessGroups,
    flavorsMigration,
    listIndexes,
    freeAddresses,
    ruleIndexes,
    rulePrefixes,
    lentBy,
    unfinished,
    countedUse,
    seldomTexts,
  ],
  watched,
  create(kernel, { driver }) {
    const metadata = new MetadataDesk();
    driver.serveMetadata((socket, source) => metadata.answer(socket, source));
    const managers = createManagers(kernel, driver);
    const { applier, bulkCreates } = managers;
    let unwatch = () => {};
    return {
      facade: createFacade(managers, metadata),
      routes: allRoutes(managers),
      seed: () => seed(managers),
      async prepare() {
        await bulkCreates.clear();
        await applier.prepare();
      },
      async reconcile(progress, signal) {
        await applier.reconcile(progress, signal);
        if (!signal.aborted) unwatch = applier.watch();
      },
      async examine() {
        const failing = applier.failing().map(({ kind, id }) => ({
          key: `${kind}-not-applied:${id}`,
          message: `the ${kind} ${id} could not be brought onto the host`,
          hint: "tenrec logs network tells why; it is tried again by itself, and at once when the daemon is restarted",
        }));
        return [...failing, ...(await missingTaps(managers.core.store, driver))];
      },
      async stop() {
        unwatch();
        await applier.stop();
      },
    };
  },
});

/** The service as the settings ask for it. */
export const assemble = async (parts: DriverParts) => network(await createDrivers(parts));
