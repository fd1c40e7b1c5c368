import { projectOf, sees } from "../../../kernel/auth/context.ts";
import { notFound } from "../../../kernel/errors.ts";
import { type Microversion, mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, caller, type JsonSchema, ofProject, route } from "../../../kernel/http/route.ts";
import type { Core } from "../manager/core.ts";
import { createServerGroup, deleteServerGroup } from "../manager/server-groups.ts";
import { name, object, positiveInteger } from "../schemas/parameter-types.ts";
import { listServerGroups } from "../schemas/queries.ts";
import { byVersion } from "../schemas/servers.ts";
import type { ServerGroupRow } from "../store/server-groups.ts";
import { offsetPage } from "./paging.ts";

const policy = (verb: string) => `os_compute_api:os-server-groups:${verb}`;
const createBody = byVersion(["2.15", "2.64"], (version): JsonSchema => {
  const soft = version >= mv("2.15") ? ["soft-anti-affinity", "soft-affinity"] : [];
  const policies: JsonSchema = { type: "string", enum: ["anti-affinity", "affinity", ...soft] };
  const fields =
    version >= mv("2.64")
      ? object({ name, policy: policies, rules: object({ max_server_per_host: positiveInteger }) }, ["name", "policy"])
      : object({ name, policies: { type: "array", items: policies, minItems: 1, maxItems: 1, uniqueItems: true } }, [
          "name",
          "policies",
        ]);
  return object({ server_group: fields }, ["server_group"]);
});

/** Server groups. */
export function serverGroupRoutes(core: Core): AnyRoute[] {
  const { groups, kernel } = core;
  const view = (group: ServerGroupRow, members: readonly string[], version: Microversion) => ({
    id: group.id,
    name: group.name,
    ...(version >= mv("2.64")
      ? { policy: group.policy, rules: JSON.parse(group.rules), members }
      : { policies: [group.policy], metadata: {}, members }),
    ...(version >= mv("2.13") ? { project_id: group.project_id, user_id: group.user_id } : {}),
  });
  const group = ofProject<ServerGroupRow>("server group", ({ context, param }) => {
    const found = groups.get(param("id"));
    if (found === undefined || !sees(context, found))
      throw notFound(`Instance group ${param("id")} could not be found.`);
    return found;
  });
  return [
    route({
      name: "server-groups:list",
      method: "GET",
      path: "/os-server-groups",
      policy: policy("index"),
      query: listServerGroups,
      of: caller,
      success: 200,
      handler(request) {
        const all = request.query.has("all_projects") && request.context.isAdmin;
        const asked = offsetPage(request, kernel.settings.compute.maxLimit);
        const page = groups.page(all ? null : projectOf(request.context), asked);
        const members = groups.members(page.map(({ id }) => id));
        return {
          body: { server_groups: page.map((group) => view(group, members.get(group.id) ?? [], request.microversion)) },
        };
      },
    }),
    route<{ server_group: { name: string; policy?: string; policies?: string[]; rules?: Record<string, unknown> } }>({
      name: "server-groups:create",
      method: "POST",
      path: "/os-server-groups",
      policy: policy("create"),
      of: caller,
      request: createBody,
      success: 200,
      handler(request) {
        const wanted = request.body.server_group;
        const most = wanted.rules?.max_server_per_host;
        const group = createServerGroup(core, request.context, {
          name: wanted.name,
          projectId: projectOf(request.context),
          policy: wanted.policy ?? wanted.policies?.[0] ?? "",
          mostPerHost: most === undefined ? null : Number(most),
        });
        return { body: { server_group: view(group, [], request.microversion) } };
      },
    }),
    route({
      name: "server-groups:show",
      method: "GET",
      path: "/os-server-groups/:id",
      policy: policy("show"),
      of: group,
      success: 200,
      handler(request) {
        const group = request.thing;
        const members = groups.members([group.id]).get(group.id) ?? [];
        return { body: { server_group: view(group, members, request.microversion) } };
      },
    }),
    route({
      name: "server-groups:delete",
      method: "DELETE",
      path: "/os-server-groups/:id",
      policy: policy("delete"),
      of: group,
      success: 204,
      handler(request) {
        deleteServerGroup(core, request.thing);
        return {};
      },
    }),
  ];
}
