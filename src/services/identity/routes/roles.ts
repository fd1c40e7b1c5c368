import { type AnyRoute, type ApiRequest, route, type Touched } from "../../../kernel/http/route.ts";
import type { Core } from "../manager/core.ts";
import type { Managers } from "../manager/index.ts";
import { isOfDomain } from "../manager/lists.ts";
import type { Implication, RoleManager } from "../manager/role-changes.ts";
import { nameOf, nullableString, resourceSchema } from "../schemas/resource.ts";
import type { RoleRow } from "../store/rows.ts";
import { roleReference, roleView } from "../views/views.ts";
import { extras, type Json, text, textOrNull } from "./attributes.ts";
import { listOf } from "./collection.ts";
import { memberRoutes } from "./member.ts";

interface RoleBody {
  role: Json;
}

const KNOWN = ["id", "name", "domain_id", "description", "options", "links"];
const properties = {
  name: nameOf(255),
  description: nullableString,
  domain_id: nullableString,
  options: { type: "object", properties: { immutable: { type: ["boolean", "null"] } }, additionalProperties: false },
};

export function roleRoutes({ core, roles }: Managers): AnyRoute[] {
  const { store } = core;
  const role: Touched<RoleRow> = {
    kind: "role",
    first: true,
    find: ({ param }) => roles.get(param("role_id")),
    owner: ({ name }) => ({ roleName: name }),
  };

  return [
    route({
      name: "roles:list",
      method: "GET",
      path: "/v3/roles",
      policy: "identity:list_roles",
      success: 200,
      handler(request) {
        return listOf(request, {
          key: "roles",
          table: store.roles,
          filters: ["name"],
          conditions: [isOfDomain(request.query.get("domain_id"))],
          views: (rows) => rows.map((row) => roleView(row, request.baseUrl)),
        });
      },
    }),
    route<RoleBody>({
      name: "roles:create",
      method: "POST",
      path: "/v3/roles",
      policy: "identity:create_role",
      request: resourceSchema("role", properties, { required: ["name"] }),
      success: 201,
      handler(request) {
        const { role } = request.body;
        const row = roles.create({
          name: text(role.name),
          domainId: textOrNull(role.domain_id),
          description: textOrNull(role.description),
          options: (role.options ?? {}) as Json,
          extra: JSON.stringify(extras(role, KNOWN)),
        });
        return { body: { role: roleView(row, request.baseUrl) } };
      },
    }),
    ...memberRoutes({
      key: "role",
      plural: "roles",
      path: "/v3/roles/:role_id",
      find: role,
      view: (request, row) => roleView(row, request.baseUrl),
      properties,
      known: KNOWN,
      changes: (sent) => ({
        ...(typeof sent.name === "string" ? { name: sent.name } : {}),
        ...(sent.description === undefined ? {} : { description: textOrNull(sent.description) }),
        ...(sent.options === undefined ? {} : { options: sent.options as Json }),
      }),
      update: (row, changes) => roles.update(row, changes),
      delete: (row) => roles.delete(row),
    }),
    ...implicationRoutes(core, roles, role),
  ];
}

function implicationRoutes(core: Core, roles: RoleManager, role: Touched<RoleRow>): AnyRoute[] {
  const inference = (request: ApiRequest, { prior, implied }: Implication) => ({
    role_inference: {
      prior_role: roleReference(prior, request.baseUrl),
      implies: roleReference(implied, request.baseUrl),
    },
    links: { self: `${request.baseUrl}/v3/roles/${prior.id}/implies/${implied.id}` },
  });
  const path = "/v3/roles/:role_id/implies/:implied_id";
  const pair: Touched<Implication> = {
    kind: "implied role",
    first: true,
    find: ({ param }) => ({ prior: roles.get(param("role_id")), implied: roles.get(param("implied_id")) }),
    owner: () => ({}),
  };

  return [
    route({
      name: "implied-roles:list",
      method: "GET",
      path: "/v3/roles/:role_id/implies",
      policy: "identity:list_implied_roles",
      of: role,
      success: 200,
      handler(request) {
        const prior = request.thing;
        return {
          body: {
            role_inference: {
              prior_role: roleReference(prior, request.baseUrl),
              implies: roles.impliedOf(prior.id).map((role) => roleReference(role, request.baseUrl)),
            },
            links: { self: `${request.baseUrl}/v3/roles/${prior.id}/implies` },
          },
        };
      },
    }),
    route({
      name: "implied-roles:show",
      method: "GET",
      path,
      of: pair,
      policy: "identity:list_implied_roles",
      success: 200,
      handler(request) {
        roles.requireImplied(request.thing);
        return { body: inference(request, request.thing) };
      },
    }),
    route({
      name: "implied-roles:check",
      method: "HEAD",
      path,
      of: pair,
      policy: "identity:list_implied_roles",
      success: 204,
      handler({ thing }) {
        roles.requireImplied(thing);
        return undefined;
      },
    }),
    route({
      name: "implied-roles:create",
      method: "PUT",
      path,
      of: pair,
      policy: "identity:create_implied_role",
      success: 201,
      handler(request) {
        roles.imply(request.thing);
        return { body: inference(request, request.thing) };
      },
    }),
    route({
      name: "implied-roles:delete",
      method: "DELETE",
      path,
      of: pair,
      policy: "identity:delete_implied_role",
      success: 204,
      handler({ thing }) {
        roles.unimply(thing);
        return undefined;
      },
    }),
    route({
      name: "implied-roles:all",
      method: "GET",
      path: "/v3/role_inferences",
      policy: "identity:list_role_inference_rules",
      success: 200,
      handler(request) {
        const priors = [...new Set(core.store.memberships.implied.list().map(({ prior_id }) => prior_id))];
        const inferences = priors.flatMap((id) => {
          const prior = core.roles.all().get(id);
          if (prior === undefined) return [];
          return [
            {
              prior_role: roleReference(prior, request.baseUrl),
              implies: roles.impliedOf(id).map((role) => roleReference(role, request.baseUrl)),
            },
          ];
        });
        return { body: { role_inferences: inferences } };
      },
    }),
  ];
}
