import { type AnyRoute, route, type Touched } from "../../../kernel/http/route.ts";
import type { Managers } from "../manager/index.ts";
import { autoAllocate, removeTopology, requirements } from "../manager/topology.ts";

/** `/v2.0/auto-allocated-topology/<project>`, behind `openstack server create --network auto`. */
export function topologyRoutes(managers: Managers): AnyRoute[] {
  const path = "/v2.0/auto-allocated-topology/:project_id";
  const project: Touched<string> = {
    kind: "project",
    find({ param, context }) {
      const sent = param("project_id");
      return sent === "null" || sent === "None" ? (context.projectId ?? "") : sent;
    },
    owner: (id) => ({ owners: [id] }),
  };
  return [
    route({
      name: "auto_allocated_topology:show",
      method: "GET",
      path,
      policy: "get_auto_allocated_topology",
      of: project,
      success: 200,
      handler(request) {
        const project = request.thing;
        if (request.query.get("fields") === "dry-run") {
          requirements(managers, request.context);
          return { body: { auto_allocated_topology: { id: "dry-run=pass", tenant_id: project, project_id: project } } };
        }
        const { id } = autoAllocate(managers, request.context, project);
        return { body: { auto_allocated_topology: { id, tenant_id: project, project_id: project } } };
      },
    }),
    route({
      name: "auto_allocated_topology:delete",
      method: "DELETE",
      path,
      policy: "delete_auto_allocated_topology",
      of: project,
      success: 204,
      handler(request) {
        removeTopology(managers, request.context, request.thing);
        return undefined;
      },
    }),
  ];
}
