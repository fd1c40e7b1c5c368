import type { PortDeclaration, SettingsDeclaration } from "../../kernel/config/declaration.ts";
import type { Resolver } from "../../kernel/config/resolve.ts";
import type { Settings } from "../../kernel/config/settings.ts";
import { files, variables } from "./variables.ts";

export interface ComputeSettings {
  /** nova [DEFAULT] cpu_allocation_ratio */
  readonly cpuAllocationRatio: number;
  /** nova [DEFAULT] ram_allocation_ratio */
  readonly ramAllocationRatio: number;
  /** nova [DEFAULT] disk_allocation_ratio */
  readonly diskAllocationRatio: number;
  /** nova [DEFAULT] reserved_host_cpus */
  readonly reservedHostCpus: number;
  /** nova [DEFAULT] reserved_host_memory_mb, MiB. */
  readonly reservedHostMemoryMb: number;
  /** nova [DEFAULT] reserved_host_disk_mb, MiB. */
  readonly reservedHostDiskMb: number;
  /** LIBVIRT_CPU_MODE */
  readonly libvirtCpuMode: "custom" | "host-model" | "host-passthrough" | "maximum" | "none";
  /** LIBVIRT_CPU_MODEL: only with mode custom. */
  readonly libvirtCpuModel: string;
  /** NOVA_INSTANCES_PATH (INSTANCES_PATH) */
  readonly instancesPath: string;
  /** INSTANCE_NAME_PREFIX: `instance-` makes instance-0000000a. */
  readonly instanceNamePrefix: string;
  /** FORCE_CONFIG_DRIVE */
  readonly forceConfigDrive: boolean;
  /** NOVA_ALLOW_MOVE_TO_SAME_HOST */
  readonly allowResizeToSameHost: boolean;
  /** NOVA_VNC_ENABLED */
  readonly vncEnabled: boolean;
  /** NOVA_SERIAL_ENABLED */
  readonly serialEnabled: boolean;
  /** NOVNCPROXY_URL: `http://HOST:6080/vnc_lite.html`. */
  readonly noVncProxyUrl: string;
  /** DEFAULT_INSTANCE_TYPE, or null (then m1.nano and m1.micro are made too, as with tempest). */
  readonly defaultInstanceType: string | null;
  /** nova [DEFAULT] default_availability_zone, internal_service_availability_zone */
  readonly defaultAvailabilityZone: string;
  /** nova [DEFAULT] metadata/config: dhcp_domain, guests' domain name; may be empty. */
  readonly dhcpDomain: string;
  /** nova [DEFAULT] reclaim_instance_interval, seconds; 0 deletes at once. */
  readonly reclaimInstanceInterval: number;
  /** nova [DEFAULT] shelved_offload_time, seconds; 0 offloads at once, -1 never. */
  readonly shelvedOffloadTime: number;
  /** nova [DEFAULT] resume_guests_state_on_host_boot */
  readonly resumeGuestsOnBoot: boolean;
  /** nova [DEFAULT] max_concurrent_builds */
  readonly maxConcurrentBuilds: number;
  /** nova [api] max_limit: the most items of one list page. */
  readonly maxLimit: number;
  /** nova [DEFAULT] shutdown_timeout, seconds a guest may take for ACPI power-off. */
  readonly shutdownTimeout: number;
  /** nova [scheduler_filter] / [filter_scheduler] enabled_filters, empty for nova's own list. */
  readonly enabledFilters: readonly string[];
  /** nova [api] vendordata_jsonfile_path, or null. */
  readonly vendordataJsonFile: string | null;
  readonly quotas: ComputeQuotas;
}

/** nova [quota]; -1 is unlimited. */
export interface ComputeQuotas {
  readonly instances: number;
  readonly cores: number;
  /** MiB */
  readonly ram: number;
  readonly metadataItems: number;
  readonly injectedFiles: number;
  readonly injectedFileContentBytes: number;
  readonly injectedFilePathLength: number;
  readonly keyPairs: number;
  readonly serverGroups: number;
  readonly serverGroupMembers: number;
}

declare module "../../kernel/config/settings.ts" {
  interface Settings {
    readonly compute: ComputeSettings;
  }
  interface PortSettings {
    /** NOVA_SERVICE_PORT (8774) */
    readonly compute: number;
    /** METADATA_SERVICE_PORT (8775) */
    readonly metadata: number;
    /** NOVNCPROXY_PORT (6080) */
    readonly noVnc: number;
    /** SERIALPROXY_PORT (6083) */
    readonly serial: number;
  }
}

/** Whether somebody answers what guests ask of 169.254.169.254. */
export const isMetadataServed = ({ enabledServices }: Settings): boolean => enabledServices.includes("n-api-meta");

