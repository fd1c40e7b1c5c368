import type { QuotaResource } from "../../kernel/quota/quota.ts";
import type { NetworkQuotas } from "./settings.ts";
import type { NetworkStore } from "./store/store.ts";

/** In the order neutron shows them. */
export function quotaResources(store: NetworkStore, limits: NetworkQuotas): QuotaResource[] {
  const owned = (table: { readonly name: string }) => (project: string) => store.projectUse.of(project, table);
  return [
    { name: "network", defaultLimit: limits.network, count: owned(store.networks) },
    { name: "subnet", defaultLimit: limits.subnet, count: owned(store.subnets) },
    { name: "subnetpool", defaultLimit: limits.subnetpool, count: owned(store.subnetPools) },
    { name: "port", defaultLimit: limits.port, count: owned(store.ports) },
    { name: "router", defaultLimit: limits.router, count: owned(store.routers) },
    { name: "floatingip", defaultLimit: limits.floatingip, count: owned(store.floatingIps) },
    { name: "rbac_policy", defaultLimit: limits.rbacPolicy, count: owned(store.rbac) },
    { name: "security_group", defaultLimit: limits.securityGroup, count: owned(store.groups) },
    { name: "security_group_rule", defaultLimit: limits.securityGroupRule, count: owned(store.rules) },
  ];
}
