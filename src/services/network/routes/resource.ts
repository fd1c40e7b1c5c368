import type { RequestContext } from "../../../kernel/auth/context.ts";
import { type Order, type Range, reversed, type Stored, sifted } from "../../../kernel/db/list.ts";
import { EVERYTHING, pageOf } from "../../../kernel/db/paging.ts";
import { ApiError, badRequest, orNull } from "../../../kernel/errors.ts";
import { type AnyRoute, type ApiRequest, type ApiResponse, route, type Touched } from "../../../kernel/http/route.ts";
import { inSlices, type Pause, READ_SLICE } from "../../../kernel/turns/slices.ts";
import type { BulkCreates } from "../manager/bulk-creates.ts";
import type { Change, Collection, Filters, Thing } from "../manager/core.ts";
import type { Tagged } from "../manager/tags.ts";
import {
  type Attributes,
  type Body,
  type Names,
  namedForManagers,
  parseCreate,
  parseUpdate,
  postBodies,
  requireSettable,
  singleBody,
} from "../schemas/attribute.ts";
import type { Listed } from "../store/listed.ts";
import { askedOf, filtersOf, linksOf, matches, type Page, type PageRules, paged, shownTo } from "./listing.ts";

/** One collection of the API: what differs between them. */
export interface Resource {
  names: Names;
  /** "/v2.0/security-groups" */
  path: string;
  attributes: Attributes;
  /** Does the work; what it is given has been parsed by the table of attributes. */
  manager: Collection;
  /** Which filters and sort keys sqlite knows. */
  listed: Pick<Listed<never>, "order" | "place">;
  /** `filters` are those of a list: some show more when they are asked for. */
  views(context: RequestContext, rows: readonly Thing[], filters?: Filters): Body[];
  /** Adds to views what there may be thousands of in each. */
  fill?(views: readonly Body[], pause: Pause): Promise<void>;
  /** How what has just been made is shown, where that is another way. */
  madeViews?(context: RequestContext, rows: readonly Thing[]): Body[];
  /** Its things have tags, kept in this table. */
  tags?: Tagged;
  /** The list has no pages: limit and marker say nothing. */
  unpaged?: boolean;
  /**
   * What a marker that is not there does: 404 as `get`, nothing behind it where neutron cuts the list itself (PaginationEmulatedHelper: also
   * behind one that the filters leave out), or (absent) nothing.
   */
  unknownMarker?: "refused" | "lost";
  /** What tells its views apart, where it is not "id". */
  key?: string;
}

type Place = readonly Stored[] | null;

/** One thing as it is shown, without what `fill` adds. */
const viewOf = (resource: Resource, context: RequestContext, row: Thing): Body =>
  resource.views(context, [row])[0] ?? {};

/** What shows one thing. */
async function oneAnswer(request: ApiRequest, resource: Resource, row: Thing): Promise<ApiResponse> {
  const { context, query, method, pause } = request;
  const view = viewOf(resource, context, row);
  await resource.fill?.([view], pause);
  const fields = method === "GET" ? query.getAll("fields") : [];
  const body = { [resource.names.singular]: shownTo(context, resource.attributes, view, fields) };
  return { body, isLong: resource.fill !== undefined };
}

/** Neutron looks up some markers as it looks up things (404 when they are not there); for the others the list begins anew. */
function markerOf(resource: Resource, context: RequestContext, id: string): Thing | null {
  const get = () => resource.manager.get(context, id);
  return resource.unknownMarker === "refused" ? get() : orNull(get);
}

/** What a list answers: the page, as its reader sees it, and its links. */
export async function pageBody(request: ApiRequest, plural: string, rules: PageRules, views: Body[]): Promise<Body> {
  const { items, links } = await paged(request, rules, views);
  return bodyOf(plural, shownIn(request, rules.attributes)(items), links);
}

const shownIn = ({ context, query }: ApiRequest, attributes: Attributes) => {
  const fields = query.getAll("fields");
  return (views: readonly Body[]): Body[] => views.map((view) => shownTo(context, attributes, view, fields));
};

const bodyOf = (plural: string, items: readonly Body[], links: Page["links"]): Body =>
  links.length === 0 ? { [plural]: items } : { [plural]: items, [`${plural}_links`]: links };

/** A page costs what is on it: no more is read. All is read only for what has no limit, or an order that sqlite does not know. */
async function readPage(request: ApiRequest, resource: Resource, filters: Filters): Promise<Page> {
  const { context } = request;
  const { attributes, path, manager, listed, key = "id" } = resource;
  const { sort, page, isReverse } = askedOf(request, attributes);
  const { limit, marker } = page;
  const order = listed.order(sort);
  const read = (range?: Range) => resource.views(context, manager.list(context, filters, range), filters);
  const fitting = (views: Body[]) => views.filter((view) => matches(view, filters));
  const find = (id: string) => markerOf(resource, context, id);
  const placeIn = (asked: readonly Order[]) => (view: Body) => listed.place(String(view[key]), asked) ?? [];
  // Sorted by sqlite with a limit or without one: JavaScript does not order all texts as it does.
  const sift = (wanted: number, after: Place, asked: readonly Order[]) =>
    sifted<Body, Body>({
      wanted,
      after,
      read: (from, most) => read({ order: asked, after: from, limit: most }),
      place: placeIn(asked),
      keep: fitting,
      pause: request.pause,
    });
  if (limit === null && order !== null && resource.unpaged !== true)
    return { items: await sift(EVERYTHING, null, order), links: [] };
  if (limit === null || order === null || resource.unpaged === true) {
    const shown = (id: string) => {
      const row = find(id);
      return row === null ? null : viewOf(resource, context, row);
    };
    const rules = { attributes, path, key, marker: resource.unpaged === true ? null : shown };
    return paged(request, rules, await sift(EVERYTHING, null, order ?? listed.order([]) ?? []));
  }
  const isLost =
    resource.unknownMarker === "lost" &&
    marker !== null &&
    manager.list(context, new Map([...filters, [key, [marker]]])).length === 0;
  if (isLost) return { items: [], links: linksOf(request, { path, key }, [], limit, isReverse) };
  const direction = isReverse ? reversed(order) : order;
  const { rows } = await pageOf(page, {
    place(id) {
      const start = find(id);
      return start === null ? undefined : (listed.place(start.id, direction) ?? []);
    },
    lost: () => null,
    read: (from, wanted) => sift(wanted, from, direction),
  });
  const items = isReverse ? [...rows].reverse() : rows;
  return { items, links: linksOf(request, { path, key }, items, limit, isReverse) };
}

