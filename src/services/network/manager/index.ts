import type { Kernel } from "../../../kernel/module.ts";
import { Quotas } from "../../../kernel/quota/quota.ts";
import type { NetworkDriver } from "../driver/driver.ts";
import { quotaResources } from "../quotas.ts";
import { NetworkStore } from "../store/store.ts";
import { AddressGroupManager } from "./address-groups.ts";
import { AddressScopeManager } from "./address-scopes.ts";
import { AgentManager } from "./agents.ts";
import { Applier } from "./apply.ts";
import { BulkCreates } from "./bulk-creates.ts";
import type { Core } from "./core.ts";
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
export interface Managers {
  core: Core;
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
  bulkCreates: BulkCreates;
}

export function createManagers(kernel: Kernel, driver: NetworkDriver): Managers {
  const store = new NetworkStore(kernel.db);
  const applier = new Applier(kernel, store, driver);
  const core: Core = {
    kernel,
    store,
    quotas: new Quotas(kernel.db, "network", quotaResources(store, kernel.settings.network.quotas)),
    dirty: (kind, id) => applier.mark(kind, id),
  };
  const networks = new NetworkManager(core);
  const addressScopes = new AddressScopeManager(core);
  const subnetPools = new SubnetPoolManager(core, addressScopes);
  const subnets = new SubnetManager(core, networks, subnetPools);
  const flavors = new FlavorManager(core);
  const groups = new SecurityGroupManager(core);
  const addressGroups = new AddressGroupManager(core);
  const ports = new PortManager(core, networks, groups);
  const floatingIps = new FloatingIpManager(core, networks, ports);
  const collections = {
    networks,
    subnets,
    subnetPools,
    addressScopes,
    ports,
    routers: new RouterManager(core, networks, subnets, ports, flavors),
    floatingIps,
    groups,
    addressGroups,
    flavors,
    serviceProfiles: new ServiceProfileManager(core),
    rules: new SecurityGroupRuleManager(core, groups, addressGroups),
    rbac: new RbacManager(core),
  };
  return {
    core,
    applier,
    ...collections,
    portForwardings: new PortForwardingManager(core, floatingIps),
    agents: new AgentManager(core),
    bulkCreates: new BulkCreates(core, collections),
  };
}
