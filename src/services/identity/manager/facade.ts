import { createHmac } from "node:crypto";
import type { IdentityFacade, ProjectInfo, UserInfo } from "../facade.ts";
import type { ProjectRow, UserRow } from "../store/rows.ts";
import { ec2Claims, ec2CredentialId, ec2Key } from "./ec2.ts";
import { signingKey } from "./ec2-signatures.ts";
import type { Managers } from "./index.ts";
import { DEFAULT_DOMAIN } from "./projects.ts";

/** The verbs other services may call, over the parts of this one. */
export function createFacade({ core }: Managers): IdentityFacade {
  const { store, tokens } = core;
  return {
    authenticate: (id) => tokens.read(id)?.identity ?? null,
    authenticateWithEc2(access) {
      const credential = store.credentials.get(ec2CredentialId(access));
      const key = credential === undefined ? null : ec2Key(credential);
      if (credential === undefined || key === null) return null;
      const claims = ec2Claims(store, credential, key);
      const issued = claims === null ? null : tokens.issue(claims);
      if (issued == null) return null;
      return {
        access,
        identity: issued.token.identity,
        signingKey: (date, region, service) => signingKey(key.secret, date, region, service),
        sign: (text) => createHmac("sha1", key.secret).update(text, "latin1").digest("base64"),
      };
    },
    getProject: (id) => projectInfo(store.projects.get(id)),
    findProject: (name, domainId = DEFAULT_DOMAIN) => projectInfo(store.projects.find({ domain_id: domainId, name })),
    getUser: (id) => userInfo(store.users.get(id)),
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
