import { type AnyRoute, type ApiRequest, route } from "../../../kernel/http/route.ts";
import { disallowed } from "../errors.ts";
import type { NetworkManagers } from "../manager/service.ts";
import { autoAllocate, removeTopology, requirements } from "../manager/topology.ts";

/** `/v2.0/auto-allocated-topology/<project>`, behind `openstack server create --network auto`. */
export function topologyRoutes(managers: NetworkManagers): AnyRoute[] {
  const path = "/v2.0/auto-allocated-topology/:project_id";
  const projectOf = (request: ApiRequest, rule: string): string => {
    const sent = request.param("project_id");
    const project = sent === "null" || sent === "None" ? (request.context.projectId ?? "") : sent;
    if (!request.context.isAdmin && project !== request.context.projectId) throw disallowed(`rule:${rule}`);
    return project;
  };
  return [
    route({
      name: "auto_allocated_topology:show",
      method: "GET",
      path,
      policy: "get_auto_allocated_topology",
      success: 200,
      handler(request) {
        const project = projectOf(request, "get_auto_allocated_topology");
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
      success: 204,
      handler(request) {
        removeTopology(managers, request.context, projectOf(request, "delete_auto_allocated_topology"));
        return undefined;
      },
    }),
  ];
}
