import { badRequest, notFound, notImplemented } from "../../../kernel/errors.ts";
import { type Microversion, mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, route } from "../../../kernel/http/route.ts";
import { isoMicrosNaive } from "../../../kernel/time/clock.ts";
import type { Core } from "../manager/core.ts";
import { zoneOf } from "../manager/hosts.ts";
import type { ServiceManager } from "../manager/services.ts";
import { boolean, object } from "../schemas/parameter-types.ts";
import { listServices } from "../schemas/queries.ts";
import type { ServiceRow } from "../store/services.ts";
import { isTrue } from "../values/boolean.ts";

const host = { type: "string", minLength: 1, maxLength: 255 };
const oldUpdate = object({ host, binary: host, disabled_reason: host, forced_down: boolean }, ["host", "binary"]);
const onOff = { type: "string", enum: ["enable", "disable", "Enable", "Disable", "ENABLE", "DISABLE"] };
const hostUpdate = {
  ...(object({ status: onOff, maintenance_mode: onOff }) as object),
  minProperties: 1,
};
const newUpdate = object({
  status: { type: "string", enum: ["enabled", "disabled"] },
  disabled_reason: host,
  forced_down: boolean,
});

/** nova's services, which are all this process, and the zones and hosts they are in. */
export function serviceRoutes(core: Core, services: ServiceManager): AnyRoute[] {
  const { hosts, kernel } = core;
  const zone = (row: ServiceRow) => (row.binary === "nova-compute" ? zoneOf(core, row.host) : row.zone);
  const heartbeat = () => isoMicrosNaive(Math.floor(kernel.clock.now() / 1000) * 1000);
  const view = (row: ServiceRow, version: Microversion) => ({
    id: version >= mv("2.53") ? row.uuid : row.id,
    binary: row.binary,
    host: row.host,
    zone: zone(row),
    status: row.disabled === 1 ? "disabled" : "enabled",
    state: row.forced_down === 1 ? "down" : "up",
    updated_at: heartbeat(),
    disabled_reason: row.disabled_reason,
    ...(version >= mv("2.11") ? { forced_down: row.forced_down === 1 } : {}),
  });
  const requireHost = (name: string) => {
    if (hosts.hypervisor()?.hostname !== name) throw notFound(`Host '${name}' is not mapped to any cell`);
  };
  return [
    route({
      name: "services:list",
      method: "GET",
      path: "/os-services",
      policy: "os_compute_api:os-services:list",
      query: listServices,
      success: 200,
      handler({ query, microversion }) {
        const wanted = (row: ServiceRow) =>
          (query.get("host") ?? row.host) === row.host && (query.get("binary") ?? row.binary) === row.binary;
        const rows = services.list().filter(wanted);
        return { body: { services: rows.map((row) => view(row, microversion)) } };
      },
    }),
    ...(["enable", "disable", "disable-log-reason", "force-down"] as const).map((verb) =>
      route<{ host: string; binary: string; disabled_reason?: string; forced_down?: boolean | string }>({
        name: `services:${verb}`,
        method: "PUT",
        path: `/os-services/${verb}`,
        policy: "os_compute_api:os-services:update",
        microversions: { max: mv("2.52"), ...(verb === "force-down" ? { min: mv("2.11") } : {}) },
        request: oldUpdate,
        success: 200,
        handler(request) {
          const { body } = request;
          const row = services.at(body.host, body.binary);
          const named = { host: row.host, binary: row.binary };
          if (verb === "force-down") {
            const forcedDown = isTrue(body.forced_down);
            services.change(row, { forcedDown });
            return { body: { service: { ...named, forced_down: forcedDown } } };
          }
          const reason = verb === "disable-log-reason" ? body.disabled_reason : undefined;
          if (verb === "disable-log-reason" && reason === undefined) throw badRequest("Missing disabled reason field");
          services.change(row, { disabled: verb !== "enable", reason });
          const status = verb === "enable" ? "enabled" : "disabled";
          const said = reason === undefined ? {} : { disabled_reason: reason };
          return { body: { service: { ...named, status, ...said } } };
        },
      }),
    ),
    route<{ status?: "enabled" | "disabled"; disabled_reason?: string; forced_down?: boolean | string }>({
      name: "services:update",
      method: "PUT",
      path: "/os-services/:id",
      policy: "os_compute_api:os-services:update",
      microversions: { min: mv("2.53") },
      request: newUpdate,
      success: 200,
      handler(request) {
        const { status, disabled_reason: reason, forced_down } = request.body;
        const disabled = status === undefined ? undefined : status === "disabled";
        const forcedDown = forced_down === undefined ? undefined : isTrue(forced_down);
        const updated = services.update(request.param("id"), { disabled, reason, forcedDown });
        return { body: { service: view(updated, request.microversion) } };
      },
    }),
    route({
      name: "services:delete",
      method: "DELETE",
      path: "/os-services/:id",
      policy: "os_compute_api:os-services:delete",
      success: 204,
      handler(request) {
        const id = request.param("id");
        const row = services.list().find((item) => item.uuid === id || String(item.id) === id);
        if (row === undefined) throw notFound(`Service ${id} could not be found.`);
        // This process is the service: it would be back at once.
        throw badRequest("The services of this cloud are one process and cannot be deleted.");
      },
    }),
    route({
      name: "availability-zones:list",
      method: "GET",
      path: "/os-availability-zone",
      policy: "os_compute_api:os-availability-zone:list",
      success: 200,
      handler: () => ({ body: { availabilityZoneInfo: zones(false) } }),
    }),
    route({
      name: "availability-zones:detail",
      method: "GET",
      path: "/os-availability-zone/detail",
      policy: "os_compute_api:os-availability-zone:detail",
      success: 200,
      handler: () => ({ body: { availabilityZoneInfo: zones(true) } }),
    }),
    route({
      name: "hosts:list",
      method: "GET",
      path: "/os-hosts",
      policy: "os_compute_api:os-hosts:list",
      microversions: { max: mv("2.42") },
      success: 200,
      handler({ query }) {
        const wanted = query.get("zone") ?? "";
        const list = hosts
          .services()
          .map((row) => ({ host_name: row.host, service: row.binary.replace("nova-", ""), zone: zone(row) }));
        return { body: { hosts: list.filter((item) => wanted === "" || item.zone === wanted) } };
      },
    }),
    route({
      name: "hosts:show",
      method: "GET",
      path: "/os-hosts/:host",
      policy: "os_compute_api:os-hosts:show",
      microversions: { max: mv("2.42") },
      success: 200,
      async handler(request) {
        const name = request.param("host");
        requireHost(name);
        const info = await core.driver.hostInfo();
        const used = core.servers.hostUsage();
        const line = (project: string, cpu: number, memory_mb: number, disk_gb: number) => ({
          resource: { host: name, project, cpu, memory_mb, disk_gb },
        });
        return {
          body: {
            host: [
              line("(total)", info.vcpus, info.memoryMb, info.diskGb),
              line("(used_now)", used.vcpus, used.memoryMb + 512, used.diskGb),
              line("(used_max)", used.vcpus, used.memoryMb, used.diskGb),
            ],
          },
        };
      },
    }),
    ...(["startup", "shutdown", "reboot"] as const).map((verb) =>
      route({
        name: `hosts:${verb}`,
        method: "GET",
        path: `/os-hosts/:host/${verb}`,
        policy: `os_compute_api:os-hosts:${verb === "startup" ? "start" : verb}`,
        microversions: { max: mv("2.42") },
        success: 200,
        handler(request) {
          requireHost(request.param("host"));
          throw notImplemented("Virt driver does not implement host power actions.");
        },
      }),
    ),
    route<{ status?: string; maintenance_mode?: string }>({
      name: "hosts:update",
      method: "PUT",
      path: "/os-hosts/:host",
      policy: "os_compute_api:os-hosts:update",
      microversions: { max: mv("2.42") },
      request: hostUpdate,
      success: 200,
      handler(request) {
        const name = request.param("host");
        requireHost(name);
        const { status, maintenance_mode } = request.body;
        if (maintenance_mode !== undefined)
          throw notImplemented("Virt driver does not implement host maintenance mode.");
        if (status !== undefined) services.disable(status.toLowerCase() === "disable");
        return { body: { host: name, status: `${status?.toLowerCase()}d` } };
      },
    }),
  ];

  function zones(detailed: boolean): unknown[] {
    const result = new Map<string, { available: boolean; hosts: Record<string, Record<string, unknown>> }>();
    for (const row of services.list()) {
      const name = zone(row);
      if (!detailed && name === "internal") continue;
      const entry = result.get(name) ?? { available: false, hosts: {} };
      entry.available ||= row.disabled === 0;
      const services = entry.hosts[row.host] ?? {};
      services[row.binary] = { available: row.forced_down === 0, active: row.disabled === 0, updated_at: heartbeat() };
      entry.hosts[row.host] = services;
      result.set(name, entry);
    }
    return [...result].map(([zoneName, entry]) => ({
      zoneName,
      zoneState: { available: entry.available },
      hosts: detailed ? entry.hosts : null,
    }));
  }
}
