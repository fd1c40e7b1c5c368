import type { NetworkStore } from "./store.ts";

/** Of the things, those that a policy shares with the project or with everybody. */
export function sharedAmong(
  { rbac }: Pick<NetworkStore, "rbac">,
  project: string,
  ids: readonly string[],
): ReadonlySet<string> {
  const shares = rbac.select(
    "action = 'access_as_shared' AND target_project IN ('*', ?) AND object_id IN (SELECT value FROM json_each(?))",
    project,
    JSON.stringify(ids),
  );
  return new Set(shares.map((policy) => policy.object_id));
}

/** Whether a network with a subnet of the pool has one of that family that is of no pool, or of another. */
export function sharesNetworks({ subnets }: Pick<NetworkStore, "subnets">, poolId: string, version: 4 | 6): boolean {
  const others = subnets.count(
    `ip_version = ? AND (subnetpool_id IS NULL OR subnetpool_id <> ?)
     AND network_id IN (SELECT network_id FROM network_subnets WHERE subnetpool_id = ?)`,
    version,
    poolId,
    poolId,
  );
  return others > 0;
}

/** A project's group "default". */
export const defaultGroup = ({ groups }: Pick<NetworkStore, "groups">, projectId: string): string | undefined =>
  groups.find({ project_id: projectId, is_default: true })?.id;
