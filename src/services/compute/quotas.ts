import type { QuotaResource } from "../../kernel/quota/quota.ts";
import type { ComputeQuotas } from "./settings.ts";
import type { ServerGroupStore } from "./store/server-groups.ts";
import type { ServerStore } from "./store/servers.ts";

/**
 * What is limited. Key pairs are counted per user where they are made; those without `count` are checked per request.
 * The network ones are only shown by old microversions: neutron counts them.
 */
export function quotaResources(
  limits: ComputeQuotas,
  stores: { servers: ServerStore; groups: ServerGroupStore },
): QuotaResource[] {
  const { servers, groups } = stores;
  return [
    { name: "cores", defaultLimit: limits.cores, count: (project) => servers.usage(project).cores },
    { name: "fixed_ips", defaultLimit: -1 },
    { name: "floating_ips", defaultLimit: -1 },
    { name: "injected_file_content_bytes", defaultLimit: limits.injectedFileContentBytes },
    { name: "injected_file_path_bytes", defaultLimit: limits.injectedFilePathLength },
    { name: "injected_files", defaultLimit: limits.injectedFiles },
    { name: "instances", defaultLimit: limits.instances, count: (project) => servers.usage(project).instances },
    { name: "key_pairs", defaultLimit: limits.keyPairs },
    { name: "metadata_items", defaultLimit: limits.metadataItems },
    { name: "ram", defaultLimit: limits.ram, count: (project) => servers.usage(project).ram },
    { name: "security_group_rules", defaultLimit: -1 },
    { name: "security_groups", defaultLimit: -1 },
    { name: "server_group_members", defaultLimit: limits.serverGroupMembers },
    { name: "server_groups", defaultLimit: limits.serverGroups, count: (project) => groups.count(project) },
  ];
}
