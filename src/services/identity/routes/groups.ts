import { notFound } from "../../../kernel/errors.ts";
import { type AnyRoute, type ApiRequest, type Lookup, route } from "../../../kernel/http/route.ts";
import { hexId } from "../../../kernel/ids/ids.ts";
import type { IdentityContext } from "../context.ts";
import { missing, storeConflict } from "../errors.ts";
import type { ProjectManager } from "../manager/projects.ts";
import type { GroupRow, UserRow } from "../store/rows.ts";
import { groupView, userView } from "../views/views.ts";
import { domainOfRequest } from "./projects.ts";
import {
  collection,
  extras,
  filtered,
  inScope,
  type Json,
  mergeExtras,
  nameOf,
  nullableId,
  nullableString,
  pagedCollection,
  requireSameId,
  resourceSchema,
  text,
} from "./shared.ts";
import { userFilter } from "./user-filters.ts";

interface GroupBody {
  group: Json;
}

const KNOWN = ["id", "name", "domain_id", "description", "links"];
const properties = { name: nameOf(64), domain_id: nullableId, description: nullableString };

export function groupRoutes(identity: IdentityContext, projects: ProjectManager): AnyRoute[] {
  const { store, kernel, tokens } = identity;
  const { memberships } = store;
  const find = ({ param }: Lookup): GroupRow => {
    const row = store.groups.get(param("group_id"));
    if (row === undefined) throw missing("group", param("group_id"));
    return row;
  };
  const load = (request: ApiRequest<unknown>): GroupRow => {
    const row = store.groups.get(request.param("group_id"));
    request.authorize(row === undefined ? {} : { domainId: row.domain_id });
    return find(request);
  };
  /** Group and user of a membership. */
  const pair = (request: ApiRequest<unknown>): { group: GroupRow; user: UserRow } => {
    const group = store.groups.get(request.param("group_id"));
    const user = store.users.get(request.param("user_id"));
    request.authorize({ domainId: group?.domain_id ?? null, actorDomainId: user?.domain_id ?? null });
    if (user === undefined) throw missing("user", request.param("user_id"));
    if (group === undefined) throw missing("group", request.param("group_id"));
    return { group, user };
  };
  const requireFreeName = (name: string, domainId: string, exceptId: string | null) => {
    const taken = store.groups.find({ domain_id: domainId, name });
    if (taken !== undefined && taken.id !== exceptId) {
      throw storeConflict("group", `Duplicate entry found with name ${name} at domain ID ${domainId}`);
    }
  };

  return [
    route({
      name: "groups:list",
      method: "GET",
      path: "/v3/groups",
      policy: "identity:list_groups",
      success: 200,
      handler(request) {
        const { context } = request;
        request.authorize({ domainId: context.domainId });
        const views = store.groups
          .list()
          .filter(inScope(request))
          .map((row) => groupView(row, request.baseUrl));
        const fitting = filtered(request, views, ["name", "domain_id"]);
        return pagedCollection(request, "groups", fitting, (id) => store.groups.get(id) !== undefined);
      },
    }),
    route<GroupBody>({
      name: "groups:create",
      method: "POST",
      path: "/v3/groups",
      policy: "identity:create_group",
      request: resourceSchema("group", properties, { required: ["name"] }),
      success: 201,
      handler(request) {
        const { group } = request.body;
        const domainId = typeof group.domain_id === "string" ? group.domain_id : domainOfRequest(request);
        request.authorize({ domainId });
        const row = kernel.db.transaction(() => {
          projects.domain(domainId);
          requireFreeName(text(group.name), domainId, null);
          return store.groups.insert({
            id: hexId(),
            domain_id: domainId,
            name: text(group.name),
            description: text(group.description),
            extra: JSON.stringify(extras(group, KNOWN)),
          });
        });
        return { body: { group: groupView(row, request.baseUrl) } };
      },
    }),
    route({
      name: "groups:show",
      method: "GET",
      path: "/v3/groups/:group_id",
      policy: "identity:get_group",
      success: 200,
      handler: (request) => ({ body: { group: groupView(load(request), request.baseUrl) } }),
    }),
    route<GroupBody>({
      name: "groups:update",
      method: "PATCH",
      path: "/v3/groups/:group_id",
      policy: "identity:update_group",
      request: resourceSchema("group", properties, { minProperties: 1 }),
      success: 200,
      handler(request) {
        const row = load(request);
        const { group } = request.body;
        requireSameId(group, row.id, "group");
        const updated = kernel.db.transaction(() => {
          if (typeof group.name === "string") requireFreeName(group.name, row.domain_id, row.id);
          store.groups.update(row.id, {
            ...(typeof group.name === "string" ? { name: group.name } : {}),
            ...(group.description === undefined ? {} : { description: text(group.description) }),
            extra: mergeExtras(row.extra, extras(group, KNOWN)),
          });
          return store.groups.get(row.id) ?? row;
        });
        return { body: { group: groupView(updated, request.baseUrl) } };
      },
    }),
    route({
      name: "groups:delete",
      method: "DELETE",
      path: "/v3/groups/:group_id",
      policy: "identity:delete_group",
      url: (lookup) => void find(lookup),
      success: 204,
      handler(request) {
        const row = load(request);
        kernel.db.transaction(() => {
          store.assignments.forgetActor(row.id);
          store.groups.delete(row.id);
        });
        return undefined;
      },
    }),
    route({
      name: "groups:users",
      method: "GET",
      path: "/v3/groups/:group_id/users",
      policy: "identity:list_users_in_group",
      success: 200,
      handler(request) {
        const views = memberships
          .membersOf(load(request).id)
          .filter(inScope(request))
          .filter(userFilter(request, store))
          .map((user) => userView(user, null, request.baseUrl));
        return collection(request, "users", filtered(request, views, ["name", "domain_id", "enabled"]));
      },
    }),
    route({
      name: "groups:check-user",
      method: "GET",
      path: "/v3/groups/:group_id/users/:user_id",
      policy: "identity:check_user_in_group",
      success: 204,
      handler(request) {
        const { group, user } = pair(request);
        if (!memberships.isMember(group.id, user.id)) {
          throw notFound(`User '${user.id}' not found in group '${group.id}'`);
        }
        return undefined;
      },
    }),
    route({
      name: "groups:add-user",
      method: "PUT",
      path: "/v3/groups/:group_id/users/:user_id",
      policy: "identity:add_user_to_group",
      success: 204,
      handler(request) {
        const { group, user } = pair(request);
        memberships.addMember(group.id, user.id);
        return undefined;
      },
    }),
    route({
      name: "groups:remove-user",
      method: "DELETE",
      path: "/v3/groups/:group_id/users/:user_id",
      policy: "identity:remove_user_from_group",
      success: 204,
      handler(request) {
        const { group, user } = pair(request);
        if (!memberships.isMember(group.id, user.id)) {
          throw notFound(`User '${user.id}' not found in group '${group.id}'`);
        }
        kernel.db.transaction(() => {
          memberships.removeMember(group.id, user.id);
          tokens.revoke("user", user.id);
        });
        return undefined;
      },
    }),
  ];
}
