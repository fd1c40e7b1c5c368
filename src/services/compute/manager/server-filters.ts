import { badRequest } from "../../../kernel/errors.ts";
import { compilePattern, type Pattern } from "../../../kernel/text/pattern.ts";
import type { NetworkFacade } from "../../network/facade.ts";
import { isTrue } from "../schemas/common.ts";
import { statesOfStatus } from "../states.ts";
import type { Server } from "../store/servers.ts";

type Test = (server: Server) => boolean;
type Build = (value: string, services: { network(): NetworkFacade }) => Test;

const equal =
  (pick: (server: Server) => unknown): Build =>
  (value) =>
  (server) =>
    String(pick(server) ?? "") === value;
/** nova matches names as regular expressions of its database. */
const regexp =
  (pick: (server: Server) => string | null): Build =>
  (value) => {
    const expression = patternOf(value, { ignoreCase: true });
    return (server) => expression.test(pick(server) ?? "");
  };

/** Errors: 400. */
function patternOf(value: string, options: { ignoreCase?: boolean } = {}): Pattern {
  const pattern = compilePattern(value, options);
  if (pattern === null) throw badRequest(`Invalid filter value: ${value} is not a regular expression.`);
  return pattern;
}

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
  status: (value) => {
    const states = statesOfStatus(value) ?? [];
    return (server) => states.some(({ vmState, matches }) => vmState === server.vmState && matches(server.taskState));
  },
  vm_state: equal((s) => s.vmState),
  task_state: equal((s) => s.taskState),
  power_state: equal((s) => s.powerState),
  image: equal((s) => s.imageId),
  image_ref: equal((s) => s.imageId),
  flavor: equal((s) => s.flavor.id),
  instance_type_id: equal((s) => s.flavor.id),
  host: equal((s) => s.host),
  node: equal((s) => s.host),
  uuid: (value) => {
    const ids = new Set(list(value));
    return (server) => ids.has(server.id);
  },
  user_id: equal((s) => s.userId),
  project_id: project,
  tenant_id: project,
  key_name: equal((s) => s.keyName),
  reservation_id: equal((s) => s.reservationId),
  availability_zone: equal((s) => s.availabilityZone),
  launch_index: equal((s) => s.launchIndex),
  root_device_name: equal((s) => s.rootDeviceName),
  kernel_id: equal((s) => s.imageProperties.kernel_id),
  ramdisk_id: equal((s) => s.imageProperties.ramdisk_id),
  locked_by: equal((s) => s.lockedBy),
  progress: equal((s) => s.progress),
  access_ip_v4: equal((s) => s.accessIpV4),
  access_ip_v6: equal((s) => s.accessIpV6),
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

/** One test made of all filters; unknown ones are ignored. */
export function matcher(filters: ReadonlyMap<string, string>, services: { network(): NetworkFacade }): Test {
  const tests = [...filters].flatMap(([key, value]) =>
    // Own keys only: "constructor" is a parameter anybody may send.
    Object.hasOwn(FILTERS, key) ? (FILTERS[key]?.(value, services) ?? []) : [],
  );
  return (server) => tests.every((passes) => passes(server));
}
