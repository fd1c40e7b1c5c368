import { type AnyRoute, type ApiRequest, route, type Touched } from "../../../kernel/http/route.ts";
import { missing } from "../errors.ts";
import type { ApplicationCredentials, RoleNamed, RuleGiven } from "../manager/application-credentials.ts";
import type { Core } from "../manager/core.ts";
import { requireNoTrust } from "../manager/delegation.ts";
import type { Managers } from "../manager/index.ts";
import { isOfUser } from "../manager/lists.ts";
import { nullableString, resourceSchema } from "../schemas/resource.ts";
import type { AccessRuleRow, ApplicationCredentialRow } from "../store/rows.ts";
import { bareRole } from "../views/views.ts";
import { type Json, text, textOrNull } from "./attributes.ts";
import { listOf } from "./collection.ts";
import { userNamed } from "./touched.ts";

const properties = {
  name: { type: "string", minLength: 1, maxLength: 255 },
  description: nullableString,
  secret: { type: ["string", "null"], maxLength: 4096 },
  expires_at: nullableString,
  unrestricted: { type: ["boolean", "null"] },
  project_id: { type: "string" },
  roles: {
    type: "array",
    items: { type: "object", properties: { id: { type: "string" }, name: { type: "string" } } },
  },
  access_rules: {
    type: "array",
    items: {
      type: "object",
      properties: {
        id: { type: "string" },
        service: { type: "string", minLength: 1, maxLength: 255 },
        path: { type: "string", minLength: 1, maxLength: 128, pattern: "^/" },
        method: { type: "string", pattern: "^(POST|GET|HEAD|PATCH|PUT|DELETE)$" },
      },
      additionalProperties: false,
    },
  },
};

/** What a path names below its user, undefined when that user has none: whose it would be is asked before whether it is there. */
interface OfUser<Row> {
  userId: string;
  row: Row | undefined;
}

const ofUser = <Row extends { user_id: string }>(userId: string, row: Row | undefined): OfUser<Row> => ({
  userId,
  row: row?.user_id === userId ? row : undefined,
});

/** Application credentials: a user's own, limited stand-ins for the password, and the access rules that limit them further. */
export function applicationCredentialRoutes({ core, applicationCredentials: credentials }: Managers): AnyRoute[] {
  const { store, roles, tokens } = core;
  const path = "/v3/users/:user_id/application_credentials";
  const view = (row: ApplicationCredentialRow, base: string, secret: string | null = null) => {
    const rules = credentials.rulesOf(row);
    return {
      id: row.id,
      name: row.name,
      description: row.description,
      user_id: row.user_id,
      project_id: row.project_id,
      system: null,
      expires_at: row.expires_text,
      unrestricted: row.unrestricted === 1,
      roles: (JSON.parse(row.roles) as string[]).flatMap((id) => {
        const role = roles.all().get(id);
        return role === undefined ? [] : [bareRole(role)];
      }),
      ...(rules === null
        ? {}
        : {
            access_rules: rules.map(({ id, service, path: rulePath, method }) => ({
              id,
              service,
              path: rulePath,
              method,
            })),
          }),
      ...(secret === null ? {} : { secret }),
      links: { self: `${base}/v3/users/${row.user_id}/application_credentials/${row.id}` },
    };
  };
  const credential: Touched<OfUser<ApplicationCredentialRow>> = {
    kind: "application credential",
    find: ({ param }) => ofUser(param("user_id"), store.applicationCredentials.get(param("credential_id"))),
    owner: ({ userId }) => ({ userId }),
  };
  /** Errors: 403 for who comes through a trust, 404. */
  const existing = (request: ApiRequest<unknown, OfUser<ApplicationCredentialRow>>): ApplicationCredentialRow => {
    requireNoTrust(tokens.sender(request));
    const { row } = request.thing;
    if (row === undefined) throw missing("Application Credential", request.param("credential_id"));
    return row;
  };

  return [
    route({
      name: "application-credentials:list",
      method: "GET",
      path,
      policy: "identity:list_application_credentials",
      of: userNamed,
      success: 200,
      handler(request) {
        requireNoTrust(tokens.sender(request));
        return listOf(request, {
          key: "application_credentials",
          table: store.applicationCredentials,
          filters: ["name"],
          conditions: [isOfUser(request.thing)],
          views: (rows) => rows.map((row) => view(row, request.baseUrl)),
        });
      },
    }),
    route<{ application_credential: Json }, string>({
      name: "application-credentials:create",
      method: "POST",
      path,
      policy: "identity:create_application_credential",
      of: userNamed,
      request: resourceSchema("application_credential", properties, { required: ["name"] }),
      success: 201,
      async handler(request) {
        const given = request.body.application_credential;
        const wanted = {
          name: text(given.name),
          description: textOrNull(given.description),
          secret: textOrNull(given.secret),
          expiresAt: textOrNull(given.expires_at),
          unrestricted: given.unrestricted === true,
          roles: (given.roles ?? []) as RoleNamed[],
          accessRules: (given.access_rules ?? null) as RuleGiven[] | null,
        };
        const { row, secret } = await credentials.create(request.thing, wanted, tokens.sender(request));
        return { body: { application_credential: view(row, request.baseUrl, secret) } };
      },
    }),
    route({
      name: "application-credentials:show",
      method: "GET",
      path: `${path}/:credential_id`,
      policy: "identity:get_application_credential",
      of: credential,
      success: 200,
      handler: (request) => ({ body: { application_credential: view(existing(request), request.baseUrl) } }),
    }),
    route({
      name: "application-credentials:delete",
      method: "DELETE",
      path: `${path}/:credential_id`,
      policy: "identity:delete_application_credential",
      of: credential,
      success: 204,
      handler(request) {
        credentials.delete(existing(request), tokens.sender(request));
        return undefined;
      },
    }),
    ...accessRuleRoutes(core, credentials),
  ];
}

