import { randomBytes } from "node:crypto";
import { badRequest, forbidden } from "../../../kernel/errors.ts";
import { type AnyRoute, type ApiRequest, route, type Touched } from "../../../kernel/http/route.ts";
import { hexId } from "../../../kernel/ids/ids.ts";
import { isoMicrosNaive } from "../../../kernel/time/clock.ts";
import type { IdentityContext } from "../context.ts";
import { missing, storeConflict } from "../errors.ts";
import { requireNoTrust, requireUnrestricted } from "../manager/delegation.ts";
import type { Token } from "../manager/tokens.ts";
import type { AccessRuleRow, ApplicationCredentialRow } from "../store/rows.ts";
import { bareRole } from "../views/views.ts";
import {
  collection,
  filtered,
  type Json,
  nullableString,
  resourceSchema,
  sameName,
  text,
  textOrNull,
} from "./shared.ts";
import { userNamed } from "./touched.ts";
import { expiry } from "./trusts.ts";

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
export function applicationCredentialRoutes(identity: IdentityContext): AnyRoute[] {
  const { store, kernel, roles, tokens, passwords } = identity;
  const path = "/v3/users/:user_id/application_credentials";
  const rulesOf = (row: ApplicationCredentialRow): AccessRuleRow[] | null =>
    row.access_rules === null ? null : store.accessRules.getMany(JSON.parse(row.access_rules) as string[]);
  const view = (row: ApplicationCredentialRow, base: string, secret: string | null = null) => {
    const rules = rulesOf(row);
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
  /** The sender's token, which must not be a restricted application credential's. Errors: 403. */
  const unrestricted = (request: ApiRequest<unknown>): Token | null => {
    const sender = tokens.sender(request);
    requireUnrestricted(sender, "application credentials");
    return sender;
  };
  const expiryOf = (given: unknown) => {
    const expiresAt = expiry(given, kernel.clock.now());
    if (expiresAt === null) return { expires_at: null, expires_text: null };
    const digits = /\.(\d{1,6})/.exec(text(given))?.[1] ?? "";
    return {
      expires_at: expiresAt,
      expires_text: `${isoMicrosNaive(expiresAt).slice(0, 19)}.${digits.padEnd(6, "0")}`,
    };
  };
  const rolesFor = (given: unknown, sender: Token): string[] => {
    const held = sender.roles;
    if (!Array.isArray(given) || given.length === 0) return held.map(({ id }) => id);
    return (given as { id?: string; name?: string }[]).map(({ id, name }) => {
      const role = held.find((candidate) =>
        id === undefined ? sameName(candidate.name, name ?? "") : candidate.id === id,
      );
      if (role === undefined) {
        throw badRequest(
          `Invalid application credential: Could not find role assignment with role: ${id ?? name}, user or group: ${sender.userId}, project, domain, or system: ${sender.identity.projectId}.`,
        );
      }
      return role.id;
    });
  };
  const rulesFor = (given: unknown, userId: string): string | null => {
    if (!Array.isArray(given)) return null;
    const ids = (given as { id?: string; service?: string; path?: string; method?: string }[]).map((rule) => {
      if (rule.id !== undefined) {
        const found = store.accessRules.get(rule.id);
        if (found === undefined || found.user_id !== userId) throw missing("Access Rule", rule.id);
        return rule.id;
      }
      const { service, path: rulePath, method } = rule;
      if (service === undefined || rulePath === undefined || method === undefined) {
        throw badRequest("An access rule needs service, path and method.");
      }
      const wanted = { user_id: userId, service, path: rulePath, method };
      return (store.accessRules.find(wanted) ?? store.accessRules.insert({ id: hexId(), ...wanted })).id;
    });
    return JSON.stringify(ids);
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
        const userId = request.thing;
        requireNoTrust(tokens.sender(request));
        const views = store.applicationCredentials.list({ user_id: userId }).map((row) => view(row, request.baseUrl));
        return collection(request, "application_credentials", filtered(request, views, ["name"]));
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
        const userId = request.thing;
        const given = request.body.application_credential;
        const sender = unrestricted(request);
        requireNoTrust(sender);
        const projectId = sender?.identity.projectId ?? null;
        if (sender === null || projectId === null) {
          throw badRequest("Invalid application credential: a project-scoped token is needed.");
        }
        const secret = textOrNull(given.secret) ?? randomBytes(64).toString("base64url");
        const hash = await passwords.hash(secret);
        const row = kernel.db.transaction(() => {
          const name = text(given.name);
          if (store.applicationCredentials.find({ user_id: userId, name }) !== undefined) {
            throw storeConflict("application_credential", `Duplicate entry found with name ${name}`);
          }
          return store.applicationCredentials.insert({
            id: hexId(),
            user_id: userId,
            project_id: projectId,
            name,
            description: textOrNull(given.description),
            secret_hash: hash,
            roles: JSON.stringify(rolesFor(given.roles, sender)),
            unrestricted: given.unrestricted === true ? 1 : 0,
            ...expiryOf(given.expires_at),
            access_rules: rulesFor(given.access_rules, userId),
            created_at: kernel.clock.now(),
          });
        });
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
        const row = existing(request);
        unrestricted(request);
        kernel.db.transaction(() => store.applicationCredentials.delete(row.id));
        return undefined;
      },
    }),
    ...accessRuleRoutes(identity),
  ];
}

function accessRuleRoutes({ store, kernel, tokens }: IdentityContext): AnyRoute[] {
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
        const userId = request.thing;
        requireNoTrust(tokens.sender(request));
        const views = store.accessRules.list({ user_id: userId }).map((row) => view(row, request.baseUrl));
        return collection(request, "access_rules", filtered(request, views, ["service", "path", "method"]));
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
        const row = existing(request);
        const users = store.applicationCredentials.list({ user_id: row.user_id });
        if (users.some(({ access_rules }) => access_rules?.includes(row.id) === true)) {
          throw forbidden("May not delete access rule in use");
        }
        kernel.db.transaction(() => store.accessRules.delete(row.id));
        return undefined;
      },
    }),
  ];
}
