import { type AnyRoute, caller, route, type Touched } from "../../../kernel/http/route.ts";
import type { Membership } from "../manager/groups.ts";
import type { Managers } from "../manager/index.ts";
import { inGroup } from "../manager/lists.ts";
import { nameOf, nullableString, resourceSchema } from "../schemas/resource.ts";
import type { GroupRow } from "../store/rows.ts";
import { groupView, userView } from "../views/views.ts";
import { extras, type Json, text } from "./attributes.ts";
import { inScope, listOf } from "./collection.ts";
import { memberRoutes } from "./member.ts";
import { domainOfRequest } from "./projects.ts";
import { userConditions } from "./user-filters.ts";

interface GroupBody {
  group: Json;
}

const KNOWN = ["id", "name", "domain_id", "description", "links"];
const properties = { name: nameOf(64), domain_id: nullableString, description: nullableString };

export function groupRoutes({ core, groups, users }: Managers): AnyRoute[] {
  const { store } = core;
  const group: Touched<GroupRow> = {
    kind: "group",
    secret: true,
    find: ({ param }) => groups.get(param("group_id")),
    owner: ({ domain_id }) => ({ domainId: domain_id }),
  };
  /** Whether the user is a member or not. */
  const membership: Touched<Membership> = {
    kind: "membership",
    secret: true,
    find(request) {
      const user = users.get(request.param("user_id"));
      return { group: groups.get(request.param("group_id")), user };
    },
    owner: ({ group, user }) => ({ domainId: group.domain_id, actorDomainId: user.domain_id }),
  };

  return [
    route({
      name: "groups:list",
      method: "GET",
      path: "/v3/groups",
      policy: "identity:list_groups",
      of: caller,
      success: 200,
      handler(request) {
        return listOf(request, {
          key: "groups",
          table: store.groups,
          filters: ["name", "domain_id"],
          conditions: inScope(request),
          isPaged: true,
          views: (rows) => rows.map((row) => groupView(row, request.baseUrl)),
        });
      },
    }),
    route<GroupBody>({
      name: "groups:create",
      method: "POST",
      path: "/v3/groups",
      policy: "identity:create_group",
      of: caller,
      request: resourceSchema("group", properties, { required: ["name"] }),
      success: 201,
      handler(request) {
        const { group } = request.body;
        const domainId = typeof group.domain_id === "string" ? group.domain_id : domainOfRequest(request);
        request.authorize({ domainId });
        const row = groups.create({
          name: text(group.name),
          domainId,
          description: text(group.description),
          extra: JSON.stringify(extras(group, KNOWN)),
        });
        return { body: { group: groupView(row, request.baseUrl) } };
      },
    }),
    ...memberRoutes({
      key: "group",
      plural: "groups",
      path: "/v3/groups/:group_id",
      find: group,
      findToDelete: { ...group, first: true, secret: false },
      view: (request, row) => groupView(row, request.baseUrl),
      properties,
      known: KNOWN,
      changes: (sent) => ({
        ...(typeof sent.name === "string" ? { name: sent.name } : {}),
        ...(sent.description === undefined ? {} : { description: text(sent.description) }),
      }),
      update: (row, changes) => groups.update(row, changes),
      delete: (row) => groups.delete(row),
    }),
    route({
      name: "groups:users",
      method: "GET",
      path: "/v3/groups/:group_id/users",
      policy: "identity:list_users_in_group",
      of: group,
      success: 200,
      handler(request) {
        return listOf(request, {
          key: "users",
          table: store.users,
          filters: ["name", "domain_id", "enabled"],
          conditions: [...inScope(request), inGroup(request.thing.id), ...userConditions(request)],
          views: (rows) => rows.map((row) => userView(row, null, request.baseUrl)),
        });
      },
    }),
    route({
      name: "groups:check-user",
      method: "GET",
      path: "/v3/groups/:group_id/users/:user_id",
      policy: "identity:check_user_in_group",
      of: membership,
      success: 204,
      handler({ thing }) {
        groups.requireMember(thing);
        return undefined;
      },
    }),
    route({
      name: "groups:add-user",
      method: "PUT",
      path: "/v3/groups/:group_id/users/:user_id",
      policy: "identity:add_user_to_group",
      of: membership,
      success: 204,
      handler({ thing }) {
        groups.addMember(thing);
        return undefined;
      },
    }),
    route({
      name: "groups:remove-user",
      method: "DELETE",
      path: "/v3/groups/:group_id/users/:user_id",
      policy: "identity:remove_user_from_group",
      of: membership,
      success: 204,
      handler({ thing }) {
        groups.removeMember(thing);
        return undefined;
      },
    }),
  ];
}
