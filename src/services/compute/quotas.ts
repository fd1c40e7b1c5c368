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
  const ofServers = (name: "cores" | "instances" | "ram") => ({
    name,
    defaultLimit: limits[name],
    count: (project: string) => servers.usage(project)[name],
    countOf: (project: string, user: string) => servers.usageOfUser(project, user)[name],
  });
  return [
    ofServers("cores"),
    { name: "fixed_ips", defaultLimit: -1 },
    { name: "floating_ips", defaultLimit: -1 },
    { name: "injected_file_content_bytes", defaultLimit: limits.injectedFileContentBytes },
    { name: "injected_file_path_bytes", defaultLimit: limits.injectedFilePathLength },
    { name: "injected_files", defaultLimit: limits.injectedFiles },
    ofServers("instances"),
    { name: "key_pairs", defaultLimit: limits.keyPairs },
    { name: "metadata_items", defaultLimit: limits.metadataItems },
    ofServers("ram"),
    { name: "security_group_rules", defaultLimit: -1 },
    { name: "security_groups", defaultLimit: -1 },
    { name: "server_group_members", defaultLimit: limits.serverGroupMembers },
    {
      name: "server_groups",
      defaultLimit: limits.serverGroups,
      count: (project) => groups.countOf({ project_id: project }),
      countOf: (project, user) => groups.countOf({ project_id: project, user_id: user }),
    },
  ];
}
