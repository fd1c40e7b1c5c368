import type { RequestContext } from "../../../kernel/auth/context.ts";
import { type Range, reversed, sifted } from "../../../kernel/db/list.ts";
import { ApiError, badRequest } from "../../../kernel/errors.ts";
import { type AnyRoute, type ApiRequest, route, type Touched } from "../../../kernel/http/route.ts";
import {
  type Attributes,
  type Body,
  type Names,
  parseCreate,
  parseUpdate,
  postBodies,
  requireSettable,
  singleBody,
} from "../schemas/attribute.ts";
import type { Listed } from "../store/listed.ts";
import {
  askedOf,
  type Filters,
  filtersOf,
  linksOf,
  matches,
  type Page,
  type PageRules,
  paged,
  shownTo,
} from "./listing.ts";

type Change = "update" | "delete";

/** One collection of the API: what differs between them. Everything here is synchronous; creates are one transaction. */
export interface Resource {
  names: Names;
  /** "/v2.0/security-groups" */
  path: string;
  attributes: Attributes;
  /** Filters that are no attributes. */
  filters?: readonly string[];
  /** The table that it lists: which sort keys sqlite knows. */
  listed: Pick<Listed<never>, "order" | "place">;
  /** Everything the caller may see, at least narrowed by the filters that are columns: all of it, ordered by id, or a range. */
  list(context: RequestContext, filters: Filters, range?: Range): Body[];
  /** Errors: 404 for what is not there or not the caller's to see. */
  get(context: RequestContext, id: string): Body;
  /** Bodies come parsed: defaults filled in, `project_id` set. All or none. */
  create?(context: RequestContext, bodies: readonly Body[]): Body[];
  update?(context: RequestContext, id: string, changes: Body): Body;
  remove?(context: RequestContext, id: string): void;
  /** The list has no pages: limit and marker say nothing. */
  unpaged?: boolean;
  /** What a marker that is not there does: 404 as `get`, or (absent) nothing. */
  unknownMarker?: "refused";
  /** Projects that may change it; its own when absent. */
  owners?(view: Body, verb: Change): readonly string[];
}

