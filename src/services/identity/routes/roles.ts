import { conflict, forbidden, notFound } from "../../../kernel/errors.ts";
import { type AnyRoute, type ApiRequest, type Lookup, route, type Touched } from "../../../kernel/http/route.ts";
import { hexId } from "../../../kernel/ids/ids.ts";
import type { IdentityContext } from "../context.ts";
import { immutableResource, missing, storeConflict } from "../errors.ts";
import { isImmutable, optionsOf, type ProjectManager, setsMutable } from "../manager/projects.ts";
import type { RoleResolver } from "../manager/roles.ts";
import type { RoleRow } from "../store/rows.ts";
import { roleReference, roleView } from "../views/views.ts";
import {
  collection,
  extras,
  filtered,
  type Json,
  mergeExtras,
  nameOf,
  nullableId,
  nullableString,
  requireSameId,
  resourceSchema,
  text,
  textOrNull,
} from "./shared.ts";

interface RoleBody {
  role: Json;
}

/** Whether the one implies the other or not. */
interface Implication {
  prior: RoleRow;
  implied: RoleRow;
}

const KNOWN = ["id", "name", "domain_id", "description", "options", "links"];
const properties = {
  name: nameOf(255),
  description: nullableString,
  domain_id: nullableId,
  options: { type: "object", properties: { immutable: { type: ["boolean", "null"] } }, additionalProperties: false },
};

function find(roles: RoleResolver, { param }: Lookup, parameter: "role_id" | "implied_id"): RoleRow {
  const row = roles.all().get(param(parameter));
  if (row === undefined) throw missing("role", param(parameter));
  return row;
}

export function roleRoutes(identity: IdentityContext, projects: ProjectManager): AnyRoute[] {
  const { store, kernel, roles } = identity;
  const role: Touched<RoleRow> = {
    kind: "role",
    first: true,
    find: (request) => find(roles, request, "role_id"),
    owner: ({ name }) => ({ roleName: name }),
  };
  const requireFreeName = (name: string, domainId: string | null, exceptId: string | null) => {
    const taken = store.roles.find({ domain_id: domainId, name });
    if (taken !== undefined && taken.id !== exceptId) {
      throw storeConflict("role", `Duplicate entry found with name ${name}`);
    }
  };

  return [
    route({
      name: "roles:list",
      method: "GET",
      path: "/v3/roles",
      policy: "identity:list_roles",
      success: 200,
      handler(request) {
        const domainId = request.query.get("domain_id");
        const views = store.roles.list({ domain_id: domainId }).map((row) => roleView(row, request.baseUrl));
        return collection(request, "roles", filtered(request, views, ["name"]));
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
        const domainId = textOrNull(role.domain_id);
        const row = kernel.db.transaction(() => {
          if (domainId !== null) projects.domain(domainId);
          requireFreeName(text(role.name), domainId, null);
          return store.roles.insert({
            id: hexId(),
            name: text(role.name),
            domain_id: domainId,
            description: textOrNull(role.description),
            options: optionsOf("{}", role.options as Json | undefined),
            extra: JSON.stringify(extras(role, KNOWN)),
          });
        });
        return { body: { role: roleView(row, request.baseUrl) } };
      },
    }),
    route({
      name: "roles:show",
      method: "GET",
      path: "/v3/roles/:role_id",
      policy: "identity:get_role",
      of: role,
      success: 200,
      handler: (request) => ({ body: { role: roleView(request.thing, request.baseUrl) } }),
    }),
    route<RoleBody, RoleRow>({
      name: "roles:update",
      method: "PATCH",
      path: "/v3/roles/:role_id",
      policy: "identity:update_role",
      of: role,
      request: resourceSchema("role", properties, { minProperties: 1 }),
      success: 200,
      handler(request) {
        const row = request.thing;
        const { role } = request.body;
        requireSameId(role, row.id, "role");
        const options = role.options as Json | undefined;
        if (isImmutable(row.options) && !setsMutable(options)) throw immutableResource("role", row.id);
        kernel.db.transaction(() => {
          if (typeof role.name === "string") requireFreeName(role.name, row.domain_id, row.id);
          store.roles.update(row.id, {
            ...(typeof role.name === "string" ? { name: role.name } : {}),
            ...(role.description === undefined ? {} : { description: textOrNull(role.description) }),
            ...(options === undefined ? {} : { options: optionsOf(row.options, options) }),
            extra: mergeExtras(row.extra, extras(role, KNOWN)),
          });
        });
        return { body: { role: roleView(store.roles.get(row.id) ?? row, request.baseUrl) } };
      },
    }),
    route({
      name: "roles:delete",
      method: "DELETE",
      path: "/v3/roles/:role_id",
      policy: "identity:delete_role",
      of: role,
      success: 204,
      handler({ thing: row }) {
        if (isImmutable(row.options)) throw immutableResource("role", row.id);
        kernel.db.transaction(() => store.roles.delete(row.id));
        return undefined;
      },
    }),
    ...implicationRoutes(identity, role),
  ];
}

