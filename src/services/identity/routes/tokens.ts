import { type AnyRoute, type ApiRequest, route, type Touched } from "../../../kernel/http/route.ts";
import { loginFailed, tokenNotFound, unrecognized } from "../errors.ts";
import { enforcesAccessRules } from "../manager/access-rules.ts";
import type { Managers } from "../manager/index.ts";
import type { Token } from "../manager/tokens.ts";
import { type LoginBody, loginSchema } from "../schemas/login.ts";
import type { AccessRuleRow } from "../store/rows.ts";
import { tokenView } from "../views/tokens.ts";
import { domainView, projectView } from "../views/views.ts";
import { collection } from "./collection.ts";

/** How long after its end a service may ask for a token, in milliseconds: keystone's allow_expired_window. */
const EXPIRED_WINDOW = 172_800_000;
const VARY = { vary: "X-Auth-Token" };

export function tokenRoutes({ core }: Managers): AnyRoute[] {
  const { tokens, catalog, store, roles } = core;

  const show = (request: ApiRequest, token: Token) => {
    const view = request.query.has("nocatalog") ? null : catalog.forProject(token.identity.projectId, token.userId);
    return { token: tokenView(token, view, accessRulesOf(token)) };
  };
  const accessRulesOf = (token: Token): AccessRuleRow[] | null => {
    const ids = token.applicationCredential?.access_rules ?? null;
    return ids === null ? null : store.accessRules.getMany(JSON.parse(ids) as string[]);
  };
  const subject: Touched<Token> = {
    kind: "token",
    find({ headers, query }) {
      const id = headers.get("x-subject-token") ?? "";
      const late = /^(1|t|true|on|y|yes)$/i.test(query.get("allow_expired")?.trim() ?? "");
      const token = late ? tokens.readLately(id, EXPIRED_WINDOW) : tokens.read(id);
      if (token === null) throw tokens.sealed(id) ? tokenNotFound() : unrecognized();
      if (accessRulesOf(token) !== null && !enforcesAccessRules(headers)) throw tokenNotFound();
      return token;
    },
    owner: ({ userId }) => ({ userId }),
  };
  const own = (request: ApiRequest): Token => {
    const token = tokens.read(request.headers.get("x-auth-token") ?? "");
    if (token === null) throw loginFailed();
    return token;
  };
  const projects = (request: ApiRequest) => {
    const rows = roles.projectsOf(request.context.userId);
    const tags = store.memberships.tagsOfMany(rows);
    return rows
      .filter((project) => project.enabled === 1)
      .map((project) => projectView(project, tags.get(project.id) ?? [], request.baseUrl));
  };
  const domains = (request: ApiRequest) => {
    const rows = roles.domainsOf(request.context.userId);
    const tags = store.memberships.tagsOfMany(rows);
    return rows
      .filter((domain) => domain.enabled === 1)
      .map((domain) => domainView(domain, tags.get(domain.id) ?? [], request.baseUrl));
  };

  return [
    route<LoginBody>({
      name: "tokens:create",
      method: "POST",
      path: "/v3/auth/tokens",
      policy: "identity:authenticate",
      request: loginSchema,
      success: 201,
      async handler(request) {
        const { id, token } = await core.login.login(request.body.auth);
        return { headers: { ...VARY, "x-subject-token": id }, body: show(request, token) };
      },
    }),
    route({
      name: "tokens:show",
      method: "GET",
      path: "/v3/auth/tokens",
      policy: "identity:validate_token",
      of: subject,
      success: 200,
      handler(request) {
        const id = request.headers.get("x-subject-token") ?? "";
        return { headers: { ...VARY, "x-subject-token": id }, body: show(request, request.thing) };
      },
    }),
    route({
      name: "tokens:revoke",
      method: "DELETE",
      path: "/v3/auth/tokens",
      policy: "identity:revoke_token",
      of: subject,
      success: 204,
      handler({ thing }) {
        tokens.revoke("audit", thing.auditIds[0] ?? "");
        return { headers: VARY };
      },
    }),
    route({
      name: "tokens:revocations",
      method: "GET",
      path: "/v3/auth/tokens/OS-PKI/revoked",
      policy: "identity:list_revocations",
      success: 200,
      handler: () => ({ body: { revoked: [] } }),
    }),
    route({
      name: "auth:projects",
      method: "GET",
      path: "/v3/auth/projects",
      policy: "identity:self",
      success: 200,
      handler: (request) => collection(request, "projects", projects(request)),
    }),
    route({
      name: "auth:domains",
      method: "GET",
      path: "/v3/auth/domains",
      policy: "identity:self",
      success: 200,
      handler: (request) => collection(request, "domains", domains(request)),
    }),
    route({
      name: "auth:system",
      method: "GET",
      path: "/v3/auth/system",
      policy: "identity:self",
      success: 200,
      handler: (request) =>
        collection(request, "system", roles.onSystem(request.context.userId).length > 0 ? [{ all: true }] : []),
    }),
    route({
      name: "auth:catalog",
      method: "GET",
      path: "/v3/auth/catalog",
      policy: "identity:self",
      success: 200,
      handler(request) {
        const token = own(request);
        const entries = catalog.forProject(token.identity.projectId, token.userId);
        return { body: { catalog: entries, links: { self: `${request.baseUrl}${request.path}` } } };
      },
    }),
  ];
}
