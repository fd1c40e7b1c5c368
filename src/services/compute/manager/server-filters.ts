import { badRequest } from "../../../kernel/errors.ts";
import { compilePattern, type Pattern } from "../../../kernel/text/pattern.ts";
import type { NetworkFacade } from "../../network/facade.ts";
import type { Server } from "../store/servers.ts";
import { isTrue } from "../values/boolean.ts";

type Test = (server: Server) => boolean;
type Build = (value: string, services: { network(): NetworkFacade }) => Test;

const equal =
  (pick: (server: Server) => unknown): Build =>
  (value) =>
  (server) =>
    String(pick(server) ?? "") === value;
/** nova matches most of what it keeps as regular expressions of its database: what is not there matches none. */
const regexp =
  (pick: (server: Server) => string | number | null | undefined): Build =>
  (value) => {
    const expression = patternOf(value, { ignoreCase: true });
    return (server) => {
      const found = pick(server) ?? null;
      return found !== null && expression.test(String(found));
    };
  };

/** Errors: 400. */
function patternOf(value: string, options: { ignoreCase?: boolean } = {}): Pattern {
  const pattern = compilePattern(value, options);
  if (pattern === null) throw badRequest(`Invalid filter value: ${value} is not a regular expression.`);
  return pattern;
}

/** As the database shows it: "2026-11-30 18:06:41". */
const timeText = (time: number | null): string | null =>
  time === null ? null : new Date(time).toISOString().slice(0, 19).replace("T", " ");
const list = (value: string): string[] => value.split(",").filter((item) => item !== "");

const name = regexp((s) => s.name);
const project = equal((s) => s.projectId);
const description = regexp((s) => s.description);

/** Filter → what it asks of a server. Those for admins only are marked in ADMIN_FILTERS. */
const FILTERS: Readonly<Record<string, Build>> = {
  name,
  display_name: name,
  description,
  display_description: description,
  hostname: regexp((s) => s.hostname),
  vm_state: equal((s) => s.vmState),
  task_state: equal((s) => s.taskState),
  power_state: regexp((s) => s.powerState),
  image: equal((s) => s.imageId),
  image_ref: equal((s) => s.imageId),
  flavor: equal((s) => s.flavor.id),
  instance_type_id: equal((s) => s.flavor.id),
  host: equal((s) => s.host),
  node: regexp((s) => s.host),
  uuid: (value) => {
    const ids = new Set(list(value));
    return (server) => ids.has(server.id);
  },
  user_id: equal((s) => s.userId),
  project_id: project,
  tenant_id: project,
  key_name: regexp((s) => s.keyName),
  reservation_id: regexp((s) => s.reservationId),
  availability_zone: regexp((s) => s.availabilityZone),
  launch_index: regexp((s) => s.launchIndex),
  root_device_name: regexp((s) => s.rootDeviceName),
  kernel_id: regexp((s) => s.imageProperties.kernel_id),
  ramdisk_id: regexp((s) => s.imageProperties.ramdisk_id),
  locked_by: regexp((s) => s.lockedBy),
  progress: regexp((s) => s.progress),
  access_ip_v4: regexp((s) => s.accessIpV4),
  access_ip_v6: regexp((s) => s.accessIpV6),
  created_at: regexp((s) => timeText(s.createdAt)),
  launched_at: regexp((s) => timeText(s.launchedAt)),
  terminated_at: regexp((s) => timeText(s.terminatedAt)),
  config_drive: (value) => (server) => (server.configDrive !== "") === isTrue(value),
  auto_disk_config: (value) => (server) => (server.diskConfig === "AUTO") === isTrue(value),
  locked: (value) => (server) => (server.lockedBy !== null) === isTrue(value),
  soft_deleted: (value) => (server) => (server.vmState === "soft-delete") === isTrue(value),
  tags: (value) => {
    const wanted = list(value);
    return (server) => wanted.every((tag) => server.tags.includes(tag));
  },
  "tags-any": (value) => {
    const wanted = list(value);
    return (server) => wanted.some((tag) => server.tags.includes(tag));
  },
  "not-tags": (value) => {
    const wanted = list(value);
    return (server) => !wanted.every((tag) => server.tags.includes(tag));
  },
  "not-tags-any": (value) => {
    const wanted = list(value);
    return (server) => !wanted.some((tag) => server.tags.includes(tag));
  },
  ip: addressFilter,
  ip6: addressFilter,
};

function addressFilter(value: string): Test {
  const expression = patternOf(value);
  return (server) => server.vifs.some(({ fixedIps }) => fixedIps.some(({ address }) => expression.test(address)));
}

/** What users without admin rights may filter on, by the version that brought it (nova's _get_server_search_options). */
export const USER_FILTERS: readonly string[] = [
  "reservation_id",
  "name",
  "status",
  "image",
  "flavor",
  "ip",
  "ip6",
  "changes-since",
  "all_tenants",
];
export const USER_FILTERS_2_26: readonly string[] = ["tags", "tags-any", "not-tags", "not-tags-any"];
export const USER_FILTERS_2_83: readonly string[] = [
  "availability_zone",
  "config_drive",
  "key_name",
  "created_at",
  "launched_at",
  "terminated_at",
  "power_state",
  "task_state",
  "vm_state",
  "progress",
  "user_id",
];

/** Parameters that name tables joined to nova's instances, and are refused: JOINED_TABLE_QUERY_PARAMS_SERVERS. */
export const JOINED_TABLES: readonly string[] = [
  "block_device_mapping",
  "services",
  "metadata",
  "system_metadata",
  "info_cache",
  "security_groups",
  "pci_devices",
];

/** One test made of all filters; unknown ones are ignored. Errors: 400. */
export function matcher(filters: ReadonlyMap<string, string>, services: { network(): NetworkFacade }): Test {
  for (const key of filters.keys()) {
    if (JOINED_TABLES.includes(key) || key.startsWith("_")) throw badRequest(`Invalid filter field: ${key}.`);
  }
  const tests = [...filters].flatMap(([key, value]) =>
    // Own keys only: "constructor" is a parameter anybody may send.
    Object.hasOwn(FILTERS, key) ? (FILTERS[key]?.(value, services) ?? []) : [],
  );
  return (server) => tests.every((passes) => passes(server));
}
