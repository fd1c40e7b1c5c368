import type { ValueType } from "../types.ts";
import { boolean, integer, list, optional, path, quota, ratio, regularExpression, size, text } from "../types.ts";

const own = <T>(type: ValueType<T>, value: string | number, meaning: string) => ({
  type,
  default: String(value),
  meaning,
});
const same = (variable: string) => ({ variable });

const nova = {
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

const neutron = {
  "DEFAULT/global_physnet_mtu": own(integer(576, 65535), 1500, "MTU of networks."),
  "DEFAULT/dns_domain": own(text, "openstacklocal.", "Domain of ports' names."),
  "DEFAULT/dhcp_lease_duration": own(integer(-1), 86400, "Seconds of a DHCP lease; -1 is for ever."),
  "DEFAULT/max_allowed_address_pair": own(integer(0), 10, "Allowed address pairs per port."),
  "DEFAULT/max_routes": own(integer(0), 30, "Extra routes per router."),
  "DEFAULT/max_dns_nameservers": own(integer(0), 5, "Name servers per subnet."),
  "DEFAULT/max_subnet_host_routes": own(integer(0), 20, "Host routes per subnet."),
  "quotas/quota_network": own(quota, 100, "Networks per project."),
  "quotas/quota_subnet": own(quota, 100, "Subnets per project."),
  "quotas/quota_subnetpool": own(quota, -1, "Subnet pools per project."),
  "quotas/quota_port": own(quota, 500, "Ports per project."),
  "quotas/quota_router": own(quota, 10, "Routers per project."),
  "quotas/quota_floatingip": own(quota, 50, "Floating IPs per project."),
  "quotas/quota_security_group": own(quota, 10, "Security groups per project."),
  "quotas/quota_security_group_rule": own(quota, 100, "Security group rules per project."),
  "quotas/quota_rbac_policy": own(quota, 10, "RBAC policies per project."),
  "DEFAULT/dnsmasq_dns_servers": same("DHCP_DNS_SERVERS"),
  "oslo_policy/enforce_new_defaults": same("NEUTRON_ENFORCE_NEW_DEFAULTS"),
  "DEFAULT/debug": same("ENABLE_DEBUG_LOG_LEVEL"),
};

const cinder = {
  "DEFAULT/quota_groups": own(quota, 10, "Volume groups per project."),
  "DEFAULT/quota_gigabytes": own(quota, 1000, "GiB of volumes and snapshots per project."),
  "DEFAULT/quota_backup_gigabytes": own(quota, 1000, "GiB of backups per project."),
  "DEFAULT/per_volume_size_limit": own(quota, -1, "GiB of one volume."),
  "DEFAULT/osapi_max_limit": own(integer(1), 1000, "Most items of one list page."),
  "DEFAULT/max_over_subscription_ratio": own(ratio, "20.0", "Thin volumes promised per space there is."),
  "DEFAULT/quota_volumes": same("CINDER_QUOTA_VOLUMES"),
  "DEFAULT/quota_snapshots": same("CINDER_QUOTA_SNAPSHOTS"),
  "DEFAULT/quota_backups": same("CINDER_QUOTA_BACKUPS"),
  "DEFAULT/volume_clear": same("CINDER_VOLUME_CLEAR"),
  "lvmdriver-1/volume_clear": same("CINDER_VOLUME_CLEAR"),
  "lvmdriver-1/lvm_type": same("CINDER_LVM_TYPE"),
  "oslo_policy/enforce_new_defaults": same("CINDER_ENFORCE_NEW_DEFAULTS"),
  "DEFAULT/debug": same("ENABLE_DEBUG_LOG_LEVEL"),
};

const glance = {
  "DEFAULT/image_size_cap": own(size, 2 ** 40, "Longest image, bytes."),
  "DEFAULT/limit_param_default": own(integer(1), 25, "Items of a list page when the client names no limit."),
  "DEFAULT/api_limit_max": own(integer(1), 1000, "Most items of one list page."),
  "glance_store/filesystem_store_datadir": same("GLANCE_IMAGE_DIR"),
  "oslo_policy/enforce_new_defaults": same("GLANCE_ENFORCE_NEW_DEFAULTS"),
  "DEFAULT/debug": same("ENABLE_DEBUG_LOG_LEVEL"),
};

const keystone = {
  "token/expiration": own(integer(1), 3600, "Seconds a token is good for."),
  "security_compliance/password_regex": own(optional(regularExpression), "", "What a new password must match."),
  "security_compliance/lockout_failure_attempts": same("KEYSTONE_LOCKOUT_FAILURE_ATTEMPTS"),
  "security_compliance/lockout_duration": same("KEYSTONE_LOCKOUT_DURATION"),
  "security_compliance/unique_last_password_count": same("KEYSTONE_UNIQUE_LAST_PASSWORD_COUNT"),
  "oslo_policy/enforce_new_defaults": same("KEYSTONE_ENFORCE_NEW_DEFAULTS"),
  "DEFAULT/debug": same("ENABLE_DEBUG_LOG_LEVEL"),
};

/** `section/option` per service. */
export const optionTables = { nova, neutron, cinder, glance, keystone };

type Tables = typeof optionTables;
type Joined = { [Service in keyof Tables]: `${Service}/${keyof Tables[Service] & string}` }[keyof Tables];
type Definition<Key> = Key extends `${infer Service extends keyof Tables}/${infer Option}`
  ? Tables[Service][Option & keyof Tables[Service]]
  : never;
type TypeOf<D> = D extends { readonly type: ValueType<infer T> } ? T : never;
/** `service/section/option` of the options that are settings of their own. */
export type OptionName = { [Key in Joined]: Definition<Key> extends { readonly type: unknown } ? Key : never }[Joined];
export type OptionValue<Name extends OptionName> = TypeOf<Definition<Name>>;
