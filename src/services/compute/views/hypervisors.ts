import { type Microversion, mv } from "../../../kernel/http/microversion.ts";
import type { HostInfo } from "../driver/driver.ts";
import type { ServiceRow } from "../store/services.ts";

export interface HypervisorState {
  id: number;
  uuid: string;
  info: HostInfo;
  service: ServiceRow;
  used: { vcpus: number; memoryMb: number; diskGb: number };
  running: number;
  workload: number;
  /** name and uuid of its servers; null when they are not asked for. */
  servers: { name: string; uuid: string }[] | null;
}

const idOf = (state: HypervisorState, version: Microversion) => (version >= mv("2.53") ? state.uuid : state.id);

export const hypervisorSummary = (state: HypervisorState, version: Microversion) => ({
  id: idOf(state, version),
  hypervisor_hostname: state.info.hostname,
  state: state.service.forced_down === 1 ? "down" : "up",
  status: state.service.disabled === 1 ? "disabled" : "enabled",
  ...(state.servers === null || (version >= mv("2.53") && version < mv("2.75") && state.servers.length === 0)
    ? {}
    : { servers: state.servers }),
});

export function hypervisorDetail(state: HypervisorState, version: Microversion) {
  const { info, service } = state;
  const { servers, ...summary } = hypervisorSummary(state, version) as ReturnType<typeof hypervisorSummary> & {
    servers?: unknown;
  };
  return {
    ...summary,
    hypervisor_type: info.hypervisorType,
    hypervisor_version: info.hypervisorVersion,
    host_ip: info.hostIp,
    service: {
      id: version >= mv("2.53") ? service.uuid : service.id,
      host: service.host,
      disabled_reason: service.disabled_reason,
    },
    ...(version < mv("2.88")
      ? { ...capacity(state), cpu_info: version >= mv("2.28") ? cpuInfo(info) : JSON.stringify(cpuInfo(info)) }
      : { uptime: info.uptime }),
    ...(servers === undefined ? {} : { servers }),
  };
}

export const hypervisorStatistics = (state: HypervisorState) => ({ count: 1, ...capacity(state) });

function capacity({ info, used, running, workload }: HypervisorState) {
  // The host's own needs count as used, as nova's resource tracker has it.
  const memoryUsed = used.memoryMb + 512;
  return {
    vcpus: info.vcpus,
    memory_mb: info.memoryMb,
    local_gb: info.diskGb,
    vcpus_used: used.vcpus,
    memory_mb_used: memoryUsed,
    local_gb_used: used.diskGb,
    free_ram_mb: info.memoryMb - memoryUsed,
    free_disk_gb: info.diskGb - used.diskGb,
    current_workload: workload,
    running_vms: running,
    disk_available_least: info.diskFreeGb,
  };
}

function cpuInfo({ cpuInfo: { arch, model, vendor, features, topology } }: HostInfo) {
  return { arch, model, vendor, features, topology };
}
