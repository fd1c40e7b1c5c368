import { badRequest, forbidden } from "../../../kernel/errors.ts";
import type { Server } from "../store/servers.ts";
import { IGNORED_SORT_KEYS, type SORT_KEYS } from "../values/sort-keys.ts";

type Key = (server: Server) => string | number | null;

const KEYS = {
  access_ip_v4: (s) => s.accessIpV4,
  access_ip_v6: (s) => s.accessIpV6,
  auto_disk_config: (s) => s.diskConfig,
  availability_zone: (s) => s.availabilityZone,
  config_drive: (s) => s.configDrive,
  created_at: (s) => s.createdAt,
  display_description: (s) => s.description,
  display_name: (s) => s.name,
  host: (s) => s.host,
  hostname: (s) => s.hostname,
  image_ref: (s) => s.imageId,
  instance_type_id: (s) => s.flavor.id,
  kernel_id: (s) => s.imageProperties.kernel_id ?? null,
  key_name: (s) => s.keyName,
  launch_index: (s) => s.launchIndex,
  launched_at: (s) => s.launchedAt,
  locked: (s) => (s.lockedBy === null ? 0 : 1),
  locked_by: (s) => s.lockedBy,
  node: (s) => s.host,
  power_state: (s) => s.powerState,
  progress: (s) => s.progress,
  project_id: (s) => s.projectId,
  ramdisk_id: (s) => s.imageProperties.ramdisk_id ?? null,
  root_device_name: (s) => s.rootDeviceName,
  task_state: (s) => s.taskState,
  terminated_at: (s) => s.terminatedAt,
  updated_at: (s) => s.updatedAt,
  user_id: (s) => s.userId,
  uuid: (s) => s.id,
  vm_state: (s) => s.vmState,
} as const satisfies Record<(typeof SORT_KEYS)[number] | "locked", Key>;

/** One key of the order, with 1 for ascending and -1 for descending. */
interface Sort {
  key: string;
  sign: 1 | -1;
}

/**
 * What is to be sorted by: newest first by default; missing directions are the first one's, as in nova/db/utils.py process_sort_params.
 * Errors: 400 for a direction that is none, or one too many; 403 for keys that are an administrator's.
 */
export function sortOf(
  keys: readonly string[],
  directions: readonly string[],
  rules: { isAdmin: boolean; ignoresLocked: boolean },
): Sort[] {
  const wantedKeys = [...keys];
  const wantedDirections = [...directions];
  for (const key of keys) {
    if (!rules.isAdmin && (key === "host" || key === "node")) {
      throw forbidden(`Only administrators can sort servers by ${key}`);
    }
    if (!IGNORED_SORT_KEYS.includes(key) || (key === "locked" && !rules.ignoresLocked)) continue;
    const index = wantedKeys.indexOf(key);
    wantedKeys.splice(index, 1);
    wantedDirections.splice(index, 1);
  }
  if (keys.length === 0) wantedKeys.push("created_at");
  if (directions.length === 0) wantedDirections.push("desc");
  if (wantedDirections.some((direction) => direction !== "asc" && direction !== "desc")) {
    throw badRequest("Invalid input received: Unknown sort direction, must be 'desc' or 'asc'");
  }
  // Of a key that was ignored, the direction that everything has by default is left.
  if (wantedDirections.length > Math.max(1, wantedKeys.length)) {
    throw badRequest("Invalid input received: Sort direction size exceeds sort key size");
  }
  const [first = "desc"] = wantedDirections;
  const signOf = (direction: string) => (direction === "asc" ? 1 : -1);
  return [
    ...wantedKeys.map((key, index) => ({ key, sign: signOf(wantedDirections[index] ?? first) }) as const),
    { key: "created_at", sign: signOf(first) },
  ];
}

/** Whether the store can give a page in this order. */
export const isNewestFirst = (sort: readonly Sort[]): boolean =>
  sort.every(({ key, sign }) => key === "created_at" && sign === -1);

/** Compares two servers by it; never 0 for two. */
export function orderOf(sort: readonly Sort[]): (a: Server, b: Server) => number {
  const order = sort.flatMap(({ key: name, sign }) => {
    const key: Key | undefined = Object.hasOwn(KEYS, name) ? (KEYS as Record<string, Key>)[name] : undefined;
    return key === undefined ? [] : [{ key, sign }];
  });
  const lastSign = order.at(-1)?.sign ?? -1;
  return (a, b) => {
    for (const { key, sign } of order) {
      const left = key(a);
      const right = key(b);
      if (left === right) continue;
      if (left === null) return -sign;
      if (right === null) return sign;
      return sign * (left < right ? -1 : 1);
    }
    return lastSign * (a.number - b.number);
  };
}
