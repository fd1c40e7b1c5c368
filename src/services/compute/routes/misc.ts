import { badRequest, notFound } from "../../../kernel/errors.ts";
import { type AnyRoute, type Method, route } from "../../../kernel/http/route.ts";
import { removedApi } from "../errors.ts";
import { refreshVifs } from "../manager/change.ts";
import type { Core } from "../manager/core.ts";
import type { VolumeExtender } from "../manager/volume-extend.ts";
import { object } from "../schemas/common.ts";
import { EXTENSION_VIEWS } from "../views/extensions.ts";

/** Extensions, external events, audit log, and what nova removed. */
export function miscRoutes(core: Core, extender: VolumeExtender): AnyRoute[] {
  return [...extensionRoutes(), ...eventRoutes(core, extender), ...auditRoutes(core), ...removedRoutes()];
}

function extensionRoutes(): AnyRoute[] {
  return [
    route({
      name: "extensions:list",
      method: "GET",
      path: "/extensions",
      policy: "os_compute_api:extensions",
      success: 200,
      handler: () => ({ body: { extensions: EXTENSION_VIEWS } }),
    }),
    route({
      name: "extensions:show",
      method: "GET",
      path: "/extensions/:alias",
      policy: "os_compute_api:extensions",
      success: 200,
      handler(request) {
        const found = EXTENSION_VIEWS.find(({ alias }) => alias === request.param("alias"));
        if (found === undefined) throw notFound("The resource could not be found.");
        return { body: { extension: found } };
      },
    }),
  ];
}

interface ExternalEvent {
  name: string;
  server_uuid: string;
  status?: string;
  tag?: string;
}

const eventsBody = object(
  {
    events: {
      type: "array",
      minItems: 1,
      items: object(
        {
          name: {
            type: "string",
            enum: [
              "network-changed",
              "network-vif-plugged",
              "network-vif-unplugged",
              "network-vif-deleted",
              "volume-extended",
              "power-update",
              "accelerator-request-bound",
              "volume-reimaged",
            ],
          },
          server_uuid: { type: "string", format: "uuid" },
          status: { type: "string", enum: ["failed", "completed", "in-progress"] },
          tag: { type: "string", maxLength: 255 },
        },
        ["name", "server_uuid"],
      ),
    },
  },
  ["events"],
);

function eventRoutes(core: Core, extender: VolumeExtender): AnyRoute[] {
  return [
    route<{ events: ExternalEvent[] }>({
      name: "server-external-events:create",
      method: "POST",
      path: "/os-server-external-events",
      policy: "os_compute_api:os-server-external-events:create",
      request: eventsBody,
      success: 200,
      handler(request) {
        const answers = request.body.events.map((event) => {
          const server = core.servers.get(event.server_uuid);
          if (server === undefined || server.deletedAt !== null) return { ...event, status: "failed", code: 404 };
          return { ...event, status: event.status ?? "completed", code: server.host === null ? 422 : 200 };
        });
        const known = answers.filter(({ code }) => code !== 404);
        if (known.length === 0) throw notFound("No instances found for any event");
        refreshVifs(
          core,
          known.map(({ server_uuid }) => server_uuid),
        );
        for (const { name, tag, server_uuid } of known) {
          if (name === "volume-extended" && tag !== undefined) {
            extender.extended(tag, [server_uuid], request.context.requestId);
          }
        }
        const all = answers.every(({ code }) => code === 200);
        return { status: all ? 200 : 207, body: { events: answers } };
      },
    }),
  ];
}

/** The instance usage audit log: nova keeps one only with its periodic audit on, which here it never is. */
function auditRoutes(core: Core): AnyRoute[] {
  const text = (time: number) => new Date(time).toISOString().slice(0, 19).replace("T", " ");
  const log = (at: number) => {
    const date = new Date(at);
    const end = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
    const begin = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - 1, 1);
    const host = core.hosts.hypervisor()?.hostname ?? "";
    return {
      period_beginning: text(begin),
      period_ending: text(end),
      num_hosts: 1,
      num_hosts_done: 0,
      num_hosts_running: 0,
      num_hosts_not_run: 1,
      hosts_not_run: [host],
      total_instances: 0,
      total_errors: 0,
      overall_status: "0 of 1 hosts done. 0 errors.",
      log: {},
    };
  };
  return [
    route({
      name: "instance-usage-audit-log:list",
      method: "GET",
      path: "/os-instance_usage_audit_log",
      policy: "os_compute_api:os-instance-usage-audit-log:list",
      success: 200,
      handler: () => ({ body: { instance_usage_audit_logs: log(core.kernel.clock.now()) } }),
    }),
    route({
      name: "instance-usage-audit-log:show",
      method: "GET",
      path: "/os-instance_usage_audit_log/:before",
      policy: "os_compute_api:os-instance-usage-audit-log:show",
      success: 200,
      handler(request) {
        const before = request.param("before");
        const time = Date.parse(`${before.replace(" ", "T")}Z`);
        if (Number.isNaN(time)) throw badRequest(`Invalid timestamp for date ${before}`);
        return { body: { instance_usage_audit_log: log(time) } };
      },
    }),
  ];
}

/** Paths whose APIs nova has taken out: they answer 410 to everybody. */
const REMOVED: readonly (readonly [string, readonly Method[]])[] = [
  ["/os-agents", ["GET", "POST"]],
  ["/os-agents/:id", ["PUT", "DELETE"]],
  ["/os-cells", ["GET", "POST"]],
  ["/os-cells/:id", ["GET", "PUT", "DELETE"]],
  ["/os-certificates", ["POST"]],
  ["/os-certificates/:id", ["GET"]],
  ["/os-cloudpipe", ["GET", "POST"]],
  ["/os-fping", ["GET"]],
  ["/os-fping/:id", ["GET"]],
  ["/os-fixed-ips/:id", ["GET"]],
  ["/os-floating-ips-bulk", ["GET", "POST"]],
  ["/os-floating-ip-dns", ["GET"]],
  ["/os-security-group-default-rules", ["GET", "POST"]],
  ["/os-virtual-interfaces", ["GET"]],
  ["/servers/:server_id/os-virtual-interfaces", ["GET"]],
];

function removedRoutes(): AnyRoute[] {
  return REMOVED.flatMap(([path, methods]) =>
    methods.map((method) =>
      route({
        name: `removed:${method} ${path}`,
        method,
        path,
        policy: "os_compute_api:flavors",
        success: 410,
        handler() {
          throw removedApi();
        },
      }),
    ),
  ).concat(
    (["resetNetwork", "injectNetworkInfo"] as const).map((action) =>
      route({
        name: `removed:${action}`,
        method: "POST",
        path: "/servers/:server_id/action",
        action,
        policy: "os_compute_api:flavors",
        success: 410,
        handler() {
          throw removedApi();
        },
      }),
    ),
  );
}
