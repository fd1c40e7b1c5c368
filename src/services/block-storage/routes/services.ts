import { badRequest, notFound } from "../../../kernel/errors.ts";
import { mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, type ApiRequest, route } from "../../../kernel/http/route.ts";
import { isoMicrosNaive } from "../../../kernel/time/clock.ts";
import type { ServiceState } from "../manager/backends.ts";
import type { Core } from "../manager/core.ts";
import { AVAILABILITY_ZONE } from "../manager/create.ts";
import type { Capabilities, Capability } from "../manager/extra-specs.ts";
import type { TypeManager } from "../manager/types.ts";
import { type ServiceBody, service, serviceHost, serviceWithReason } from "../schemas/administration.ts";
import { strictBoolean } from "../schemas/parameter-types.ts";
import { booleanOf } from "./listing.ts";

export const POOL_FILTERS = ["name", "volume_type"];

/** What administrators see of the machinery: services, pools, hosts, capabilities; and the availability zones. */
export function serviceRoutes(core: Core, types: TypeManager): AnyRoute[] {
  const { backends, kernel } = core;
  const serviceView = (state: ServiceState, version: number) => ({
    binary: state.binary,
    host: state.host,
    zone: AVAILABILITY_ZONE,
    status: state.disabled ? "disabled" : "enabled",
    state: "up",
    updated_at: isoMicrosNaive(kernel.clock.now()),
    disabled_reason: state.reason,
    ...(state.binary === "cinder-volume"
      ? { replication_status: "disabled", active_backend_id: null, frozen: state.frozen }
      : {}),
    ...(version >= mv("3.7") ? { cluster: null } : {}),
    ...(version >= mv("3.49") && state.binary === "cinder-volume" ? { backend_state: "up" } : {}),
  });

  const change = (
    verb: string,
    schema: typeof service,
    run: (body: ServiceBody) => Record<string, unknown> | undefined,
    success = 200,
  ) =>
    route<ServiceBody>({
      name: `services:${verb}`,
      method: "PUT",
      path: `/os-services/${verb}`,
      policy: "volume_extension:services:update",
      request: schema,
      success,
      handler(request) {
        const body = run(request.body);
        return body === undefined ? undefined : { body };
      },
    });
  const setEnabled = (body: ServiceBody, enabled: boolean) => {
    const binary = body.binary ?? body.service;
    if (binary === undefined) throw badRequest("Missing binary parameter, or service, which is its older name.");
    backends.setEnabled(binary, body.host, enabled, enabled ? null : (body.disabled_reason ?? null));
    return {
      host: body.host,
      service: body.service ?? "",
      disabled: !enabled,
      binary: body.binary ?? "",
      status: enabled ? "enabled" : "disabled",
      ...(body.disabled_reason === undefined || enabled ? {} : { disabled_reason: body.disabled_reason }),
    };
  };

  return [
    route({
      name: "availability-zones:list",
      method: "GET",
      path: "/os-availability-zone",
      policy: "volume:availability_zone_list",
      success: 200,
      handler: () => ({
        body: { availabilityZoneInfo: [{ zoneName: AVAILABILITY_ZONE, zoneState: { available: true } }] },
      }),
    }),
    route({
      name: "services:list",
      method: "GET",
      path: "/os-services",
      policy: "volume_extension:services:index",
      success: 200,
      handler(request) {
        const { query, microversion } = request;
        const binary = query.get("binary") ?? query.get("service");
        const host = query.get("host");
        const found = backends
          .states()
          .filter((state) => binary === null || binary === "" || state.binary === binary)
          .filter((state) => host === null || host === "" || state.host === host || state.host.startsWith(`${host}@`));
        return { body: { services: found.map((state) => serviceView(state, microversion)) } };
      },
    }),
    change("enable", service, (body) => setEnabled(body, true)),
    change("disable", service, (body) => setEnabled(body, false)),
    change("disable-log-reason", serviceWithReason, (body) => setEnabled(body, false)),
    ...["freeze", "thaw"].map((verb) =>
      change(
        verb,
        serviceHost,
        ({ host }) => {
          backends.setFrozen(host, verb === "freeze");
          return undefined;
        },
        202,
      ),
    ),
    route({
      name: "pools:list",
      method: "GET",
      path: "/scheduler-stats/get_pools",
      policy: "scheduler_extension:scheduler_stats:get_pools",
      success: 200,
      async handler(request) {
        const detail = booleanOf("detail", request.query.get("detail"));
        const wanted = poolFilter(core, types, request);
        const told = await Promise.all(
          backends.all.map(async ({ pool, ...backend }) => ({
            name: pool,
            capabilities: await core.scheduler.capabilities({ pool, ...backend }),
          })),
        );
        const pools = told.filter(wanted).map(({ name, capabilities }) => (detail ? { name, capabilities } : { name }));
        return { body: { pools } };
      },
    }),
    route({
      name: "capabilities:show",
      method: "GET",
      path: "/capabilities/:backend_host",
      policy: "volume_extension:capabilities",
      success: 200,
      handler(request) {
        const host = request.param("backend_host");
        const backend = backends.all.find((candidate) => candidate.host === host || candidate.pool === host);
        if (backend === undefined) throw notFound(`Service cinder-volume could not be found on host ${host}.`);
        const { info } = backend.driver;
        return {
          body: {
            namespace: `OS::Storage::Capabilities::${backend.host}`,
            vendor_name: info.vendor,
            volume_backend_name: backend.name,
            pool_name: null,
            driver_version: info.version,
            storage_protocol: info.storageProtocol,
            display_name: null,
            description: null,
            visibility: null,
            replication_targets: [],
            properties: {
              thin_provisioning: {
                title: "Thin Provisioning",
                description: "Sets thin provisioning.",
                type: "boolean",
              },
            },
          },
        };
      },
    }),
    route({
      name: "hosts:list",
      method: "GET",
      path: "/os-hosts",
      policy: "volume_extension:hosts",
      success: 200,
      handler: () => ({
        body: {
          hosts: backends.states().map((state) => ({
            host_name: state.host,
            service: state.binary,
            zone: AVAILABILITY_ZONE,
            "service-status": "available",
            "service-state": state.disabled ? "disabled" : "enabled",
            "last-update": isoMicrosNaive(kernel.clock.now()),
          })),
        },
      }),
    }),
    route({
      name: "hosts:show",
      method: "GET",
      path: "/os-hosts/:backend_host",
      policy: "volume_extension:hosts",
      success: 200,
      handler(request) {
        const host = request.param("backend_host");
        if (!backends.states().some((state) => state.host === host)) {
          throw notFound(`Host ${host} could not be found.`);
        }
        return { body: { host: hostUsage(core, host).map((resource) => ({ resource })) } };
      },
    }),
  ];
}

