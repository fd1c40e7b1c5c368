import {
  admin,
  adminOrService,
  allOf,
  anyOf,
  anyone,
  authenticated,
  ownerRule,
  ownUser,
  type PolicyTable,
  type Rule,
  role,
  type ScopesOf,
  systemScope,
} from "../../kernel/policy/policy.ts";

/**
 * keystone's defaults since the roles manager, member and reader: admin everywhere, system readers may look, readers and
 * managers of a domain in that domain, users at themselves. Targets carry `domainId` (the domain acted in), `projectId`,
 * `userId`; grants also `actorDomainId` and `roleName`; trusts `trustorId` and `trusteeId`.
 */
const inDomain = (field: "domainId" | "actorDomainId"): Rule =>
  ownerRule(
    `domain_id:%(target.${field})s`,
    (identity, target) => identity.domainId !== null && (target === null || target[field] === identity.domainId),
  );
const ownProjectTarget = ownerRule(
  "project_id:%(target.project.id)s",
  (identity, target) => identity.projectId !== null && (target === null || target.projectId === identity.projectId),
);
const sameDomain = ownerRule(
  "token.domain.id:%(target.domain.id)s or token.project.domain.id:%(target.domain.id)s",
  (identity, target) =>
    target === null || [identity.domainId, identity.projectDomainId].includes(target.domainId ?? ""),
);
const managedRole = ownerRule(
  "'manager', 'member' or 'reader':%(target.role.name)s",
  (_identity, target) => target === null || ["manager", "member", "reader"].includes(String(target.roleName)),
);
const trustor = ownerRule(
  "user_id:%(target.trust.trustor_user_id)s",
  (identity, target) => target === null || target.trustorId === identity.userId,
);
const trustee = ownerRule(
  "user_id:%(target.trust.trustee_user_id)s",
  (identity, target) => target === null || target.trusteeId === identity.userId,
);
const anyDomain: Rule = {
  text: "not domain_id:None",
  asksOwner: false,
  allows: (identity) => identity.domainId !== null,
};

const systemReader = allOf(role("reader"), systemScope);
const domainReader = allOf(role("reader"), inDomain("domainId"));
const domainManager = allOf(role("manager"), inDomain("domainId"));
const adminOrSystemReader = anyOf(admin, systemReader);
const readers = anyOf(adminOrSystemReader, domainReader);
const managers = anyOf(admin, domainManager);
const owners = anyOf(admin, ownUser);
const memberOwners = anyOf(admin, allOf(role("member"), ownUser));
const readersOrOwner = anyOf(adminOrSystemReader, ownUser);
const trustReaders = anyOf(adminOrSystemReader, trustor, trustee);
const grantReaders = anyOf(adminOrSystemReader, allOf(role("reader"), inDomain("domainId"), inDomain("actorDomainId")));
const grantManagers = anyOf(
  admin,
  allOf(role("manager"), inDomain("domainId"), inDomain("actorDomainId"), managedRole),
);

const crud = (name: string, plural: string, read: Rule, write: Rule): PolicyTable => ({
  [`identity:get_${name}`]: read,
  [`identity:list_${plural}`]: read,
  [`identity:create_${name}`]: write,
  [`identity:update_${name}`]: write,
  [`identity:delete_${name}`]: write,
});

