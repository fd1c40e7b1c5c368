import { type AnyRoute, type ApiRequest, type Method, type Route, route } from "../../../kernel/http/route.ts";
import { missing } from "../errors.ts";
import type { Managers } from "../manager/index.ts";
import type { Json } from "./attributes.ts";

/** A domain's own options: all of them, of one group, or one. */
const SCOPES = [
  { name: "all", path: "" },
  { name: "group", path: "/:group" },
  { name: "option", path: "/:group/:option" },
] as const;

const COMPLIANCE = "security_compliance";

interface ConfigBody {
  config?: unknown;
}

/** Nothing about the body is checked by a schema: what is wrong with it is a 403 of keystone's own, as all of these are. */
export function domainConfigRoutes({ core, domainConfigs: configs }: Managers): AnyRoute[] {
  const parameter = (request: ApiRequest, name: string) => request.param(name) || null;
  const domain = (request: ApiRequest): string => {
    const id = request.param("domain_id");
    const row = core.store.projects.get(id);
    if (row === undefined || row.is_domain === 0) throw missing("domain", id);
    return id;
  };
  const given = (body: ConfigBody | null): unknown => (typeof body === "object" && body !== null ? body.config : null);
  const shown = (config: Json) => ({ body: { config } });
  const record = <Body = unknown>(
    name: string,
    method: Method,
    path: string,
    policy: string,
    handler: Route<Body>["handler"],
  ): AnyRoute =>
    route<Body>({
      name: `domain-config:${name}`,
      method,
      path,
      policy: `identity:${policy}`,
      success: method === "DELETE" ? 204 : 200,
      handler,
    });
  return [
    ...SCOPES.flatMap(({ name, path }) => [
      record(`default-${name}`, "GET", `/v3/domains/config${path}/default`, "get_domain_config_default", (request) =>
        shown(configs.defaults(parameter(request, "group"), parameter(request, "option"))),
      ),
      record(`show-${name}`, "GET", `/v3/domains/:domain_id/config${path}`, "get_domain_config", (request) =>
        shown(configs.get(domain(request), parameter(request, "group"), parameter(request, "option"))),
      ),
      record<ConfigBody | null>(
        `update-${name}`,
        "PATCH",
        `/v3/domains/:domain_id/config${path}`,
        "update_domain_config",
        (request) => {
          const group = parameter(request, "group");
          return shown(configs.update(domain(request), group, parameter(request, "option"), given(request.body)));
        },
      ),
      record(`delete-${name}`, "DELETE", `/v3/domains/:domain_id/config${path}`, "delete_domain_config", (request) => {
        configs.delete(domain(request), parameter(request, "group"), parameter(request, "option"));
        return undefined;
      }),
    ]),
    record<ConfigBody | null>("create", "PUT", "/v3/domains/:domain_id/config", "create_domain_config", (request) => {
      const id = domain(request);
      const status = configs.exists(id) ? 200 : 201;
      return { status, ...shown(configs.replace(id, given(request.body))) };
    }),
    // Anybody with a token may read what a password has to look like.
    ...["", "/:option"].map((path, index) =>
      record(
        index === 0 ? "compliance-group" : "compliance-option",
        "GET",
        `/v3/domains/:domain_id/config/${COMPLIANCE}${path}`,
        "get_security_compliance_domain_config",
        (request) => shown(configs.securityCompliance(domain(request), parameter(request, "option"))),
      ),
    ),
  ];
}
