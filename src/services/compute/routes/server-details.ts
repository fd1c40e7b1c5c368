import { conflict, notFound } from "../../../kernel/errors.ts";
import { mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, route } from "../../../kernel/http/route.ts";
import { serverNotMapped } from "../errors.ts";
import { recordAction } from "../manager/actions.ts";
import { change } from "../manager/change.ts";
import { type ConsoleType, openConsole, unavailableType } from "../manager/consoles.ts";
import type { Core } from "../manager/core.ts";
import { driverCall } from "../manager/driver-call.ts";
import type { ServerManager } from "../manager/servers.ts";
import { refOf } from "../manager/spec.ts";
import { object } from "../schemas/parameter-types.ts";
import { listInstanceActions } from "../schemas/queries.ts";
import { requireReady, TRANSITIONS } from "../states.ts";
import type { ActionRow } from "../store/actions.ts";
import type { Server } from "../store/servers.ts";
import { actionDetail, actionView } from "../views/actions.ts";
import { newDiagnostics, oldDiagnostics } from "../views/diagnostics.ts";
import { addressesOf } from "../views/servers.ts";
import { serverAction } from "./action-helpers.ts";
import { linkedPage, markerCouldNotBeFound } from "./paging.ts";
import { changesOf } from "./paths.ts";
import { serverEvenDeleted, serverOf } from "./touched.ts";

const consoleBody = (types: readonly string[]) => object({ type: { type: "string", enum: types } }, ["type"]);

