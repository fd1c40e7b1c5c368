import { badRequest, notFound } from "../../../kernel/errors.ts";
import { type Microversion, mv } from "../../../kernel/http/microversion.ts";
import type { AnyRoute, JsonSchema } from "../../../kernel/http/route.ts";
import type { Core } from "../manager/core.ts";
import type { ServerManager } from "../manager/servers.ts";
import * as common from "../schemas/parameter-types.ts";
import { object } from "../schemas/parameter-types.ts";
import { byVersion } from "../schemas/servers.ts";
import { requireReady, TRANSITIONS } from "../states.ts";
import type { Server } from "../store/servers.ts";
import { isTrue } from "../values/boolean.ts";
import { serverAction } from "./action-helpers.ts";

const hostOrNull: JsonSchema = { ...(common.hostname as object), type: ["string", "null"] };
const migrateSchema = byVersion(["2.56"], (version) =>
  version < mv("2.56") ? true : { anyOf: [{ type: "null" }, object({ host: hostOrNull })] },
);
/** `force` came and went with the versions. */
const force = (version: Microversion, since: string): Record<string, JsonSchema> =>
  version >= mv(since) && version < mv("2.68") ? { force: common.boolean } : {};
const liveSchema = byVersion(["2.25", "2.30", "2.68"], (version) =>
  object(
    {
      host: hostOrNull,
      block_migration:
        version < mv("2.25") ? common.boolean : { anyOf: [common.boolean, { type: "string", enum: ["auto"] }] },
      ...(version < mv("2.25") ? { disk_over_commit: common.boolean } : {}),
      ...force(version, "2.30"),
    },
    version < mv("2.25") ? ["host", "block_migration", "disk_over_commit"] : ["host", "block_migration"],
  ),
);
const evacuateSchema = byVersion(["2.14", "2.29", "2.68"], (version) =>
  object(
    {
      host: common.hostname,
      adminPass: common.adminPassword,
      ...(version < mv("2.14") ? { onSharedStorage: common.boolean } : {}),
      ...force(version, "2.29"),
    },
    version < mv("2.14") ? ["onSharedStorage"] : [],
  ),
);

/**
 * Migrations and evacuation. There is one host, so all of them end in an error: the one that nova with one compute node has for it,
 * also where nova would say it only in the list of instance actions.
 */
export function moveActionRoutes(core: Core, servers: ServerManager): AnyRoute[] {
  const hostOf = () => core.hosts.compute()?.host ?? "";
  const requireHost = (name: string | null) => {
    if (name !== null && name !== hostOf()) throw badRequest(`Compute host ${name} could not be found.`);
  };
  return [
    serverAction<{ host?: string | null } | null>(servers, {
      key: "migrate",
      policy: "os_compute_api:os-migrate-server:migrate",
      schema: migrateSchema,
      handler({ context, microversion }, server, value) {
        requireReady(context, server, TRANSITIONS.migrate);
        const host = microversion >= mv("2.56") ? (value?.host ?? null) : null;
        requireHost(host);
        if (host !== null) throw badRequest("Cannot migrate to the host where the server exists.");
        throw noOtherHost();
      },
    }),
    serverAction<{ host: string | null; force?: boolean | string }>(servers, {
      key: "os-migrateLive",
      policy: "os_compute_api:os-migrate-server:migrate_live",
      schema: liveSchema,
      handler({ context }, server, { host, force: forced = false }) {
        requireForcedTo(host, forced);
        requireReady(context, server, TRANSITIONS.migrateLive);
        requireHost(host);
        if (host !== null) throw toItself(server, host);
        throw noOtherHost();
      },
    }),
    serverAction<{ host?: string; force?: boolean | string }>(servers, {
      key: "evacuate",
      policy: "os_compute_api:os-evacuate",
      schema: evacuateSchema,
      success: 200,
      handler({ context }, server, { host = null, force: forced = false }) {
        requireForcedTo(host, forced);
        if (host !== null && host !== hostOf()) throw notFound(`Compute host ${host} not found.`);
        if (host !== null && host === server.host) throw badRequest("The target host can't be the same one.");
        requireReady(context, server, TRANSITIONS.evacuate);
        const service = core.hosts.compute();
        if (service?.forced_down !== 1) throw badRequest(`Compute service of ${server.host} is still in use.`);
        throw noOtherHost();
      },
    }),
  ];
}

const noOtherHost = () => badRequest("No valid host was found. There are not enough hosts available.");
const toItself = (server: Server, host: string) =>
  badRequest(`Unable to migrate instance (${server.id}) to current host (${host}).`);

/** Errors: 400. */
function requireForcedTo(host: string | null, forced: boolean | string): void {
  if (isTrue(forced) && host === null) throw badRequest("Can't force to a non-provided destination");
}
