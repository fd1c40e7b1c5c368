import { matchesPattern } from "../absent.ts";
import type { ConfigService } from "../post-config.ts";

const quota = (...names: string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [`DEFAULT/quota_${name}`, `quota/${name}`]));

/**
 * Where options stood in old releases (their deprecated_group and deprecated_name in nova's, neutron's and glance's conf/)
 * → where they stand today, both `section/option`.
 */
const former: Readonly<Partial<Record<ConfigService, Readonly<Record<string, string>>>>> = {
  nova: {
    ...quota("instances", "cores", "ram", "metadata_items", "injected_files", "injected_file_content_bytes"),
    ...quota("injected_file_path_length", "key_pairs", "server_groups", "server_group_members"),
    "DEFAULT/quota_injected_file_path_bytes": "quota/injected_file_path_length",
    "DEFAULT/osapi_max_limit": "api/max_limit",
    "DEFAULT/vendordata_jsonfile_path": "api/vendordata_jsonfile_path",
    "DEFAULT/scheduler_default_filters": "filter_scheduler/enabled_filters",
    "DEFAULT/libvirt_type": "libvirt/virt_type",
    "DEFAULT/libvirt_cpu_mode": "libvirt/cpu_mode",
    "DEFAULT/libvirt_cpu_model": "libvirt/cpu_models",
    "DEFAULT/vnc_enabled": "vnc/enabled",
    "DEFAULT/novncproxy_base_url": "vnc/novncproxy_base_url",
  },
  neutron: {
    "DEFAULT/network_device_mtu": "DEFAULT/global_physnet_mtu",
    ...Object.fromEntries(
      ["network", "subnet", "port", "router", "floatingip", "security_group", "security_group_rule"].map((name) => [
        `DEFAULT/quota_${name}`,
        `quotas/quota_${name}`,
      ]),
    ),
  },
  glance: { "DEFAULT/filesystem_store_datadir": "glance_store/filesystem_store_datadir" },
};

/** Today's `section/option` of an option in an old place, or null. */
export function presentPlace(service: ConfigService, section: string, option: string): string | null {
  return former[service]?.[`${section}/${option}`] ?? null;
}

const backend: readonly string[] = [
  "ml2/*",
  "ml2_*/*",
  "agent/*",
  "ovs/*",
  "ovn/*",
  "linux_bridge/*",
  "vxlan/*",
  "sfc/*",
  "flowclassifier/*",
];

/** Whether the option chooses among network back-ends. */
export function isOfNetworkBackend(section: string, option: string): boolean {
  return backend.some((pattern) => matchesPattern(pattern, `${section}/${option}`));
}

/** `section/option` of what one process has no use for and nobody can be misled by: brokers, databases, workers, logs. */
const withoutNotice: readonly string[] = [
  "oslo_messaging_*/*",
  "oslo_concurrency/*",
  "database/*",
  "api_database/*",
  "cache/*",
  "keystone_authtoken/*",
  "service_auth/*",
  "cells/*",
  "*/*workers",
  "*/*_workers",
  "DEFAULT/rpc_*",
  "DEFAULT/transport_url",
  "DEFAULT/rabbit_*",
  "DEFAULT/sql_connection",
  "DEFAULT/*log*",
  "DEFAULT/verbose",
  "*/notification_*",
  "notifications/*",
  "DEFAULT/notify_on_*",
  "DEFAULT/firewall_driver",
  "DEFAULT/allow_overlapping_ips",
  "DEFAULT/enable_isolated_metadata",
  "DEFAULT/network_api_class",
  "DEFAULT/scheduler_driver",
  "DEFAULT/api_rate_limit",
  "*/*metadata_proxy_shared_secret",
  "DEFAULT/vncserver_*",
  "vnc/*server_*",
  "spice/*",
  "DEFAULT/novncproxy_host",
  "DEFAULT/novncproxy_port",
  "DEFAULT/vnc_keymap",
  "DEFAULT/xvpvncproxy_*",
  "DEFAULT/instance_usage_audit*",
  "scheduler/discover_hosts_in_cells_interval",
];

export function isWithoutNotice(section: string, option: string): boolean {
  return withoutNotice.some((pattern) => matchesPattern(pattern, `${section}/${option}`));
}