/** Filters of pools: by name and capabilities since 3.28, by a type that they can serve since 3.35. Errors: 400, 404. */
function poolFilter(core: Core, types: TypeManager, { context, query, microversion }: ApiRequest) {
  const filters = new Map(query);
  filters.delete("detail");
  if (microversion < mv("3.28")) filters.clear();
  const wrong = [...filters.keys()].filter((key) => !POOL_FILTERS.includes(key));
  if (microversion >= mv("3.31") && wrong.length > 0) {
    throw badRequest(`Invalid filters ${wrong.join(",")} are found in query options.`);
  }
  if (microversion < mv("3.35")) filters.delete("volume_type");
  const typeName = filters.get("volume_type");
  const specs = typeName === undefined ? {} : types.byNameOrId(context, typeName).extra_specs;
  return ({ name, capabilities }: { name: string; capabilities: Capabilities }): boolean =>
    (filters.get("name") ?? name) === name &&
    core.scheduler.serves(capabilities, specs) &&
    wrong.every((key) => isTold(capabilities[key], filters.get(key) ?? ""));
}

/** A capability as the text of a query has it. */
function isTold(capability: Capability | undefined, text: string): boolean {
  if (typeof capability === "boolean") return capability === (strictBoolean(text) ?? false);
  return capability !== undefined && capability !== null && String(capability) === text;
}

/** What lies on a backend: the sum first, then each project. */
function hostUsage(core: Core, host: string) {
  const snapshots = new Map(core.snapshots.byProject(host).map((row) => [row.project_id, row]));
  const projects = core.volumes.byProject(host).map(({ project_id, volumes, volumeGb }) => ({
    host,
    project: project_id,
    volume_count: String(volumes),
    total_volume_gb: String(volumeGb),
    snapshot_count: String(snapshots.get(project_id)?.snapshots ?? 0),
    total_snapshot_gb: String(snapshots.get(project_id)?.snapshotGb ?? 0),
  }));
  const sum = (key: "volume_count" | "total_volume_gb" | "snapshot_count" | "total_snapshot_gb") =>
    String(projects.reduce((total, project) => total + Number(project[key]), 0));
  const total = {
    host,
    project: "(total)",
    volume_count: sum("volume_count"),
    total_volume_gb: sum("total_volume_gb"),
    snapshot_count: sum("snapshot_count"),
    total_snapshot_gb: sum("total_snapshot_gb"),
  };
  return [total, ...projects];
}
