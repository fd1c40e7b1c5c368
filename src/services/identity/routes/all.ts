import { forbidden } from "../../../kernel/errors.ts";
import type { AnyRoute } from "../../../kernel/http/route.ts";
import type { IdentityContext } from "../context.ts";
import { EndpointGroups } from "../manager/endpoint-groups.ts";
import { EC2_METHOD } from "../manager/login.ts";
import type { ProjectManager } from "../manager/projects.ts";
import type { UserManager } from "../manager/users.ts";
import { applicationCredentialRoutes } from "./application-credentials.ts";
import { assignmentRoutes } from "./assignments.ts";
import { catalogRoutes } from "./catalog.ts";
import { credentialRoutes } from "./credentials.ts";
import { domainConfigRoutes } from "./domain-config.ts";
import { domainRoutes } from "./domains.ts";
import { ec2TokenRoutes } from "./ec2-tokens.ts";
import { endpointFilterRoutes } from "./endpoint-filter.ts";
import { grantRoutes } from "./grants.ts";
import { groupRoutes } from "./groups.ts";
import { limitRoutes } from "./limits.ts";
import { policyRoutes } from "./policies.ts";
import { projectEndpointRoutes } from "./project-endpoints.ts";
import { projectRoutes } from "./projects.ts";
import { roleRoutes } from "./roles.ts";
import { tokenRoutes } from "./tokens.ts";
import { trustRoutes } from "./trusts.ts";
import { userRoutes } from "./users.ts";
import { oldRoutes } from "./v2.ts";
import { versionRoutes } from "./versions.ts";

/** Every operation of the identity API. */
export function identityRoutes(identity: IdentityContext, projects: ProjectManager, users: UserManager): AnyRoute[] {
  return allRoutes(identity, projects, users).map((record) => withoutEc2Tokens(identity, record));
}

/**
 * A token from a signed EC2 request is for the services; with the identity service it does nothing but be validated. So keys
 * cannot beget more keys, application credentials or trusts, and nothing is even looked for. Errors: 403.
 */
function withoutEc2Tokens({ tokens }: IdentityContext, record: AnyRoute): AnyRoute {
  return {
    ...record,
    url(request) {
      if (request.context.userId !== "" && tokens.sender(request)?.methods.includes(EC2_METHOD) === true) {
        throw forbidden("EC2 credential tokens cannot be used for authorization.");
      }
      record.url?.(request);
    },
  };
}

function allRoutes(identity: IdentityContext, projects: ProjectManager, users: UserManager): AnyRoute[] {
  const endpointGroups = new EndpointGroups(identity);
  return [
    ...versionRoutes(),
    ...tokenRoutes(identity),
    ...domainRoutes(identity, projects),
    ...domainConfigRoutes(identity),
    ...projectRoutes(identity, projects),
    ...userRoutes(identity, users),
    ...groupRoutes(identity, projects, users),
    ...roleRoutes(identity, projects),
    ...grantRoutes(identity),
    ...assignmentRoutes(identity),
    ...catalogRoutes(identity),
    ...endpointFilterRoutes(identity, endpointGroups),
    ...projectEndpointRoutes(identity, endpointGroups),
    ...limitRoutes(identity),
    ...policyRoutes(identity),
    ...credentialRoutes(identity),
    ...ec2TokenRoutes(identity),
    ...trustRoutes(identity),
    ...applicationCredentialRoutes(identity),
    ...oldRoutes(identity),
  ];
}
