import type { Kernel } from "../../../kernel/module.ts";
import { Quotas } from "../../../kernel/quota/quota.ts";
import type { NetworkDriver } from "../driver/driver.ts";
import { quotaResources } from "../quotas.ts";
import { NetworkStore } from "../store/store.ts";
import { AddressGroupManager } from "./address-groups.ts";
import { AddressScopeManager } from "./address-scopes.ts";
import { AgentManager } from "./agents.ts";
import { Applier } from "./apply.ts";
import type { Base } from "./base.ts";
import { FlavorManager, ServiceProfileManager } from "./flavors.ts";
import { FloatingIpManager } from "./floating-ips.ts";
import { NetworkManager } from "./networks.ts";
import { PortForwardingManager } from "./port-forwardings.ts";
import { PortManager } from "./ports.ts";
import { RbacManager } from "./rbac.ts";
import { RouterManager } from "./routers.ts";
import { SecurityGroupRuleManager } from "./security-group-rules.ts";
import { SecurityGroupManager } from "./security-groups.ts";
import { SubnetPoolManager } from "./subnet-pools.ts";
import { SubnetManager } from "./subnets.ts";

/** The managers of one cloud, put together. */
export interface NetworkManagers {
  base: Base;
  applier: Applier;
  networks: NetworkManager;
  subnets: SubnetManager;
  subnetPools: SubnetPoolManager;
  addressScopes: AddressScopeManager;
  ports: PortManager;
  routers: RouterManager;
  floatingIps: FloatingIpManager;
  portForwardings: PortForwardingManager;
  groups: SecurityGroupManager;
  addressGroups: AddressGroupManager;
  flavors: FlavorManager;
  serviceProfiles: ServiceProfileManager;
  rules: SecurityGroupRuleManager;
  rbac: RbacManager;
  agents: AgentManager;
}

export function createManagers(kernel: Kernel, driver: NetworkDriver): NetworkManagers {
  const store = new NetworkStore(kernel.db);
  const applier = new Applier(kernel, store, driver);
  const base: Base = {
    kernel,
    store,
    quotas: new Quotas(kernel.db, "network", quotaResources(store, kernel.settings.network.quotas)),
    dirty: (kind, id) => applier.mark(kind, id),
  };
  const networks = new NetworkManager(base);
  const addressScopes = new AddressScopeManager(base);
  const subnetPools = new SubnetPoolManager(base, addressScopes);
  const subnets = new SubnetManager(base, networks, subnetPools);
  const flavors = new FlavorManager(base);
  const groups = new SecurityGroupManager(base);
  const addressGroups = new AddressGroupManager(base);
  const ports = new PortManager(base, networks, groups);
  const floatingIps = new FloatingIpManager(base, networks, ports);
  return {
    base,
    applier,
    networks,
    subnets,
    subnetPools,
    addressScopes,
    ports,
    routers: new RouterManager(base, networks, subnets, ports, flavors),
    floatingIps,
    portForwardings: new PortForwardingManager(base, floatingIps),
    groups,
    addressGroups,
    flavors,
    serviceProfiles: new ServiceProfileManager(base),
    rules: new SecurityGroupRuleManager(base, groups, addressGroups),
    rbac: new RbacManager(base),
    agents: new AgentManager(base),
  };
}
