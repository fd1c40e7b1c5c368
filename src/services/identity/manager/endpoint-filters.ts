import type { EndpointRow, ProjectRow } from "../store/rows.ts";
import type { IdentityStore } from "../store/store.ts";

/** The endpoints that an endpoint group's filters fit. */
export function endpointsOfGroup(store: IdentityStore, groupId: string): EndpointRow[] {
  const filters = Object.entries(JSON.parse(store.endpointGroups.get(groupId)?.filters ?? "{}") as object);
  return store.endpoints
    .list()
    .filter((row) => filters.every(([name, value]) => row[name as keyof EndpointRow] === value));
}

/** Those a project is associated with, by itself and through groups; none means all. */
export function endpointsOfProject(store: IdentityStore, projectId: string): EndpointRow[] {
  const own = store.endpoints.getMany(store.endpointFilters.ofProject("endpoint", projectId));
  const grouped = store.endpointFilters
    .ofProject("endpoint_group", projectId)
    .flatMap((groupId) => endpointsOfGroup(store, groupId));
  return [...new Map([...own, ...grouped].map((row) => [row.id, row])).values()];
}

export function projectsOfFilter(store: IdentityStore, kind: "endpoint" | "endpoint_group", id: string): ProjectRow[] {
  return store.projects.getMany(store.endpointFilters.projectsOf(kind, id));
}
