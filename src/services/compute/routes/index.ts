import type { AnyRoute } from "../../../kernel/http/route.ts";
import type { Managers } from "../manager/index.ts";
import { aggregateRoutes } from "./aggregates.ts";
import { extensionRoutes } from "./extensions.ts";
import { eventRoutes } from "./external-events.ts";
import { flavorRoutes } from "./flavors.ts";
import { hypervisorRoutes } from "./hypervisors.ts";
import { imageProxyRoutes } from "./image-proxies.ts";
import { interfaceRoutes } from "./interfaces.ts";
import { keypairRoutes } from "./keypairs.ts";
import { migrationRoutes } from "./migrations.ts";
import { moveActionRoutes } from "./move-actions.ts";
import { networkProxyRoutes } from "./network-proxies.ts";
import { everyVersion } from "./paths.ts";
import { quotaRoutes } from "./quotas.ts";
import { rebuildActionRoutes } from "./rebuild-actions.ts";
import { removedRoutes } from "./removed.ts";
import { securityGroupRoutes } from "./security-groups.ts";
import { serverActionRoutes } from "./server-actions.ts";
import { serverDetailRoutes } from "./server-details.ts";
import { serverGroupRoutes } from "./server-groups.ts";
import { serverMetadataRoutes } from "./server-metadata.ts";
import { serverTagRoutes } from "./server-tags.ts";
import type { ServerPresenter } from "./server-view.ts";
import { serverRoutes } from "./servers.ts";
import { serviceRoutes } from "./services.ts";
import { usageRoutes } from "./usage.ts";
import { auditRoutes } from "./usage-audit-log.ts";
import { versionRoutes } from "./versions.ts";
import { volumeProxyRoutes } from "./volume-proxies.ts";
import { volumeRoutes } from "./volumes.ts";

/** Every record of this API. */
export function allRoutes(managers: Managers, presenter: ServerPresenter): AnyRoute[] {
  const { maxLimit } = managers.core.kernel.settings.compute;
  const { core, servers, creator, rebuild, snapshots, shelve } = managers;
  return [
    ...versionRoutes,
    ...everyVersion([
      ...flavorRoutes(managers.flavors, { maxLimit }),
      ...keypairRoutes(managers.keypairs, { maxLimit }),
      ...serverRoutes({ servers, creator, presenter, maxLimit }),
      ...serverActionRoutes(servers, managers.power),
      ...rebuildActionRoutes({ core, servers, presenter, rebuild, snapshots, shelve }),
      ...serverMetadataRoutes(servers),
      ...serverTagRoutes(servers),
      ...serverDetailRoutes(core, servers),
      ...interfaceRoutes(servers, managers.interfaces),
      ...volumeRoutes(servers, managers.volumes, { maxLimit }),
      ...securityGroupRoutes(core, servers),
      ...networkProxyRoutes(core, servers),
      ...imageProxyRoutes(core),
      ...volumeProxyRoutes(core),
      ...quotaRoutes(core),
      ...hypervisorRoutes(core),
      ...serviceRoutes(core, managers.services),
      ...aggregateRoutes(managers.aggregates),
      ...serverGroupRoutes(core),
      ...migrationRoutes(core, servers),
      ...usageRoutes(core),
      ...moveActionRoutes(core, servers),
      ...extensionRoutes(),
      ...eventRoutes(core, managers.volumeExtender),
      ...auditRoutes(core),
      ...removedRoutes(),
    ]),
  ];
}
