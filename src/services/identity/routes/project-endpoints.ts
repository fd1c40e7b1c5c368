import { conflict, notFound } from "../../../kernel/errors.ts";
import { type AnyRoute, type ApiRequest, type Method, route } from "../../../kernel/http/route.ts";
import type { IdentityContext } from "../context.ts";
import { missing } from "../errors.ts";
import { endpointsOfGroup, endpointsOfProject, projectsOfFilter } from "../manager/endpoint-filters.ts";
import type { EndpointGroupRow, ProjectRow } from "../store/rows.ts";
import { endpointView, projectView } from "../views/views.ts";
import { endpointGroupNotFound, endpointGroupView } from "./endpoint-filter.ts";
import { collection } from "./shared.ts";

const PREFIX = "/v3/OS-EP-FILTER";

type AnyRequest = ApiRequest<unknown>;

/** OS-EP-FILTER: endpoints and groups of them that a project's catalog is narrowed to. */
export function projectEndpointRoutes({ store }: IdentityContext): AnyRoute[] {
  const filters = store.endpointFilters;
  const endpoint = (request: AnyRequest): string => {
    const id = request.param("endpoint_id");
    if (store.endpoints.get(id) === undefined) throw missing("endpoint", id);
    return id;
  };
  const project = (request: AnyRequest): string => {
    const id = request.param("project_id");
    if (store.projects.get(id) === undefined) throw missing("project", id);
    return id;
  };
  const group = (request: AnyRequest): EndpointGroupRow => {
    const row = store.endpointGroups.get(request.param("group_id"));
    if (row === undefined) throw endpointGroupNotFound(request.param("group_id"));
    return row;
  };
  const projects = (request: AnyRequest, rows: readonly ProjectRow[]) =>
    collection(
      request,
      "projects",
      rows.map((row) => projectView(row, store.memberships.tagsOf(row.id), request.baseUrl)),
    );
  const get = (name: string, path: string, policy: string, handler: Parameters<typeof route>[0]["handler"]) =>
    route({ name, method: "GET", path: `${PREFIX}${path}`, policy: `identity:${policy}`, success: 200, handler });
  /** One association: put, looked for and taken away by the same path, without bodies. */
  const silent = (name: string, method: Method, path: string, policy: string, work: (request: AnyRequest) => void) =>
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
  const duplicate = (what: string) => conflict(`Conflict occurred attempting to store ${what} - Duplicate entry.`);
  const notInProject = (request: AnyRequest) =>
    notFound(`Endpoint ${request.param("endpoint_id")} not found in project ${request.param("project_id")}`);
  const notAssociated = () => notFound("Endpoint Group Project Association not found");
  const one = "/projects/:project_id/endpoints/:endpoint_id";
  const oneGroup = "/endpoint_groups/:group_id/projects/:project_id";
  return [
    silent("project-endpoints:add", "PUT", one, "add_endpoint_to_project", (request) => {
      if (!filters.add("endpoint", endpoint(request), project(request))) throw duplicate("project_endpoint");
    }),
    silent("project-endpoints:check", "GET", one, "check_endpoint_in_project", (request) => {
      if (!filters.has("endpoint", endpoint(request), project(request))) throw notInProject(request);
    }),
    silent("project-endpoints:remove", "DELETE", one, "remove_endpoint_from_project", (request) => {
      const removed = filters.remove("endpoint", request.param("endpoint_id"), request.param("project_id"));
      if (!removed) throw notInProject(request);
    }),
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
    silent("project-endpoint-groups:add", "PUT", oneGroup, "add_endpoint_group_to_project", (request) => {
      if (!filters.add("endpoint_group", group(request).id, project(request))) {
        throw duplicate("project_endpoint_group");
      }
    }),
    get("project-endpoint-groups:show", oneGroup, "get_endpoint_group_in_project", (request) => {
      const ids = { endpoint_group_id: group(request).id, project_id: project(request) };
      if (!filters.has("endpoint_group", ids.endpoint_group_id, ids.project_id)) throw notAssociated();
      const self = `/OS-EP-FILTER/endpoint_groups/${ids.endpoint_group_id}/projects/${ids.project_id}`;
      return { body: { project_endpoint_group: { ...ids, links: { self } } } };
    }),
    silent("project-endpoint-groups:remove", "DELETE", oneGroup, "remove_endpoint_group_from_project", (request) => {
      if (!filters.remove("endpoint_group", group(request).id, project(request))) throw notAssociated();
    }),
    get(
      "project-endpoint-groups:list",
      "/projects/:project_id/endpoint_groups",
      "list_endpoint_groups_for_project",
      (request) => {
        const rows = store.endpointGroups.getMany(filters.ofProject("endpoint_group", project(request)));
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
