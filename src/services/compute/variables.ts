import { type ConfigurationFiles, own, same } from "../../kernel/config/declaration.ts";
import {
  boolean,
  choice,
  integer,
  list,
  nonEmpty,
  optional,
  path,
  quota,
  ratio,
  text,
  url,
} from "../../kernel/config/types.ts";
import { urlHost } from "../../kernel/config/urls.ts";
import { classicPort, newDefaults, variable } from "../../kernel/config/variable.ts";

/** What it understands of localrc. */
export const variables = {
  LIBVIRT_TYPE: variable({
    type: choice("kvm", "qemu"),
    default: "kvm",
    meaning: "`kvm` uses the processor's virtualisation, `qemu` emulates; falls back to qemu where KVM does not work.",
  }),
  LIBVIRT_CPU_MODE: variable({
    type: choice("custom", "host-model", "host-passthrough", "maximum", "none"),
    default: ({ facts }) => (facts.arch === "aarch64" ? "host-passthrough" : "host-model"),
    derived: "host-model (host-passthrough on aarch64)",
    meaning:
      "Processor that guests see. Emulated ones have no host's to show: with host-… they get LIBVIRT_CPU_MODEL, with `maximum` all that QEMU can, with `none` QEMU's oldest.",
  }),
  LIBVIRT_CPU_MODEL: variable({
    type: text,
    default: "Nehalem",
    meaning:
      "Processor model for LIBVIRT_CPU_MODE=custom, and of emulated guests. Nehalem is x86-64-v2, which today's distributions need.",
  }),
  NOVA_STATE_PATH: variable({
    type: path,
    default: ({ get }) => `${get("DATA_DIR")}/nova`,
    derived: "DATA_DIR/nova",
    meaning: "Folder of compute's own files.",
  }),
  NOVA_INSTANCES_PATH: variable({
    type: path,
    default: ({ get }) => `${get("NOVA_STATE_PATH")}/instances`,
    derived: "NOVA_STATE_PATH/instances",
    aliases: ["INSTANCES_PATH"],
    meaning: "Folder of the guests' disks.",
  }),
  INSTANCE_NAME_PREFIX: variable({
    type: nonEmpty,
    default: "instance-",
    meaning: "Prefix of the guests' libvirt names.",
  }),
  FORCE_CONFIG_DRIVE: variable({ type: boolean, default: "False", meaning: "Give every guest a config drive." }),
  NOVA_ALLOW_MOVE_TO_SAME_HOST: variable({
    type: boolean,
    default: "True",
    meaning: "Resize on the same host, the only one there is.",
  }),
  NOVA_VNC_ENABLED: variable({
    type: boolean,
    default: ({ isEnabled }) => (isEnabled("n-novnc") ? "True" : "False"),
    derived: "True (False without the service n-novnc)",
    meaning: "Give guests a VNC screen. It is shown in a browser where the service n-novnc is enabled.",
  }),
  NOVA_SERIAL_ENABLED: variable({ type: boolean, default: "True", meaning: "Offer serial consoles." }),
  NOVNCPROXY_URL: variable({
    type: url,
    default: ({ get }) =>
      `${get("SERVICE_PROTOCOL")}://${urlHost(get("SERVICE_HOST"))}:${get("NOVNCPROXY_PORT")}/vnc_lite.html`,
    derived: "SERVICE_PROTOCOL://SERVICE_HOST:NOVNCPROXY_PORT/vnc_lite.html",
    meaning: "Address of the VNC console page.",
  }),
  DEFAULT_INSTANCE_TYPE: variable({
    type: optional(nonEmpty),
    default: "",
    meaning: "Flavor of examples; when empty m1.nano and m1.micro are seeded too.",
  }),
  NOVA_SERVICE_PORT: classicPort(8774, "Classic port of compute."),
  METADATA_SERVICE_PORT: classicPort(8775, "Classic port of the metadata service."),
  NOVNCPROXY_PORT: classicPort(6080, "Port of the VNC console in the browser."),
  SERIALPROXY_PORT: classicPort(6083, "Port of the serial console web socket."),
  NOVA_ENFORCE_NEW_DEFAULTS: newDefaults("nova"),
};

