import type { IdentityFacade, ProjectInfo, UserInfo } from "../facade.ts";
import type { ProjectRow, UserRow } from "../store/rows.ts";
import { Ec2Keys } from "./ec2-keys.ts";
import type { Managers } from "./index.ts";
import { ownAccounts } from "./own-accounts.ts";
import { DEFAULT_DOMAIN } from "./projects.ts";
import { serviceDomain } from "./service-domain.ts";

/** The verbs other services may call, over the parts of this one. */
export function createFacade(managers: Managers): IdentityFacade {
  const { core } = managers;
  const { store, tokens, kernel } = core;
  const ec2Keys = new Ec2Keys(store, tokens, () => kernel.clock.now());
  return {
    authenticate: (id) => tokens.read(id)?.identity ?? null,
    authenticateWithEc2: (access) => ec2Keys.get(access),
    actAs({ userId, projectId, roles: wanted }) {
      const scope = { kind: "project", id: projectId } as const;
      const own = { userId, scope, methods: [], trustId: null, applicationCredentialId: null, auditIds: [] };
      const token = tokens.resolve({ ...own, issuedAt: kernel.clock.now(), expiresAt: Number.MAX_SAFE_INTEGER });
      if (token === null) return null;
      const { identity } = token;
      const roles = new Set([...identity.roles].filter((role) => wanted.includes(role)));
      if (roles.size === 0) return null;
      return { ...identity, roles, isAdmin: identity.isAdmin && roles.has("admin") };
    },
    getProject: (id) => projectInfo(store.projects.get(id)),
    serviceProject() {
      const domainId = serviceDomain(core);
      const { serviceProjectName: name } = kernel.settings.identity;
      return domainId === undefined ? null : projectInfo(store.projects.find({ domain_id: domainId, name }));
    },
    findProject: (name, domainId = DEFAULT_DOMAIN) => projectInfo(store.projects.find({ domain_id: domainId, name })),
    getUser: (id) => userInfo(store.users.get(id)),
    ownAccounts: (domain) => ownAccounts(managers, domain),
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
