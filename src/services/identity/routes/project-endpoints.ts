import { type AnyRoute, type ApiRequest, type Method, route } from "../../../kernel/http/route.ts";
import { endpointsOfGroup, endpointsOfProject, projectsOfFilter } from "../manager/endpoint-filters.ts";
import type { Managers } from "../manager/index.ts";
import type { EndpointGroupRow, ProjectRow } from "../store/rows.ts";
import { endpointView, projectView } from "../views/views.ts";
import { collection } from "./collection.ts";
import { endpointGroupView } from "./endpoint-filter.ts";

const PREFIX = "/v3/OS-EP-FILTER";

/** OS-EP-FILTER: endpoints and groups of them that a project's catalog is narrowed to. */
export function projectEndpointRoutes({ core: { store }, endpointGroups: groups }: Managers): AnyRoute[] {
  const endpoint = ({ param }: ApiRequest): string => {
    groups.requireEndpoint(param("endpoint_id"));
    return param("endpoint_id");
  };
  const project = ({ param }: ApiRequest): string => {
    groups.requireProject(param("project_id"));
    return param("project_id");
  };
  const group = ({ param }: ApiRequest): EndpointGroupRow => groups.get(param("group_id"));
  const projects = (request: ApiRequest, rows: readonly ProjectRow[]) =>
    collection(
      request,
      "projects",
      rows.map((row) => projectView(row, store.memberships.tagsOf(row.id), request.baseUrl)),
    );
  const get = (name: string, path: string, policy: string, handler: Parameters<typeof route>[0]["handler"]) =>
    route({ name, method: "GET", path: `${PREFIX}${path}`, policy: `identity:${policy}`, success: 200, handler });
  /** One association: put, looked for and taken away by the same path, without bodies. */
  const silent = (name: string, method: Method, path: string, policy: string, work: (request: ApiRequest) => void) =>
    route({
      name,
      method,
      path: `${PREFIX}${path}`,
      policy: `identity:${policy}`,
      success: 204,
      handler(request) {
        work(request);
        return undefined;
      },
    });
  const one = "/projects/:project_id/endpoints/:endpoint_id";
  const oneGroup = "/endpoint_groups/:group_id/projects/:project_id";
  return [
    silent("project-endpoints:add", "PUT", one, "add_endpoint_to_project", ({ param }) =>
      groups.addEndpoint(param("endpoint_id"), param("project_id")),
    ),
    silent("project-endpoints:check", "GET", one, "check_endpoint_in_project", ({ param }) =>
      groups.checkEndpoint(param("endpoint_id"), param("project_id")),
    ),
    silent("project-endpoints:remove", "DELETE", one, "remove_endpoint_from_project", ({ param }) =>
      groups.removeEndpoint(param("endpoint_id"), param("project_id")),
    ),
    get("project-endpoints:list", "/projects/:project_id/endpoints", "list_endpoints_for_project", (request) => {
      const rows = endpointsOfProject(store, project(request));
      return collection(
        request,
        "endpoints",
        rows.map((row) => endpointView(row, request.baseUrl)),
      );
    }),
    get("endpoint-projects:list", "/endpoints/:endpoint_id/projects", "list_projects_for_endpoint", (request) =>
      projects(request, projectsOfFilter(store, "endpoint", endpoint(request))),
    ),
    silent("project-endpoint-groups:add", "PUT", oneGroup, "add_endpoint_group_to_project", (request) =>
      groups.addGroup(group(request), request.param("project_id")),
    ),
    get("project-endpoint-groups:show", oneGroup, "get_endpoint_group_in_project", (request) => {
      const ids = { endpoint_group_id: request.param("group_id"), project_id: request.param("project_id") };
      groups.checkGroup(group(request), ids.project_id);
      const self = `/OS-EP-FILTER/endpoint_groups/${ids.endpoint_group_id}/projects/${ids.project_id}`;
      return { body: { project_endpoint_group: { ...ids, links: { self } } } };
    }),
    silent("project-endpoint-groups:remove", "DELETE", oneGroup, "remove_endpoint_group_from_project", (request) =>
      groups.removeGroup(group(request), request.param("project_id")),
    ),
    get(
      "project-endpoint-groups:list",
      "/projects/:project_id/endpoint_groups",
      "list_endpoint_groups_for_project",
      (request) => {
        const rows = store.endpointGroups.getMany(store.endpointFilters.ofProject("endpoint_group", project(request)));
        return collection(
          request,
          "endpoint_groups",
          rows.map((row) => endpointGroupView(row, request.baseUrl)),
        );
      },
    ),
    get(
      "endpoint-group-projects:list",
      "/endpoint_groups/:group_id/projects",
      "list_projects_associated_with_endpoint_group",
      (request) => projects(request, projectsOfFilter(store, "endpoint_group", group(request).id)),
    ),
    get(
      "endpoint-group-endpoints:list",
      "/endpoint_groups/:group_id/endpoints",
      "list_endpoints_associated_with_endpoint_group",
      (request) =>
        collection(
          request,
          "endpoints",
          endpointsOfGroup(store, group(request).id).map((row) => endpointView(row, request.baseUrl)),
        ),
    ),
  ];
}
