import { badRequest } from "../../../kernel/errors.ts";
import type { AnyRoute, ApiRequest } from "../../../kernel/http/route.ts";

const PROJECT = ":url_project_id{[0-9a-f]{32}|[0-9a-f-]{36}}";

/**
 * The same records under every form of URL nova answers: /v2.1/… and /v2/…, each also with the project's id in front
 * (what the catalog's nova_legacy entry and old clients use).
 */
export function everyVersion(routes: readonly AnyRoute[]): AnyRoute[] {
  return routes.flatMap((route) => [
    { ...route, path: `/v2.1${route.path}` },
    { ...ofOwnProject(route), name: `${route.name} (project in path)`, path: `/v2.1/${PROJECT}${route.path}` },
    { ...route, name: `${route.name} (v2)`, path: `/v2${route.path}` },
    { ...ofOwnProject(route), name: `${route.name} (v2, project in path)`, path: `/v2/${PROJECT}${route.path}` },
  ]);
}

/** The token says whose things are seen; a URL that names another project is a mistake. Errors: 400. */
function ofOwnProject(route: AnyRoute): AnyRoute {
  return {
    ...route,
    url({ param, context: { projectId } }) {
      const named = param("url_project_id");
      if (projectId === null || named === projectId) return;
      throw badRequest(
        `Malformed request URL: URL's project_id '${named}' doesn't match Context's project_id '${projectId}'`,
      );
    },
  };
}

/** Where links of this answer begin: "http://10.0.0.5/compute/v2.1". */
export function linkBase(request: ApiRequest<never> | ApiRequest<unknown>): string {
  return request.baseUrl + (request.path.startsWith("/v2/") ? "/v2" : "/v2.1");
}

/** `self` and `bookmark`, as all of nova's resources have. */
export function links(request: { baseUrl: string }, base: string, path: string): { rel: string; href: string }[] {
  return [
    { rel: "self", href: `${base}/${path}` },
    { rel: "bookmark", href: `${request.baseUrl}/${path}` },
  ];
}

/** The token's project. Errors: 400 for a token without one (system or domain scope). */
export function projectOf(request: ApiRequest<never> | ApiRequest<unknown>): string {
  const { projectId } = request.context;
  if (projectId === null) throw badRequest("A project-scoped token is needed for this.");
  return projectId;
}

/** `next` link of a page, keeping the query but for the marker. */
export function nextLink(
  request: ApiRequest<never> | ApiRequest<unknown>,
  path: string,
  marker: string,
): { rel: string; href: string } {
  const query = new URLSearchParams(request.query);
  query.set("marker", marker);
  return { rel: "next", href: `${linkBase(request)}${path}?${query}` };
}

/** The page size a request asks for, at most the configured one; 0 asks for nothing at all. */
export function pageLimit(request: ApiRequest<never> | ApiRequest<unknown>, max: number): number {
  const text = request.query.get("limit");
  const asked = text === null || text === "" ? max : Number(text);
  if (!Number.isInteger(asked) || asked < 0) throw badRequest("limit param must be an integer");
  return Math.min(asked, max);
}
