import { badRequest } from "../../../kernel/errors.ts";
import type { Server } from "../store/servers.ts";

type Key = (server: Server) => string | number | null;

const KEYS: Readonly<Record<string, Key>> = {
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
};

/** Whether that is the order of `sortServers` without a wish, which the store can give a page of. */
export const isNewestFirst = (keys: readonly string[], directions: readonly string[]): boolean =>
  keys.every((key) => key === "created_at") && directions.every((direction) => direction === "desc");

/** In place; newest first by default. Errors: 400 for an unknown key or direction. */
export function sortServers(servers: Server[], keys: readonly string[], directions: readonly string[]): void {
  const wanted = keys.length === 0 ? ["created_at"] : keys;
  const order = wanted.map((name, index) => {
    const key = Object.hasOwn(KEYS, name) ? KEYS[name] : undefined;
    if (key === undefined) throw badRequest(`Sort key supplied was not valid: ${name}`);
    const direction = directions[index] ?? directions.at(-1) ?? "desc";
    return { key, sign: direction === "asc" ? 1 : -1 };
  });
  const lastSign = order.at(-1)?.sign ?? -1;
  servers.sort((a, b) => {
    for (const { key, sign } of order) {
      const left = key(a);
      const right = key(b);
      if (left === right) continue;
      if (left === null) return -sign;
      if (right === null) return sign;
      return sign * (left < right ? -1 : 1);
    }
    return lastSign * (a.number - b.number);
  });
}
