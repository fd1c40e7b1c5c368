import { Refusal } from "../../../kernel/operations/operations.ts";
import type { HostInfo } from "../driver/driver.ts";
import { enabledFilters, type Filter, type HostState, needOf, type SchedulingRequest } from "../scheduler/scheduler.ts";
import type { Server } from "../store/servers.ts";
import type { Core } from "./core.ts";

/** The zone of the host: that of an aggregate it is in, else the default one. */
export function zoneOf(core: Core, host: string): string {
  const aggregate = core.aggregates
    .list()
    .find(({ hosts, metadata }) => hosts.includes(host) && metadata.availability_zone !== undefined);
  return aggregate?.metadata.availability_zone ?? core.kernel.settings.compute.defaultAvailabilityZone;
}

function hostState(core: Core, info: HostInfo, ignore: string): HostState {
  const { compute } = core.kernel.settings;
  const service = core.hosts.compute();
  return {
    host: info.hostname,
    zone: zoneOf(core, info.hostname),
    enabled: service !== undefined && service.disabled === 0 && service.forced_down === 0,
    architecture: info.cpuInfo.arch,
    capacity: {
      vcpus: Math.floor((info.vcpus - compute.reservedHostCpus) * compute.cpuAllocationRatio),
      memoryMb: Math.floor((info.memoryMb - compute.reservedHostMemoryMb) * compute.ramAllocationRatio),
      diskGb: Math.floor((info.diskGb - compute.reservedHostDiskMb / 1024) * compute.diskAllocationRatio),
    },
    largest: { vcpus: info.vcpus, memoryMb: info.memoryMb, diskGb: info.diskGb },
    used: core.servers.hostUsage(ignore),
    has: (id) => id !== ignore && core.servers.isOnHost(id),
  };
}

/** Nothing fits; the trace says why. */
export class NoValidHost extends Refusal {
  constructor() {
    super("No valid host was found. There are not enough hosts available.");
    this.name = "NoValidHost";
  }
}

/**
 * Picks the host for a server, and calls `claim` with it before anything else can be scheduled.
 * Every filter's word goes into the trace. Errors: NoValidHost.
 */
export async function schedule<T>(
  core: Core,
  server: Server,
  claim: (host: string, zone: string) => T,
  need = needOf(server),
): Promise<T> {
  const { tracer, settings } = core.kernel;
  const host = await filtered(core, server, need, enabledFilters(settings.compute.enabledFilters));
  tracer.note("scheduler", `chose ${host.host}`, { server: server.id, need });
  return claim(host.host, host.zone);
}

/** Whether a server may have its image where it is: a rebuild is no way around the scheduler. Errors: NoValidHost. */
export async function checkImage(core: Core, server: Server): Promise<void> {
  const filters = enabledFilters(core.kernel.settings.compute.enabledFilters).filter(({ onRebuild }) => onRebuild);
  await filtered(core, server, needOf(server), filters);
}

async function filtered(
  core: Core,
  server: Server,
  need: SchedulingRequest["need"],
  filters: readonly Filter[],
): Promise<HostState> {
  const host = hostState(core, await core.driver.hostInfo(), server.id);
  const request: SchedulingRequest = { server, need, group: groupOf(core, server) };
  for (const filter of filters) {
    const objection = filter.objection(request, host);
    const about = { host: host.host, server: server.id };
    core.kernel.tracer.note("scheduler", `${filter.name}: ${objection ?? "passes"}`, about);
    if (objection !== null) throw new NoValidHost();
  }
  return host;
}

function groupOf(core: Core, server: Server): SchedulingRequest["group"] {
  const group = server.groupId === null ? undefined : core.groups.get(server.groupId);
  if (group === undefined) return null;
  const rules = JSON.parse(group.rules) as { max_server_per_host?: number };
  return {
    policy: group.policy,
    members: core.servers.groupMembers(group.id),
    maxPerHost: rules.max_server_per_host ?? 1,
  };
}