/** What a collection's list answers. */
export async function listAnswer(request: ApiRequest, resource: Resource): Promise<ApiResponse> {
  const { names, attributes } = resource;
  const filters = filtersOf(request, attributes);
  const { items, links } = await readPage(request, resource, filters);
  await resource.fill?.(items, request.pause);
  const shown = await inSlices(items, request.pause, shownIn(request, attributes));
  return { body: bodyOf(names.plural, shown, links), isLong: resource.fill !== undefined || shown.length > READ_SLICE };
}

/** The five routes of a collection, of those verbs that it has. */
export function resourceRoutes(resource: Resource, bulkCreates: BulkCreates, policies = resource.names): AnyRoute[] {
  const { names, path } = resource;
  const list: AnyRoute = route({
    name: `${names.plural}:list`,
    method: "GET",
    path,
    policy: `get_${policies.singular}`,
    success: 200,
    handler: (request) => listAnswer(request, resource),
  });
  const show: AnyRoute = route<unknown, Thing>({
    name: `${names.plural}:show`,
    method: "GET",
    path: `${path}/:id`,
    policy: `get_${policies.singular}`,
    of: touched(resource),
    success: 200,
    handler: (request) => oneAnswer(request, resource, request.thing),
  });
  const routes = [list, show];
  if (resource.manager.create !== undefined) routes.push(createRoute(resource, policies, bulkCreates));
  if (resource.manager.update !== undefined) routes.push(updateRoute(resource, policies));
  if (resource.manager.remove !== undefined) routes.push(removeRoute(resource, policies));
  return routes;
}

function createRoute(resource: Resource, policies: Names, bulkCreates: BulkCreates): AnyRoute {
  const { names, path, attributes, manager } = resource;
  return route({
    name: `${names.plural}:create`,
    method: "POST",
    path,
    policy: `create_${policies.singular}`,
    success: 201,
    async handler(request) {
      const { context, pause } = request;
      const { bodies, bulk } = postBodies(names, request.body);
      const parse = (body: Body) => namedForManagers(attributes, parseCreate(names, attributes, body, context));
      const wanted = await inSlices(bodies, pause, (slice) => slice.map(parse));
      const rows = await bulkCreates.create(manager, context, wanted, pause);
      const made = (slice: readonly Thing[]) => resource.madeViews?.(context, slice) ?? resource.views(context, slice);
      const whole = await inSlices(rows, pause, made);
      await resource.fill?.(whole, pause);
      const views = await inSlices(whole, pause, (slice) =>
        slice.map((view) => shownTo(context, attributes, view, [])),
      );
      return { body: bulk ? { [names.plural]: views } : { [names.singular]: views[0] }, isLong: bulk };
    },
  });
}

function updateRoute(resource: Resource, policies: Names): AnyRoute {
  const { names, path, attributes, manager } = resource;
  return route<unknown, Thing>({
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
      requireRevision(request, attributes, thing);
      const row = manager.update?.(context, thing.id, namedForManagers(attributes, changes)) ?? thing;
      return oneAnswer(request, resource, row);
    },
  });
}

function removeRoute(resource: Resource, policies: Names): AnyRoute {
  const { names, path, attributes, manager } = resource;
  return route<unknown, Thing>({
    name: `${names.plural}:delete`,
    method: "DELETE",
    path: `${path}/:id`,
    policy: `delete_${policies.singular}`,
    of: touched(resource, "delete"),
    success: 204,
    handler(request) {
      requireRevision(request, attributes, request.thing);
      manager.remove?.(request.context, request.thing.id);
      return undefined;
    },
  });
}

/** The thing of a collection that a path names: what one may see but not change answers 403, what one may not see 404. */
export const touched = ({ names, manager }: Resource, verb: Change = "update"): Touched<Thing> => ({
  kind: names.singular.replaceAll("_", " "),
  find: ({ context, param }) => manager.get(context, param("id").replace(/\.json$/, "")),
  owner: (row) => ({ owners: manager.owners?.(row, verb) ?? [String(row.project_id)] }),
});

/** `If-Match: revision_number=3` (extension revision-if-match). Errors: 400, 412. */
function requireRevision(request: ApiRequest, attributes: Attributes, row: Thing): void {
  const header = request.headers.get("if-match");
  if (header === null) return;
  const match = /^"?revision_number=(\d+)"?$/.exec(header.trim());
  if (match === null) {
    throw badRequest("Bad if-match request: Revision number etag must be in the format of revision_number=<int>.", {
      type: "BadRequest",
    });
  }
  const current = Object.hasOwn(attributes, "revision_number") ? row.revision : undefined;
  if (Number(match[1]) === current) return;
  throw new ApiError(412, `Constrained to ${match[1]}, but current revision is ${current}`, {
    type: "RevisionNumberConstraintFailed",
  });
}