function implicationRoutes({ store, kernel, roles }: IdentityContext, role: Touched<RoleRow>): AnyRoute[] {
  const { memberships } = store;
  const inference = (request: ApiRequest<unknown>, { prior, implied }: Implication) => ({
    role_inference: {
      prior_role: roleReference(prior, request.baseUrl),
      implies: roleReference(implied, request.baseUrl),
    },
    links: { self: `${request.baseUrl}/v3/roles/${prior.id}/implies/${implied.id}` },
  });
  const impliedOf = (priorId: string): RoleRow[] =>
    memberships.implications().flatMap(({ prior_id, implied_id }) => {
      const role = prior_id === priorId ? roles.all().get(implied_id) : undefined;
      return role === undefined ? [] : [role];
    });
  const implies = ({ prior, implied }: Implication): boolean => impliedOf(prior.id).some(({ id }) => id === implied.id);
  const requireExisting = (pair: Implication) => {
    if (!implies(pair)) throw notFound(`${pair.prior.id} does not imply ${pair.implied.id}.`);
  };
  const path = "/v3/roles/:role_id/implies/:implied_id";
  const pair: Touched<Implication> = {
    kind: "implied role",
    first: true,
    find: (request) => ({ prior: find(roles, request, "role_id"), implied: find(roles, request, "implied_id") }),
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
              implies: impliedOf(prior.id).map((role) => roleReference(role, request.baseUrl)),
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
        requireExisting(request.thing);
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
        requireExisting(thing);
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
        const { prior, implied } = request.thing;
        if (implied.name === "admin") throw forbidden(`${implied.id} cannot be an implied roles.`);
        if (prior.domain_id === null && implied.domain_id !== null) throw forbidden(domainRoleImplied(implied));
        if (implies(request.thing)) {
          throw conflict(`Conflict occurred attempting to store implied_role - Duplicate entry.`);
        }
        kernel.db.transaction(() => memberships.imply(prior.id, implied.id));
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
        requireExisting(thing);
        kernel.db.transaction(() => memberships.unimply(thing.prior.id, thing.implied.id));
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
        const priors = [...new Set(memberships.implications().map(({ prior_id }) => prior_id))];
        const inferences = priors.flatMap((id) => {
          const prior = roles.all().get(id);
          if (prior === undefined) return [];
          return [
            {
              prior_role: roleReference(prior, request.baseUrl),
              implies: impliedOf(id).map((role) => roleReference(role, request.baseUrl)),
            },
          ];
        });
        return { body: { role_inferences: inferences } };
      },
    }),
  ];
}

/** keystone's words for a global role that would lead into one domain. */
const domainRoleImplied = (implied: RoleRow) => `${implied.id} cannot be an implied roles.`;
