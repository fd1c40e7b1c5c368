import { type Microversion, mv } from "../../../kernel/http/microversion.ts";
import type { JsonSchema } from "../../../kernel/http/route.ts";
import { IGNORED_SORT_KEYS, SORT_KEYS } from "../values/sort-keys.ts";
import { boolean, hostname, query, queryInteger, queryString, queryTime } from "./parameter-types.ts";
import { byVersion } from "./servers.ts";

/** What each list takes beside its path, as in nova/api/openstack/compute/schemas of nova 26.2. Before 2.75 most ignore what they do not know. */

const paging = { limit: queryInteger, marker: queryString };
const offset = { limit: queryInteger, offset: queryInteger };
const strictSince = (version: Microversion, since = "2.75") => ({ strict: version >= mv(since) });

const SERVER_FILTERS: readonly string[] = [
  "access_ip_v4",
  "access_ip_v6",
  "all_tenants",
  "auto_disk_config",
  "availability_zone",
  "block_device_mapping",
  "config_drive",
  "created_at",
  "deleted",
  "description",
  "display_description",
  "display_name",
  "flavor",
  "host",
  "hostname",
  "image",
  "image_ref",
  "info_cache",
  "ip",
  "ip6",
  "kernel_id",
  "key_name",
  "launch_index",
  "launched_at",
  "locked_by",
  "metadata",
  "name",
  "node",
  "pci_devices",
  "power_state",
  "progress",
  "project_id",
  "ramdisk_id",
  "reservation_id",
  "root_device_name",
  "security_groups",
  "services",
  "soft_deleted",
  "sort_dir",
  "status",
  "system_metadata",
  "task_state",
  "tenant_id",
  "terminated_at",
  "user_id",
  "uuid",
  "vm_state",
];

export const listServers = byVersion(["2.26", "2.66", "2.73", "2.75"], (version) => {
  const since = (text: string, names: readonly string[]) => (version >= mv(text) ? names : []);
  const names = [
    ...SERVER_FILTERS,
    ...since("2.26", ["tags", "tags-any", "not-tags", "not-tags-any"]),
    ...since("2.73", ["locked"]),
  ];
  const sortKeys = [
    ...since("2.73", ["locked"]),
    ...SORT_KEYS,
    ...(version < mv("2.75") ? IGNORED_SORT_KEYS.filter((key) => key !== "locked" || version < mv("2.73")) : []),
  ];
  const properties: Record<string, JsonSchema> = {
    ...Object.fromEntries(names.map((key) => [key, queryString])),
    ...paging,
    sort_key: { type: "string", enum: sortKeys },
    "changes-since": queryTime,
    ...(version >= mv("2.66") ? { "changes-before": queryTime } : {}),
  };
  // nova names these itself.
  return { ...query(properties, strictSince(version)), patternProperties: { "^_": { type: "array" } } };
});

export const FLAVOR_SORT_KEYS: readonly string[] = [
  "created_at",
  "description",
  "disabled",
  "ephemeral_gb",
  "flavorid",
  "id",
  "is_public",
  "memory_mb",
  "name",
  "root_gb",
  "rxtx_factor",
  "swap",
  "updated_at",
  "vcpu_weight",
  "vcpus",
];

export const listFlavors = byVersion(["2.75"], (version) =>
  query(
    {
      ...paging,
      is_public: queryString,
      minRam: queryString,
      minDisk: queryString,
      sort_key: { type: "string", enum: FLAVOR_SORT_KEYS },
      sort_dir: { type: "string", enum: ["asc", "desc"] },
    },
    strictSince(version),
  ),
);

/** `paged`: the list; one key pair takes only the user. */
const keypairs = (paged: boolean) =>
  byVersion(["2.10", "2.35", "2.75"], (version) =>
    query(
      {
        ...(version >= mv("2.10") ? { user_id: queryString } : {}),
        ...(paged && version >= mv("2.35") ? paging : {}),
      },
      strictSince(version),
    ),
  );
export const listKeypairs = keypairs(true);
export const oneKeypair = keypairs(false);

export const listHypervisors = byVersion(["2.33", "2.53"], (version) => {
  if (version < mv("2.33")) return true;
  if (version < mv("2.53")) return query(paging);
  const properties = { ...paging, hypervisor_hostname_pattern: hostname, with_servers: boolean };
  return query(properties, { strict: true, single: Object.keys(properties) });
});
export const oneHypervisor = byVersion(["2.53"], (version) =>
  version < mv("2.53") ? true : query({ with_servers: boolean }, { strict: true, single: ["with_servers"] }),
);

export const listInstanceActions = byVersion(["2.58", "2.66"], (version) => {
  if (version < mv("2.58")) return true;
  const properties: Record<string, JsonSchema> = {
    ...paging,
    "changes-since": queryTime,
    ...(version >= mv("2.66") ? { "changes-before": queryTime } : {}),
  };
  return query(properties, { strict: true, single: Object.keys(properties) });
});

export const listMigrations = byVersion(["2.59", "2.66", "2.80"], (version) => {
  const filters = ["hidden", "host", "instance_uuid", "source_compute", "status", "migration_type"];
  const single: Record<string, JsonSchema> = {
    ...(version >= mv("2.59") ? { ...paging, "changes-since": queryTime } : {}),
    ...(version >= mv("2.66") ? { "changes-before": queryTime } : {}),
    ...(version >= mv("2.80") ? { user_id: queryString, project_id: queryString } : {}),
  };
  const properties = { ...Object.fromEntries(filters.map((key) => [key, queryString])), ...single };
  return query(properties, { ...strictSince(version, "2.59"), single: Object.keys(single) });
});

const loose = (properties: Record<string, JsonSchema>) =>
  byVersion(["2.75"], (version) => query(properties, strictSince(version)));
export const listServerGroups = loose({ all_projects: queryString, ...offset });
export const listServices = loose({ host: queryString, binary: queryString });
export const showLimits = loose({ tenant_id: queryString });
/** A single user's quotas. */
export const userQuery = loose({ user_id: queryString });
export const listVolumeAttachments = loose(offset);
/** Until 2.35. */
export const listByOffset = query(offset);
export const listSecurityGroups = query({ ...offset, all_tenants: queryString });

/** `list`: all projects', which may be asked in detail. */
const usage = (list: boolean) =>
  byVersion(["2.40", "2.75"], (version) =>
    query(
      {
        start: queryString,
        end: queryString,
        ...(list ? { detailed: queryString } : {}),
        ...(version >= mv("2.40") ? paging : {}),
      },
      strictSince(version),
    ),
  );
export const listUsages = usage(true);
export const showUsage = usage(false);