export const policies: PolicyTable = {
  "identity:versions": anyone,
  "identity:authenticate": anyone,
  "identity:self": authenticated,
  "identity:validate_token": anyOf(adminOrService, systemReader, ownUser),
  "identity:check_token": anyOf(adminOrService, systemReader, ownUser),
  "identity:revoke_token": owners,
  "identity:list_revocations": adminOrService,
  ...crud("user", "users", readers, managers),
  "identity:get_user": anyOf(readers, ownUser),
  "identity:list_user_projects": anyOf(readers, ownUser),
  "identity:list_groups_for_user": anyOf(readers, ownUser),
  "identity:change_password": anyone,
  ...crud("project", "projects", readers, managers),
  "identity:get_project": anyOf(readers, ownProjectTarget),
  "identity:list_project_tags": anyOf(readers, ownProjectTarget),
  "identity:update_project_tags": managers,
  ...crud("domain", "domains", readers, admin),
  "identity:get_domain": anyOf(adminOrSystemReader, sameDomain),
  "identity:get_domain_config": adminOrSystemReader,
  "identity:get_domain_config_default": adminOrSystemReader,
  "identity:get_security_compliance_domain_config": authenticated,
  "identity:create_domain_config": admin,
  "identity:update_domain_config": admin,
  "identity:delete_domain_config": admin,
  ...crud("group", "groups", readers, managers),
  "identity:list_users_in_group": readers,
  "identity:check_user_in_group": grantReaders,
  "identity:add_user_to_group": anyOf(admin, allOf(role("manager"), inDomain("domainId"), inDomain("actorDomainId"))),
  "identity:remove_user_from_group": anyOf(
    admin,
    allOf(role("manager"), inDomain("domainId"), inDomain("actorDomainId")),
  ),
  ...crud("role", "roles", anyOf(adminOrSystemReader, allOf(role("manager"), anyDomain)), admin),
  "identity:get_role": anyOf(adminOrSystemReader, allOf(role("manager"), managedRole)),
  ...crud("domain_role", "domain_roles", adminOrSystemReader, admin),
  "identity:list_implied_roles": adminOrSystemReader,
  "identity:create_implied_role": admin,
  "identity:delete_implied_role": admin,
  "identity:list_role_inference_rules": adminOrSystemReader,
  "identity:check_grant": grantReaders,
  "identity:list_grants": grantReaders,
  "identity:create_grant": grantManagers,
  "identity:revoke_grant": grantManagers,
  "identity:list_system_grants": adminOrSystemReader,
  "identity:create_system_grant": admin,
  "identity:revoke_system_grant": admin,
  "identity:list_role_assignments": readers,
  "identity:list_role_assignments_for_tree": anyOf(readers, allOf(admin, ownProjectTarget)),
  ...crud("region", "regions", authenticated, admin),
  ...crud("service", "services", adminOrSystemReader, admin),
  ...crud("endpoint", "endpoints", adminOrSystemReader, admin),
  ...crud("policy", "policies", adminOrSystemReader, admin),
  ...crud("credential", "credentials", readersOrOwner, owners),
  "identity:ec2_get_credential": readersOrOwner,
  "identity:ec2_list_credentials": readersOrOwner,
  "identity:ec2_create_credential": memberOwners,
  "identity:ec2_delete_credential": memberOwners,
  "identity:ec2tokens_validate": adminOrService,
  "identity:s3tokens_validate": adminOrService,
  "identity:create_trust": ownUser,
  "identity:list_trusts": readersOrOwner,
  "identity:get_trust": trustReaders,
  "identity:list_roles_for_trust": trustReaders,
  "identity:get_role_for_trust": trustReaders,
  "identity:delete_trust": anyOf(admin, trustor),
  "identity:get_application_credential": readersOrOwner,
  "identity:list_application_credentials": readersOrOwner,
  "identity:create_application_credential": ownUser,
  "identity:delete_application_credential": owners,
  "identity:get_access_rule": readersOrOwner,
  "identity:list_access_rules": readersOrOwner,
  "identity:delete_access_rule": owners,
  "identity:list_registered_limits": authenticated,
  "identity:get_registered_limit": authenticated,
  "identity:create_registered_limits": admin,
  "identity:update_registered_limit": admin,
  "identity:delete_registered_limit": admin,
  "identity:list_limits": authenticated,
  "identity:get_limit_model": authenticated,
  "identity:get_limit": anyOf(adminOrSystemReader, inDomain("domainId"), ownProjectTarget),
  "identity:create_limits": admin,
  "identity:update_limit": admin,
  "identity:delete_limit": admin,
  ...crud("endpoint_group", "endpoint_groups", adminOrSystemReader, admin),
  "identity:list_projects_for_endpoint": adminOrSystemReader,
  "identity:check_endpoint_in_project": adminOrSystemReader,
  "identity:list_endpoints_for_project": adminOrSystemReader,
  "identity:list_projects_associated_with_endpoint_group": adminOrSystemReader,
  "identity:list_endpoints_associated_with_endpoint_group": adminOrSystemReader,
  "identity:get_endpoint_group_in_project": adminOrSystemReader,
  "identity:list_endpoint_groups_for_project": adminOrSystemReader,
  "identity:add_endpoint_to_project": admin,
  "identity:remove_endpoint_from_project": admin,
  "identity:add_endpoint_group_to_project": admin,
  "identity:remove_endpoint_group_from_project": admin,
  "identity:v2_tenants": authenticated,
};

/** What keystone lets domains do: their own users, groups, projects and grants, and looking around. */
const FOR_DOMAINS: ReadonlySet<string> = new Set(
  `versions authenticate self v2_tenants change_password validate_token check_token revoke_token
   ec2tokens_validate s3tokens_validate list_user_projects list_groups_for_user list_users_in_group
   check_user_in_group add_user_to_group remove_user_from_group list_project_tags update_project_tags
   check_grant list_grants create_grant revoke_grant list_role_assignments list_role_assignments_for_tree
   get_domain list_domains get_role list_roles get_region list_regions get_limit list_limits get_limit_model
   get_registered_limit list_registered_limits get_security_compliance_domain_config
   get_user list_users create_user update_user delete_user get_group list_groups create_group update_group delete_group
   get_project list_projects create_project update_project delete_project
   get_credential list_credentials create_credential update_credential delete_credential`
    .split(/\s+/)
    .map((name) => `identity:${name}`),
);
const FOR_PROJECTS: ReadonlySet<string> = new Set(["identity:create_trust", "identity:create_application_credential"]);

/** Which scopes of tokens a policy takes: scope_types in keystone/common/policies (2026.1). */
export const scopesOf: ScopesOf = (policy) => {
  if (FOR_DOMAINS.has(policy)) return null;
  return FOR_PROJECTS.has(policy) ? ["project"] : ["project", "system"];
};
