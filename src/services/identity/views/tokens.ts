import { isoSeconds } from "../../../kernel/time/clock.ts";
import type { CatalogEntry } from "../facade.ts";
import type { Token } from "../manager/tokens.ts";
import type { AccessRuleRow, ProjectRow } from "../store/rows.ts";

const domainOf = (domain: ProjectRow | null) => ({ id: domain?.id ?? null, name: domain?.name ?? null });

/** Whole seconds with keystone's six zeros: "2026-01-02T03:04:05.000000Z". */
const stamp = (ms: number) => `${isoSeconds(ms).slice(0, -1)}.000000Z`;

/** The `token` of `/v3/auth/tokens`; `catalog` null leaves it out (?nocatalog). */
export function tokenView(
  token: Token,
  catalog: readonly CatalogEntry[] | null,
  accessRules: readonly AccessRuleRow[] | null,
): Record<string, unknown> {
  const { user, userDomain, project, projectDomain, domain, trust, applicationCredential: credential } = token;
  const view: Record<string, unknown> = {
    methods: token.methods,
    user: {
      domain: domainOf(userDomain),
      id: user.id,
      name: user.name,
      password_expires_at: null,
    },
    audit_ids: token.auditIds,
    expires_at: stamp(token.expiresAt),
    issued_at: stamp(token.issuedAt),
  };
  if (project !== null) {
    view.project = { domain: domainOf(projectDomain), id: project.id, name: project.name };
    view.is_domain = project.is_domain === 1;
  }
  if (domain !== null) view.domain = { id: domain.id, name: domain.name };
  if (token.scope.kind === "system") view.system = { all: true };
  if (token.scope.kind !== "none") {
    view.roles = token.roles.map(({ id, name }) => ({ id, name }));
    if (catalog !== null) view.catalog = catalog;
  }
  if (trust !== null) {
    view["OS-TRUST:trust"] = {
      id: trust.id,
      trustor_user: { id: trust.trustor_user_id },
      trustee_user: { id: trust.trustee_user_id },
      impersonation: trust.impersonation === 1,
    };
  }
  if (credential !== null) {
    view.application_credential = {
      id: credential.id,
      name: credential.name,
      restricted: credential.unrestricted === 0,
      ...(accessRules === null
        ? {}
        : { access_rules: accessRules.map(({ id, service, path, method }) => ({ id, service, path, method })) }),
    };
  }
  return view;
}

/** The `access` of `POST /v2.0/tokens`. */
export function accessView(id: string, token: Token, catalog: readonly CatalogEntry[]) {
  const { user, project } = token;
  return {
    token: {
      id,
      issued_at: stamp(token.issuedAt),
      expires: isoSeconds(token.expiresAt),
      audit_ids: token.auditIds,
      ...(project === null ? {} : { tenant: tenantView(project) }),
    },
    user: {
      id: user.id,
      name: user.name,
      username: user.name,
      roles: token.roles.map(({ name }) => ({ name })),
      roles_links: [],
    },
    serviceCatalog: project === null ? [] : catalog.flatMap(oldCatalogEntry),
    metadata: { is_admin: 0, roles: token.roles.map((role) => role.id) },
  };
}

/** v2.0 lists one endpoint per region, with a URL for each interface. */
function oldCatalogEntry(entry: CatalogEntry) {
  const regions = new Map<string, Record<string, string>>();
  for (const endpoint of entry.endpoints) {
    const region = endpoint.region ?? "";
    const urls = regions.get(region) ?? { region, id: endpoint.id };
    urls[`${endpoint.interface}URL`] = endpoint.url;
    regions.set(region, urls);
  }
  if (regions.size === 0) return [];
  return [{ name: entry.name, type: entry.type, endpoints: [...regions.values()], endpoints_links: [] }];
}

export const tenantView = (project: ProjectRow) => ({
  id: project.id,
  name: project.name,
  description: project.description,
  enabled: project.enabled === 1,
});
