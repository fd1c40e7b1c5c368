import { badRequest } from "../../../kernel/errors.ts";
import type { AnyRoute, ApiRequest } from "../../../kernel/http/route.ts";

/**
 * The same records under both forms of URL: /v3/volumes and, as the catalog's volumev3 entry has it, /v3/{project_id}/volumes.
 * (Cinder takes the short form since 3.67, whatever version a request then asks for.)
 */
export function bothPaths(routes: readonly AnyRoute[]): AnyRoute[] {
  return routes.flatMap((route) => [
    { ...route, path: `/v3${route.path}` },
    {
      ...route,
      name: `${route.name} (project in path)`,
      path: `/v3/:url_project_id${route.path}`,
      url({ param, context: { projectId } }) {
        // Cinder's words for a project other than the token's.
        if (projectId !== null && param("url_project_id") !== projectId) throw badRequest("Malformed request url");
      },
    },
  ]);
}

/** What views ask of a request. */
export function viewOf(request: ApiRequest) {
  const { context, microversion, baseUrl, path } = request;
  return {
    version: microversion,
    isAdmin: context.isAdmin,
    seesHosts: context.isAdmin || context.roles.has("service"),
    baseUrl,
    projectId: path.startsWith(`/v3/${context.projectId}/`) ? context.projectId : null,
  };
}