/** Neutron looks up some markers as it looks up things (404 when they are not there); for the others the list begins anew. */
function markerOf(resource: Resource, context: RequestContext, id: string): Body | null {
  try {
    return resource.get(context, id);
  } catch (error) {
    if (resource.unknownMarker !== "refused" && error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

/** What a list answers: the page, as its reader sees it, and its links. */
export function pageBody(request: ApiRequest, plural: string, rules: PageRules, views: Body[]): Body {
  return bodyOf(request, plural, rules.attributes, paged(request, rules, views));
}

function bodyOf(request: ApiRequest, plural: string, attributes: Attributes, { items, links }: Page): Body {
  const fields = request.query.getAll("fields");
  const body: Body = { [plural]: items.map((view) => shownTo(request.context, attributes, view, fields)) };
  if (links.length > 0) body[`${plural}_links`] = links;
  return body;
}

/** A page costs what is on it: no more is read. All at once only what has no limit, or an order that sqlite does not know. */
function pageOf(request: ApiRequest, resource: Resource, filters: Filters): Page {
  const { context } = request;
  const { attributes, path } = resource;
  const { sort, limit, marker, isReverse } = askedOf(request, attributes);
  const order = resource.listed.order(sort);
  if (limit === null || order === null || resource.unpaged === true) {
    const views = resource.list(context, filters).filter((view) => matches(view, filters));
    const rules = {
      attributes,
      path,
      marker: resource.unpaged === true ? null : (id: string) => markerOf(resource, context, id),
    };
    return paged(request, rules, views);
  }
  const start = marker === null || marker === "" ? null : markerOf(resource, context, marker);
  const direction = isReverse ? reversed(order) : order;
  const placeOf = (view: Body) => resource.listed.place(String(view.id), direction) ?? [];
  const items = sifted<Body, Body>({
    wanted: limit,
    after: start === null ? null : placeOf(start),
    read: (after, most) => resource.list(context, filters, { order: direction, after, limit: most }),
    place: placeOf,
    keep: (views) => views.filter((view) => matches(view, filters)),
  });
  if (isReverse) items.reverse();
  return { items, links: linksOf(request, { path }, items, limit, isReverse) };
}

/** The five routes of a collection, of those verbs that it has. */
export function resourceRoutes(resource: Resource, policies = resource.names): AnyRoute[] {
  const { names, path, attributes } = resource;
  const list: AnyRoute = route({
    name: `${names.plural}:list`,
    method: "GET",
    path,
    policy: `get_${policies.singular}`,
    success: 200,
    handler(request) {
      const filters = filtersOf(request, attributes, resource.filters);
      return { body: bodyOf(request, names.plural, attributes, pageOf(request, resource, filters)) };
    },
  });
  const show: AnyRoute = route({
    name: `${names.plural}:show`,
    method: "GET",
    path: `${path}/:id`,
    policy: `get_${policies.singular}`,
    of: touched(resource),
    success: 200,
    handler({ context, query, thing }) {
      return { body: { [names.singular]: shownTo(context, attributes, thing, query.getAll("fields")) } };
    },
  });
  const routes = [list, show];
  if (resource.create !== undefined) routes.push(createRoute(resource, policies, resource.create));
  if (resource.update !== undefined) routes.push(updateRoute(resource, policies, resource.update));
  if (resource.remove !== undefined) routes.push(removeRoute(resource, policies, resource.remove));
  return routes;
}

function createRoute(resource: Resource, policies: Names, create: NonNullable<Resource["create"]>): AnyRoute {
  const { names, path, attributes } = resource;
  return route({
    name: `${names.plural}:create`,
    method: "POST",
    path,
    policy: `create_${policies.singular}`,
    success: 201,
    handler(request) {
      const { context } = request;
      const { bodies, bulk } = postBodies(names, request.body);
      const parsed = bodies.map((body) => parseCreate(names, attributes, body, context));
      const views = create.call(resource, context, parsed).map((view) => shownTo(context, attributes, view, []));
      return { body: bulk ? { [names.plural]: views } : { [names.singular]: views[0] } };
    },
  });
}

function updateRoute(resource: Resource, policies: Names, update: NonNullable<Resource["update"]>): AnyRoute {
  const { names, path, attributes } = resource;
  return route({
    name: `${names.plural}:update`,
    method: "PUT",
    path: `${path}/:id`,
    policy: `update_${policies.singular}`,
    of: touched(resource, "update"),
    accepts: ({ body }) => void parseUpdate(attributes, singleBody(names, body)),
    success: 200,
    handler(request) {
      const { context, thing } = request;
      const changes = parseUpdate(attributes, singleBody(names, request.body));
      requireSettable(names, attributes, changes, context);
      requireRevision(request, thing);
      const view = update.call(resource, context, String(thing.id), changes);
      return { body: { [names.singular]: shownTo(context, attributes, view, []) } };
    },
  });
}

function removeRoute(resource: Resource, policies: Names, remove: NonNullable<Resource["remove"]>): AnyRoute {
  return route({
    name: `${resource.names.plural}:delete`,
    method: "DELETE",
    path: `${resource.path}/:id`,
    policy: `delete_${policies.singular}`,
    of: touched(resource, "delete"),
    success: 204,
    handler(request) {
      const { context, thing } = request;
      requireRevision(request, thing);
      remove.call(resource, context, String(thing.id));
      return undefined;
    },
  });
}

/** The thing of a collection that a path names: what one may see but not change answers 403, what one may not see 404. */
export const touched = (resource: Resource, verb: Change = "update"): Touched<Body> => ({
  kind: resource.names.singular.replaceAll("_", " "),
  find: ({ context, param }) => resource.get(context, param("id").replace(/\.json$/, "")),
  owner: (view) => ({ owners: resource.owners?.(view, verb) ?? [String(view.project_id)] }),
});

/** `If-Match: revision_number=3` (extension revision-if-match). Errors: 400, 412. */
function requireRevision(request: ApiRequest, view: Body): void {
  const header = request.headers.get("if-match");
  if (header === null) return;
  const match = /^"?revision_number=(\d+)"?$/.exec(header.trim());
  if (match === null) {
    throw badRequest("Bad if-match request: Revision number etag must be in the format of revision_number=<int>.", {
      type: "BadRequest",
    });
  }
  if (Number(match[1]) === view.revision_number) return;
  throw new ApiError(412, `Constrained to ${match[1]}, but current revision is ${view.revision_number}`, {
    type: "RevisionNumberConstraintFailed",
  });
}
