import { badRequest } from "../../../kernel/errors.ts";
import { mv } from "../../../kernel/http/microversion.ts";
import type { AnyRoute, ApiRequest } from "../../../kernel/http/route.ts";
import { isoMoment } from "../../../kernel/time/moment.ts";

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
export function linkBase(request: ApiRequest): string {
  return request.baseUrl + (request.path.startsWith("/v2/") ? "/v2" : "/v2.1");
}

/** `self` and `bookmark`, as all of nova's resources have. */
export function links(request: { baseUrl: string }, base: string, path: string): { rel: string; href: string }[] {
  return [
    { rel: "self", href: `${base}/${path}` },
    { rel: "bookmark", href: `${request.baseUrl}/${path}` },
  ];
}

/** A moment of a query: without a zone it is UTC. null: not asked for. Errors: 400. */
export function momentOf(request: ApiRequest, name: string): number | null {
  const text = request.query.get(name);
  if (text === null) return null;
  const time = isoMoment(text);
  if (Number.isNaN(time)) {
    throw badRequest(`Invalid input for query parameters ${name}. Value: ${text}. '${text}' is not a 'date-time'`);
  }
  return time;
}

/** changes-since and (since 2.66) changes-before. Errors: 400 when they are the wrong way round. */
export function changesOf(request: ApiRequest): { since: number; before: number } {
  const since = momentOf(request, "changes-since") ?? Number.NEGATIVE_INFINITY;
  const before = request.microversion >= mv("2.66") ? momentOf(request, "changes-before") : null;
  if (before !== null && before < since) {
    throw badRequest("The value of changes-since must be less than or equal to changes-before.");
  }
  return { since, before: before ?? Number.POSITIVE_INFINITY };
}