/** Whether VNC consoles can be opened in a browser; without the proxy a guest has its screen all the same. */
export const isVncProxied = ({ compute, enabledServices }: Settings): boolean =>
  compute.vncEnabled && enabledServices.includes("n-novnc");

export const settings: SettingsDeclaration = {
  groups: [{ title: "Compute", variables }],
  files,
  directories: ["NOVA_INSTANCES_PATH"],
  newDefaults: "NOVA_ENFORCE_NEW_DEFAULTS",
  ports: {
    compute: {
      variable: "NOVA_SERVICE_PORT",
      what: "compute",
      ifTaken: "that API is only on the main port then",
      classic: true,
    },
    metadata: {
      variable: "METADATA_SERVICE_PORT",
      what: "metadata",
      ifTaken: "guests are not affected: they ask at 169.254.169.254",
      classic: true,
      isOpen: isMetadataServed,
    },
    noVnc: consolePort("VNC", "NOVNCPROXY_PORT", isVncProxied),
    serial: consolePort("serial", "SERIALPROXY_PORT", ({ compute }) => compute.serialEnabled),
  },
  build: (r, path) => ({ compute: build(r, path) }),
};

function consolePort(
  kind: string,
  variable: "NOVNCPROXY_PORT" | "SERIALPROXY_PORT",
  isOpen: (settings: Settings) => boolean,
): PortDeclaration {
  const ifTaken = `they cannot be opened; choose another ${variable}`;
  return { variable, what: `${kind} consoles`, ifTaken, classic: false, isOpen };
}

function build(r: Resolver, path: (text: string) => string): ComputeSettings {
  const filters = r.option("nova/filter_scheduler/enabled_filters");
  return {
    cpuAllocationRatio: r.option("nova/DEFAULT/cpu_allocation_ratio"),
    ramAllocationRatio: r.option("nova/DEFAULT/ram_allocation_ratio"),
    diskAllocationRatio: r.option("nova/DEFAULT/disk_allocation_ratio"),
    reservedHostCpus: r.option("nova/DEFAULT/reserved_host_cpus"),
    reservedHostMemoryMb: r.option("nova/DEFAULT/reserved_host_memory_mb"),
    reservedHostDiskMb: r.option("nova/DEFAULT/reserved_host_disk_mb"),
    libvirtCpuMode: r.value("LIBVIRT_CPU_MODE"),
    libvirtCpuModel: r.value("LIBVIRT_CPU_MODEL"),
    instancesPath: path(r.value("NOVA_INSTANCES_PATH")),
    instanceNamePrefix: r.value("INSTANCE_NAME_PREFIX"),
    forceConfigDrive: r.value("FORCE_CONFIG_DRIVE"),
    allowResizeToSameHost: r.value("NOVA_ALLOW_MOVE_TO_SAME_HOST"),
    vncEnabled: r.value("NOVA_VNC_ENABLED"),
    serialEnabled: r.value("NOVA_SERIAL_ENABLED"),
    noVncProxyUrl: r.value("NOVNCPROXY_URL"),
    defaultInstanceType: r.value("DEFAULT_INSTANCE_TYPE"),
    defaultAvailabilityZone: r.option("nova/DEFAULT/default_availability_zone"),
    dhcpDomain: r.option("nova/DEFAULT/dhcp_domain"),
    shelvedOffloadTime: r.option("nova/DEFAULT/shelved_offload_time"),
    reclaimInstanceInterval: r.option("nova/DEFAULT/reclaim_instance_interval"),
    resumeGuestsOnBoot: r.option("nova/DEFAULT/resume_guests_state_on_host_boot"),
    maxConcurrentBuilds: r.option("nova/DEFAULT/max_concurrent_builds"),
    maxLimit: r.option("nova/api/max_limit"),
    shutdownTimeout: r.option("nova/DEFAULT/shutdown_timeout"),
    enabledFilters: filters.length > 0 ? filters : r.option("nova/DEFAULT/enabled_filters"),
    vendordataJsonFile: r.option("nova/api/vendordata_jsonfile_path"),
    quotas: {
      instances: r.option("nova/quota/instances"),
      cores: r.option("nova/quota/cores"),
      ram: r.option("nova/quota/ram"),
      metadataItems: r.option("nova/quota/metadata_items"),
      injectedFiles: r.option("nova/quota/injected_files"),
      injectedFileContentBytes: r.option("nova/quota/injected_file_content_bytes"),
      injectedFilePathLength: r.option("nova/quota/injected_file_path_length"),
      keyPairs: r.option("nova/quota/key_pairs"),
      serverGroups: r.option("nova/quota/server_groups"),
      serverGroupMembers: r.option("nova/quota/server_group_members"),
    },
  };
}
