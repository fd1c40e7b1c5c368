import { forbidden } from "../../../kernel/errors.ts";
import type { AnyRoute } from "../../../kernel/http/route.ts";
import type { Core } from "../manager/core.ts";
import type { Managers } from "../manager/index.ts";
import { EC2_METHOD } from "../manager/login.ts";
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

/** Every record of this API. */
export function allRoutes(managers: Managers): AnyRoute[] {
  return records(managers).map((record) => withoutEc2Tokens(managers.core, record));
}

/**
 * A token from a signed EC2 request is for the services; with the identity service it does nothing but be validated. So keys
 * cannot beget more keys, application credentials or trusts, and nothing is even looked for. Errors: 403.
 */
function withoutEc2Tokens({ tokens }: Core, record: AnyRoute): AnyRoute {
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

function records(managers: Managers): AnyRoute[] {
  return [
    ...versionRoutes(),
    ...tokenRoutes(managers),
    ...domainRoutes(managers),
    ...domainConfigRoutes(managers),
    ...projectRoutes(managers),
    ...userRoutes(managers),
    ...groupRoutes(managers),
    ...roleRoutes(managers),
    ...grantRoutes(managers),
    ...assignmentRoutes(managers),
    ...catalogRoutes(managers),
    ...endpointFilterRoutes(managers),
    ...projectEndpointRoutes(managers),
    ...limitRoutes(managers),
    ...policyRoutes(managers),
    ...credentialRoutes(managers),
    ...ec2TokenRoutes(managers),
    ...trustRoutes(managers),
    ...applicationCredentialRoutes(managers),
    ...oldRoutes(managers),
  ];
}
