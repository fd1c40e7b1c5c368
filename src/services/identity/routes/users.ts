import { badRequest } from "../../../kernel/errors.ts";
import { type AnyRoute, type ApiRequest, caller, route } from "../../../kernel/http/route.ts";
import type { Managers } from "../manager/index.ts";
import { BY_NAME, isAmong, withMember } from "../manager/lists.ts";
import { boolean, nameOf, nullableString, resourceSchema } from "../schemas/resource.ts";
import type { UserRow } from "../store/rows.ts";
import { groupView, projectView, userView } from "../views/views.ts";
import { extras, type Json, mergeExtras, requireSameId, text } from "./attributes.ts";
import { inScope, listOf } from "./collection.ts";
import { domainOfRequest } from "./projects.ts";
import { userOf } from "./touched.ts";
import { userConditions } from "./user-filters.ts";

interface UserBody {
  user: Json;
}

const KNOWN = [
  "id",
  "name",
  "domain_id",
  "enabled",
  "default_project_id",
  "options",
  "password",
  "password_expires_at",
  "links",
  "extra",
];
const properties = {
  name: nameOf(255),
  domain_id: nullableString,
  default_project_id: nullableString,
  description: nullableString,
  email: nullableString,
  enabled: boolean,
  password: { type: ["string", "null"], maxLength: 4096 },
  options: { type: "object" },
};

export function userRoutes({ core, users }: Managers): AnyRoute[] {
  const { store, roles } = core;
  const view = (request: ApiRequest, row: UserRow) =>
    userView(row, store.passwords.current(row.id)?.expires_at ?? null, request.baseUrl);
  const user = userOf(users);

  return [
    route({
      name: "users:list",
      method: "GET",
      path: "/v3/users",
      policy: "identity:list_users",
      of: caller,
      success: 200,
      handler(request) {
        return listOf(request, {
          key: "users",
          table: store.users,
          filters: ["name", "domain_id", "enabled"],
          conditions: [...inScope(request), ...userConditions(request)],
          isPaged: true,
          views: (rows) => rows.map((row) => userView(row, null, request.baseUrl)),
        });
      },
    }),
    route<UserBody, unknown>({
      name: "users:create",
      method: "POST",
      path: "/v3/users",
      policy: "identity:create_user",
      of: caller,
      request: resourceSchema("user", properties, { required: ["name"] }),
      success: 201,
      async handler(request) {
        const { user } = request.body;
        const domainId = typeof user.domain_id === "string" ? user.domain_id : domainOfRequest(request);
        request.authorize({ domainId });
        const row = await users.create({
          name: text(user.name),
          domainId,
          enabled: user.enabled !== false,
          defaultProjectId: typeof user.default_project_id === "string" ? user.default_project_id : null,
          options: (user.options ?? {}) as Json,
          password: typeof user.password === "string" ? user.password : null,
          extra: JSON.stringify(extras(user, KNOWN)),
        });
        return { body: { user: view(request, row) } };
      },
    }),
    route({
      name: "users:show",
      method: "GET",
      path: "/v3/users/:user_id",
      policy: "identity:get_user",
      of: user,
      success: 200,
      handler: (request) => ({ body: { user: view(request, request.thing) } }),
    }),
    route<UserBody, UserRow>({
      name: "users:update",
      method: "PATCH",
      path: "/v3/users/:user_id",
      policy: "identity:update_user",
      of: user,
      request: resourceSchema("user", properties, { minProperties: 1 }),
      success: 200,
      async handler(request) {
        const row = request.thing;
        const { user } = request.body;
        requireSameId(user, row.id, "user");
        if (user.domain_id !== undefined && user.domain_id !== row.domain_id) {
          throw badRequest("Cannot change Domain ID");
        }
        const updated = await users.update(row.id, {
          ...(typeof user.name === "string" ? { name: user.name } : {}),
          ...(typeof user.enabled === "boolean" ? { enabled: user.enabled } : {}),
          ...(user.default_project_id === undefined
            ? {}
            : { defaultProjectId: typeof user.default_project_id === "string" ? user.default_project_id : null }),
          ...(user.options === undefined ? {} : { options: user.options as Json }),
          ...(user.password === undefined ? {} : { password: user.password as string | null }),
          extra: mergeExtras(row.extra, extras(user, KNOWN)),
        });
        const extra = JSON.parse(updated.extra) as Json;
        // keystone shows the extra attributes twice in this answer when there are any.
        return { body: { user: { ...view(request, updated), ...(Object.keys(extra).length > 0 ? { extra } : {}) } } };
      },
    }),
    route({
      name: "users:delete",
      method: "DELETE",
      path: "/v3/users/:user_id",
      policy: "identity:delete_user",
      of: user,
      success: 204,
      handler({ thing }) {
        users.delete(thing.id);
        return undefined;
      },
    }),
    route<{ user: { password: string; original_password: string } }>({
      name: "users:change-password",
      method: "POST",
      path: "/v3/users/:user_id/password",
      policy: "identity:change_password",
      request: resourceSchema(
        "user",
        {
          password: { type: "string", maxLength: 4096 },
          original_password: { type: "string", maxLength: 4096 },
        },
        { required: ["original_password", "password"] },
      ),
      success: 204,
      async handler(request) {
        const { original_password, password } = request.body.user;
        await users.changePassword(request.param("user_id"), original_password, password);
        return undefined;
      },
    }),
    route({
      name: "users:groups",
      method: "GET",
      path: "/v3/users/:user_id/groups",
      policy: "identity:list_groups_for_user",
      of: user,
      success: 200,
      handler(request) {
        return listOf(request, {
          key: "groups",
          table: store.groups,
          filters: ["name"],
          conditions: [...inScope(request), withMember(request.thing.id)],
          views: (rows) => rows.map((row) => ({ ...groupView(row, request.baseUrl), membership_expires_at: null })),
        });
      },
    }),
    route({
      name: "users:projects",
      method: "GET",
      path: "/v3/users/:user_id/projects",
      policy: "identity:list_user_projects",
      of: user,
      success: 200,
      handler(request) {
        return listOf(request, {
          key: "projects",
          table: store.projects,
          filters: ["domain_id", "name", "enabled"],
          conditions: [isAmong(roles.projectsOf(request.thing.id))],
          order: BY_NAME,
          views(rows) {
            const tags = store.memberships.tagsOfMany(rows);
            return rows.map((row) => projectView(row, tags.get(row.id) ?? [], request.baseUrl));
          },
        });
      },
    }),
  ];
}
