import { badRequest } from "../../../kernel/errors.ts";
import { type AnyRoute, route } from "../../../kernel/http/route.ts";
import { loginFailed, missing, tokenNotFound } from "../errors.ts";
import { enforcesAccessRules } from "../manager/access-rules.ts";
import type { Managers } from "../manager/index.ts";
import type { LoginRequest } from "../manager/login.ts";
import { DEFAULT_DOMAIN } from "../manager/projects.ts";
import { accessView, tenantView } from "../views/tokens.ts";

interface OldLogin {
  auth: {
    tenantName?: string;
    tenantId?: string;
    passwordCredentials?: { username?: string; userId?: string; password: string };
    token?: { id: string };
  };
}

const text = { type: "string" };
const oldLogin = {
  type: "object",
  properties: {
    auth: {
      type: "object",
      properties: {
        tenantName: text,
        tenantId: text,
        passwordCredentials: {
          type: "object",
          properties: { username: text, userId: text, password: { type: "string", maxLength: 4096 } },
          required: ["password"],
        },
        token: { type: "object", properties: { id: text }, required: ["id"] },
      },
    },
  },
  required: ["auth"],
};

/**
 * What tutorials written before 2016 call: a token by `POST /v2.0/tokens`, the list of tenants. A tenant is a project of the
 * default domain; everything else of v2.0 is gone, as it is in keystone.
 */
export function oldRoutes({ core: { login, tokens, catalog, store, roles } }: Managers): AnyRoute[] {
  return [
    route<OldLogin>({
      name: "v2:authenticate",
      method: "POST",
      path: "/v2.0/tokens",
      policy: "identity:authenticate",
      request: oldLogin,
      success: 200,
      async handler(request) {
        const { id, token } = await login.login(modern(request.body));
        const view = catalog.forProject(token.identity.projectId, token.userId);
        return { headers: { vary: "X-Auth-Token" }, body: { access: accessView(id, token, view) } };
      },
    }),
    route({
      name: "v2:validate",
      method: "GET",
      path: "/v2.0/tokens/:token_id",
      policy: "identity:list_revocations",
      success: 200,
      handler(request) {
        const id = request.param("token_id");
        const token = tokens.read(id);
        if (token === null || (token.identity.mayCall !== undefined && !enforcesAccessRules(request.headers))) {
          throw tokenNotFound();
        }
        const view = catalog.forProject(token.identity.projectId, token.userId);
        return { body: { access: accessView(id, token, view) } };
      },
    }),
    route({
      name: "v2:tenants",
      method: "GET",
      path: "/v2.0/tenants",
      policy: "identity:v2_tenants",
      success: 200,
      handler(request) {
        const name = request.query.get("name");
        // On the admin port and for admins this lists all tenants, as it did; others see their own.
        const { isAdmin, domainId, userId } = request.context;
        const rows = isAdmin
          ? store.projects.list({ domain_id: DEFAULT_DOMAIN, is_domain: 0, ...(name === null ? {} : { name }) }, "name")
          : roles.projectsOf(userId).filter((row) => row.domain_id === DEFAULT_DOMAIN);
        const shown = rows
          .filter((row) => domainId === null || row.domain_id === domainId)
          .filter((row) => name === null || row.name.toLowerCase() === name.toLowerCase())
          .map(tenantView);
        if (name !== null) {
          if (shown[0] === undefined) throw missing("project", name);
          return { body: { tenant: shown[0] } };
        }
        return { body: { tenants: shown, tenants_links: [] } };
      },
    }),
  ];
}

/** The v3 login that means the same. Errors: 400 without credentials. */
function modern({ auth }: OldLogin): LoginRequest {
  const domain = { id: DEFAULT_DOMAIN };
  const project =
    auth.tenantId !== undefined && auth.tenantId !== ""
      ? { id: auth.tenantId }
      : auth.tenantName !== undefined && auth.tenantName !== ""
        ? { name: auth.tenantName, domain }
        : null;
  const scope = project === null ? {} : { scope: { project } };
  if (auth.token !== undefined) return { identity: { methods: ["token"], token: auth.token }, ...scope };
  const given = auth.passwordCredentials;
  if (given === undefined) {
    throw badRequest(
      "Expecting to find passwordCredentials or token in auth. The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error.",
    );
  }
  const { username, userId, password } = given;
  if (username === undefined && userId === undefined) throw loginFailed();
  const user = userId !== undefined ? { id: userId, password } : { name: username ?? "", domain, password };
  return { identity: { methods: ["password"], password: { user } }, ...scope };
}
