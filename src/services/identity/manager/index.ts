import type { Kernel } from "../../../kernel/module.ts";
import { ApplicationCredentials } from "./application-credentials.ts";
import { Core } from "./core.ts";
import { CredentialManager } from "./credentials.ts";
import { DomainConfigs } from "./domain-config.ts";
import { EndpointGroups } from "./endpoint-groups.ts";
import { EndpointManager } from "./endpoints.ts";
import { Grants } from "./grants.ts";
import { GroupManager } from "./groups.ts";
import { UnifiedLimits } from "./limits.ts";
import { PolicyFiles } from "./policies.ts";
import { ProjectManager } from "./projects.ts";
import { RegionManager } from "./regions.ts";
import { RoleManager } from "./role-changes.ts";
import { ServiceManager } from "./services.ts";
import { TrustManager } from "./trusts.ts";
import { UserManager } from "./users.ts";

export type Managers = ReturnType<typeof createManagers>;

/** The managers of one cloud, put together. */
export function createManagers(kernel: Kernel) {
  const core = new Core(kernel);
  const projects = new ProjectManager(core);
  return {
    core,
    projects,
    domainConfigs: new DomainConfigs(core),
    users: new UserManager(core, projects),
    groups: new GroupManager(core, projects),
    roles: new RoleManager(core, projects),
    grants: new Grants(core),
    regions: new RegionManager(core),
    services: new ServiceManager(core),
    endpoints: new EndpointManager(core),
    endpointGroups: new EndpointGroups(core),
    limits: new UnifiedLimits(core),
    policies: new PolicyFiles(core),
    credentials: new CredentialManager(core),
    trusts: new TrustManager(core),
    applicationCredentials: new ApplicationCredentials(core),
  };
}
