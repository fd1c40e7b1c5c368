import { matchesPattern } from "../absent.ts";

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
