import { unauthorized } from "../../../kernel/errors.ts";
import type { IdentityFacade, ProjectInfo, UserInfo } from "../facade.ts";
import type { ProjectRow, UserRow } from "../store/rows.ts";
import { ec2Claims, ec2CredentialId, ec2Key } from "./ec2.ts";
import type { Managers } from "./index.ts";
import { DEFAULT_DOMAIN } from "./projects.ts";
import { serviceDomain } from "./service-domain.ts";

/** The verbs other services may call, over the parts of this one. */
export function createFacade({ core }: Managers): IdentityFacade {
  const { kernel, store, tokens, roles, catalog } = core;
  const token = (userId: string, projectId: string | null, seconds?: number) =>
    tokens.issue({
      userId,
      methods: ["password"],
      scope: projectId === null ? { kind: "none" } : { kind: "project", id: projectId },
      expiresAt: tokens.expiry(seconds),
      trustId: null,
      applicationCredentialId: null,
    });
  const issueToken = (userId: string, projectId: string | null, seconds?: number): string => {
    const issued = token(userId, projectId, seconds);
    if (issued === null) throw unauthorized("The request you have made requires authentication.");
    return issued.id;
  };
  return {
    authenticate: (id) => tokens.read(id)?.identity ?? null,
    authenticateWithEc2(access) {
      const credential = store.credentials.get(ec2CredentialId(access));
      const key = credential === undefined ? null : ec2Key(credential);
      if (credential === undefined || key === null) return null;
      const claims = ec2Claims(store, credential, key);
      const issued = claims === null ? null : tokens.issue(claims);
      return issued == null ? null : { access, secret: key.secret, identity: issued.token.identity };
    },
    issueToken,
    issueServiceToken(userName) {
      const domain_id = serviceDomain(core) ?? DEFAULT_DOMAIN;
      const user = store.users.find({ domain_id, name: userName });
      const { serviceProjectName } = kernel.settings.identity;
      const project = store.projects.find({ domain_id, name: serviceProjectName });
      if (user === undefined || project === undefined) throw new Error(`there is no service user ${userName}`);
      return issueToken(user.id, project.id);
    },
    getProject: (id) => projectInfo(store.projects.get(id)),
    findProject: (name, domainId = DEFAULT_DOMAIN) => projectInfo(store.projects.find({ domain_id: domainId, name })),
    listProjects: () => store.projects.list({ is_domain: 0 }, "name").flatMap((row) => projectInfo(row) ?? []),
    getUser: (id) => userInfo(store.users.get(id)),
    findUser: (name, domainId = DEFAULT_DOMAIN) => userInfo(store.users.find({ domain_id: domainId, name })),
    rolesOnProject(userId, projectId) {
      const project = store.projects.get(projectId);
      return new Set(project === undefined ? [] : roles.onProject(userId, project).map(({ name }) => name));
    },
    catalog: (projectId) => catalog.forProject(projectId),
  };
}

function projectInfo(row: ProjectRow | undefined): ProjectInfo | null {
  if (row === undefined || row.is_domain === 1) return null;
  return { id: row.id, name: row.name, domainId: row.domain_id ?? DEFAULT_DOMAIN, enabled: row.enabled === 1 };
}

function userInfo(row: UserRow | undefined): UserInfo | null {
  if (row === undefined) return null;
  return {
    id: row.id,
    name: row.name,
    domainId: row.domain_id,
    enabled: row.enabled === 1,
    defaultProjectId: row.default_project_id,
  };
}