/** What it understands of its configuration files. */
const options = {
  "DEFAULT/cpu_allocation_ratio": own(ratio, "4.0", "Virtual CPUs the scheduler gives out per CPU."),
  "DEFAULT/ram_allocation_ratio": own(ratio, "1.0", "Memory the scheduler gives out per memory there is."),
  "DEFAULT/disk_allocation_ratio": own(ratio, "1.0", "Disk the scheduler gives out per disk there is."),
  "DEFAULT/reserved_host_cpus": own(integer(0), 0, "CPUs kept from guests."),
  "DEFAULT/reserved_host_memory_mb": own(integer(0), 512, "MiB of memory kept from guests."),
  "DEFAULT/reserved_host_disk_mb": own(integer(0), 0, "MiB of disk kept from guests."),
  "DEFAULT/default_availability_zone": own(text, "nova", "Availability zone of the host."),
  "DEFAULT/dhcp_domain": own(text, "novalocal", "Domain of guests' host names."),
  "DEFAULT/reclaim_instance_interval": own(integer(0), 0, "Seconds a deleted server can be restored; 0 is none."),
  "DEFAULT/shelved_offload_time": own(
    integer(-1),
    0,
    "Seconds a shelved server's disk stays on the host; 0 is none, -1 for ever.",
  ),
  "DEFAULT/resume_guests_state_on_host_boot": own(boolean, "True", "Start guests that ran before a reboot."),
  "DEFAULT/max_concurrent_builds": own(integer(0), 10, "Servers built at the same time; 0 is no limit."),
  "DEFAULT/shutdown_timeout": own(integer(0), 60, "Seconds a guest may take to power off."),
  "DEFAULT/enabled_filters": own(list, "", "Scheduler filters (older place)."),
  "filter_scheduler/enabled_filters": own(list, "", "Scheduler filters; empty means nova's own list."),
  "api/max_limit": own(integer(1), 1000, "Most items of one list page."),
  "api/vendordata_jsonfile_path": own(optional(path), "", "File of static vendor data."),
  "quota/instances": own(quota, 10, "Servers per project."),
  "quota/cores": own(quota, 20, "Virtual CPUs per project."),
  "quota/ram": own(quota, 51200, "MiB of memory per project."),
  "quota/metadata_items": own(quota, 128, "Metadata items per server."),
  "quota/injected_files": own(quota, 5, "Personality files per server."),
  "quota/injected_file_content_bytes": own(quota, 10240, "Bytes per personality file."),
  "quota/injected_file_path_length": own(quota, 255, "Length of a personality file's path."),
  "quota/key_pairs": own(quota, 100, "Key pairs per user."),
  "quota/server_groups": own(quota, 10, "Server groups per project."),
  "quota/server_group_members": own(quota, 10, "Servers per group."),
  "DEFAULT/force_config_drive": same("FORCE_CONFIG_DRIVE"),
  "DEFAULT/allow_resize_to_same_host": same("NOVA_ALLOW_MOVE_TO_SAME_HOST"),
  "DEFAULT/instances_path": same("NOVA_INSTANCES_PATH"),
  "DEFAULT/state_path": same("NOVA_STATE_PATH"),
  "libvirt/virt_type": same("LIBVIRT_TYPE"),
  "libvirt/cpu_mode": same("LIBVIRT_CPU_MODE"),
  "libvirt/cpu_models": same("LIBVIRT_CPU_MODEL"),
  "libvirt/cpu_model": same("LIBVIRT_CPU_MODEL"),
  "vnc/enabled": same("NOVA_VNC_ENABLED"),
  "vnc/novncproxy_base_url": same("NOVNCPROXY_URL"),
  "serial_console/enabled": same("NOVA_SERIAL_ENABLED"),
  "oslo_policy/enforce_new_defaults": same("NOVA_ENFORCE_NEW_DEFAULTS"),
  "DEFAULT/debug": same("ENABLE_DEBUG_LOG_LEVEL"),
};

/** Where options stood in old releases (their deprecated_group and deprecated_name in nova/conf) → where they stand today. */
const former = {
  ...Object.fromEntries(
    ["instances", "cores", "ram", "metadata_items", "injected_files", "injected_file_content_bytes"]
      .concat("injected_file_path_length", "key_pairs", "server_groups", "server_group_members")
      .map((name) => [`DEFAULT/quota_${name}`, `quota/${name}`]),
  ),
  "DEFAULT/quota_injected_file_path_bytes": "quota/injected_file_path_length",
  "DEFAULT/osapi_max_limit": "api/max_limit",
  "DEFAULT/vendordata_jsonfile_path": "api/vendordata_jsonfile_path",
  "DEFAULT/scheduler_default_filters": "filter_scheduler/enabled_filters",
  "DEFAULT/libvirt_type": "libvirt/virt_type",
  "DEFAULT/libvirt_cpu_mode": "libvirt/cpu_mode",
  "DEFAULT/libvirt_cpu_model": "libvirt/cpu_models",
  "DEFAULT/vnc_enabled": "vnc/enabled",
  "DEFAULT/novncproxy_base_url": "vnc/novncproxy_base_url",
};

export const files: ConfigurationFiles = {
  name: "nova",
  variable: "$NOVA_CONF",
  targets: [/^\$NOVA_(CPU_|API_|COND_|CELLS_)?CONF$|\/nova(-\w+)?\.conf$/],
  options,
  former,
};

type ComputeVariables = typeof variables;

declare module "../../kernel/config/variables.ts" {
  interface ServiceVariables extends ComputeVariables {}
  interface OptionTables {
    nova: typeof options;
  }
}