function accessRuleRoutes({ store, tokens }: Core, credentials: ApplicationCredentials): AnyRoute[] {
  const path = "/v3/users/:user_id/access_rules";
  const view = ({ id, service, path: rulePath, method }: AccessRuleRow, base: string) => ({
    id,
    service,
    path: rulePath,
    method,
    links: { self: `${base}/v3/access_rules/${id}` },
  });
  const accessRule: Touched<OfUser<AccessRuleRow>> = {
    kind: "access rule",
    find: ({ param }) => ofUser(param("user_id"), store.accessRules.get(param("rule_id"))),
    owner: ({ userId }) => ({ userId }),
  };
  /** Errors: 403 for who comes through a trust, 404. */
  const existing = (request: ApiRequest<unknown, OfUser<AccessRuleRow>>): AccessRuleRow => {
    requireNoTrust(tokens.sender(request));
    const { row } = request.thing;
    if (row === undefined) throw missing("Access Rule", request.param("rule_id"));
    return row;
  };
  return [
    route({
      name: "access-rules:list",
      method: "GET",
      path,
      policy: "identity:list_access_rules",
      of: userNamed,
      success: 200,
      handler(request) {
        requireNoTrust(tokens.sender(request));
        return listOf(request, {
          key: "access_rules",
          table: store.accessRules,
          filters: ["service", "path", "method"],
          conditions: [isOfUser(request.thing)],
          views: (rows) => rows.map((row) => view(row, request.baseUrl)),
        });
      },
    }),
    route({
      name: "access-rules:show",
      method: "GET",
      path: `${path}/:rule_id`,
      policy: "identity:get_access_rule",
      of: accessRule,
      success: 200,
      handler: (request) => ({ body: { access_rule: view(existing(request), request.baseUrl) } }),
    }),
    route({
      name: "access-rules:delete",
      method: "DELETE",
      path: `${path}/:rule_id`,
      policy: "identity:delete_access_rule",
      of: accessRule,
      success: 204,
      handler(request) {
        credentials.deleteRule(existing(request));
        return undefined;
      },
    }),
  ];
}