/** What can be asked of one server beside itself: addresses, actions, consoles, diagnostics, its password. */
export function serverDetailRoutes(core: Core, servers: ServerManager): AnyRoute[] {
  const server = serverOf(servers);
  const evenDeleted = serverEvenDeleted(core, servers);
  return [
    route({
      name: "ips:list",
      method: "GET",
      path: "/servers/:server_id/ips",
      policy: "os_compute_api:ips:index",
      of: server,
      success: 200,
      handler: (request) => ({ body: { addresses: addressesOf(request.thing, false) } }),
    }),
    route({
      name: "ips:show",
      method: "GET",
      path: "/servers/:server_id/ips/:label",
      policy: "os_compute_api:ips:show",
      of: server,
      success: 200,
      handler(request) {
        const label = request.param("label");
        const addresses = addressesOf(request.thing, false)[label];
        if (addresses === undefined) throw notFound("Instance is not a member of specified network");
        return { body: { [label]: addresses } };
      },
    }),
    route({
      name: "server-topology:show",
      method: "GET",
      path: "/servers/:server_id/topology",
      policy: "compute:server:topology:index",
      of: server,
      microversions: { min: mv("2.78") },
      success: 200,
      handler(request) {
        request.thing;
        // No guest has NUMA nodes of its own here, whatever hw:numa_nodes says.
        return { body: { nodes: [], pagesize_kb: null } };
      },
    }),
    route({
      name: "instance-actions:list",
      method: "GET",
      path: "/servers/:server_id/os-instance-actions",
      policy: "os_compute_api:os-instance-actions:list",
      of: evenDeleted,
      query: listInstanceActions,
      success: 200,
      async handler(request) {
        const server = request.thing;
        const view = (row: ActionRow) => actionView(row, request.microversion);
        if (request.microversion < mv("2.58"))
          return { body: { instanceActions: core.actions.list(server.id).map(view) } };
        const { rows, links } = await linkedPage(request, {
          ...core.actions.pages(server.id, changesOf(request)),
          path: `/servers/${server.id}/os-instance-actions`,
          key: "links",
          id: ({ request_id }: ActionRow) => request_id,
          max: core.kernel.settings.compute.maxLimit,
          lost: markerCouldNotBeFound,
        });
        return { body: { instanceActions: rows.map(view), ...links } };
      },
    }),
    route({
      name: "instance-actions:show",
      method: "GET",
      path: "/servers/:server_id/os-instance-actions/:request_id",
      policy: "os_compute_api:os-instance-actions:show",
      of: evenDeleted,
      success: 200,
      handler(request) {
        const server = request.thing;
        const row = core.actions.get(server.id, request.param("request_id"));
        if (row === undefined) throw notFound(`Action ${request.param("request_id")} not found`);
        const target = { projectId: server.projectId };
        return {
          body: {
            instanceAction: actionDetail(row, request.microversion, {
              events: request.allowed("os_compute_api:os-instance-actions:events", target),
              admin: request.allowed("os_compute_api:os-instance-actions:events:details", target),
              host: server.host,
            }),
          },
        };
      },
    }),
    route({
      name: "server-diagnostics:show",
      method: "GET",
      path: "/servers/:server_id/diagnostics",
      policy: "os_compute_api:os-server-diagnostics",
      of: server,
      success: 200,
      async handler(request) {
        const server = request.thing;
        const diagnostics = await driverCall(server.id, () => core.driver.diagnostics(refOf(core, server)));
        return { body: (request.microversion >= mv("2.48") ? newDiagnostics : oldDiagnostics)(diagnostics) };
      },
    }),
    route({
      name: "server-password:show",
      method: "GET",
      path: "/servers/:server_id/os-server-password",
      policy: "os_compute_api:os-server-password:show",
      of: server,
      success: 200,
      handler: (request) => ({ body: { password: request.thing.passwordData } }),
    }),
    route({
      name: "server-password:clear",
      method: "DELETE",
      path: "/servers/:server_id/os-server-password",
      policy: "os_compute_api:os-server-password:clear",
      of: server,
      success: 204,
      handler(request) {
        change(core, request.thing.id, { passwordData: "" });
        return {};
      },
    }),
    serverAction<{ length?: number | string | null }>(servers, {
      key: "os-getConsoleOutput",
      policy: "os_compute_api:os-console-output",
      schema: {
        type: "object",
        properties: { length: { type: ["integer", "string", "null"], pattern: "^-?[0-9]+$", minimum: -1 } },
        additionalProperties: false,
      },
      success: 200,
      async handler(_, server, { length }) {
        if (server.host === null) throw conflict(`Instance ${server.id} is not ready`);
        const lines = length === undefined || length === null || Number(length) === -1 ? null : Number(length);
        const output = await driverCall(server.id, () => core.driver.consoleLog(refOf(core, server), lines));
        // Control characters that JSON readers trip over, but not tabs and line ends.
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
        return { body: { output: output.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "") } };
      },
    }),
    ...(
      [
        ["os-getVNCConsole", ["novnc", "xvpvnc"]],
        ["os-getSerialConsole", ["serial"]],
        ["os-getSPICEConsole", ["spice-html5"]],
        ["os-getRDPConsole", ["rdp-html5"]],
      ] as const
    ).map(([key, types]) =>
      serverAction<{ type: string }>(servers, {
        key,
        policy: "os_compute_api:os-remote-consoles",
        schema: consoleBody(types),
        microversions: { max: mv("2.5") },
        success: 200,
        async handler(request, server, { type }) {
          return { body: { console: await openConsole(core, request.context, server, consoleType(type)) } };
        },
      }),
    ),
    route<{ remote_console: { protocol: string; type: string } }, Server>({
      name: "remote-consoles:create",
      method: "POST",
      path: "/servers/:server_id/remote-consoles",
      policy: "os_compute_api:os-remote-consoles",
      of: server,
      microversions: { min: mv("2.6") },
      request: object(
        {
          remote_console: object(
            {
              protocol: { type: "string", enum: ["vnc", "spice", "rdp", "serial", "mks"] },
              type: { type: "string", enum: ["novnc", "xvpvnc", "spice-html5", "rdp-html5", "serial", "webmks"] },
            },
            ["protocol", "type"],
          ),
        },
        ["remote_console"],
      ),
      success: 200,
      async handler(request) {
        const { protocol, type } = request.body.remote_console;
        const console = await openConsole(core, request.context, request.thing, consoleType(type));
        return { body: { remote_console: { protocol, ...console } } };
      },
    }),
    route({
      name: "console-auth-tokens:show",
      method: "GET",
      path: "/os-console-auth-tokens/:token",
      policy: "os_compute_api:os-console-auth-tokens",
      success: 200,
      handler(request) {
        const row = core.consoleTokens.get(request.param("token"), core.kernel.clock.now());
        if (row === undefined) throw notFound("Token not found");
        const host = core.hosts.hypervisor()?.hostname ?? "";
        return {
          body: { console: { instance_uuid: row.server_id, host, port: 0, internal_access_path: null } },
        };
      },
    }),
    serverAction(servers, {
      key: "trigger_crash_dump",
      policy: "os_compute_api:servers:trigger_crash_dump",
      missing: serverNotMapped,
      microversions: { min: mv("2.17") },
      async handler(request, server) {
        requireReady(request.context, server, TRANSITIONS.triggerCrashDump);
        const names = { action: "trigger_crash_dump", event: "compute_trigger_crash_dump" };
        const action = recordAction(core, request.context, server, names);
        await driverCall(server.id, () => core.driver.injectNmi(refOf(core, server)));
        action.end();
        return {};
      },
    }),
  ];
}

function consoleType(type: string): ConsoleType {
  if (type === "novnc" || type === "serial") return type;
  throw unavailableType(type);
}
