import type { Condition } from "../../../kernel/db/list.ts";
import { badRequest, forbidden } from "../../../kernel/errors.ts";
import { type AnyRoute, type ApiRequest, caller, route, type Touched } from "../../../kernel/http/route.ts";
import type { Core } from "../manager/core.ts";
import type { Managers } from "../manager/index.ts";
import { isDomain, withAllTags, withAnyTag, withoutAllTags, withoutAnyTag } from "../manager/lists.ts";
import { DEFAULT_DOMAIN, MAX_TAGS, type ProjectManager } from "../manager/projects.ts";
import { boolean, nameOf, nullableString, resourceSchema } from "../schemas/resource.ts";
import type { ProjectRow } from "../store/rows.ts";
import { projectView } from "../views/views.ts";
import { extras, type Json, mergeExtras, requireSameId, text } from "./attributes.ts";
import { inScope, listOf, queryFlag } from "./collection.ts";

interface ProjectBody {
  project: Json;
}

const KNOWN = [
  "id",
  "name",
  "domain_id",
  "parent_id",
  "is_domain",
  "description",
  "enabled",
  "options",
  "tags",
  "links",
];
const tag = { type: "string", minLength: 1, maxLength: 255, pattern: "^[^,/]*$" };
const tags = { type: "array", items: tag, maxItems: MAX_TAGS, uniqueItems: true };
const properties = {
  name: nameOf(64),
  description: nullableString,
  domain_id: nullableString,
  parent_id: nullableString,
  enabled: boolean,
  is_domain: boolean,
  tags,
  options: { type: "object", properties: { immutable: { type: ["boolean", "null"] } }, additionalProperties: false },
};
const createSchema = resourceSchema("project", properties, { required: ["name"] });
const updateSchema = resourceSchema("project", properties, { minProperties: 1 });

/** The domain that a request means when it names none: that of its token. */
export function domainOfRequest({ context }: ApiRequest): string {
  return context.domainId ?? context.projectDomainId ?? DEFAULT_DOMAIN;
}

export function projectRoutes({ core, projects }: Managers): AnyRoute[] {
  const { store, roles } = core;
  const view = (request: ApiRequest, row: ProjectRow) =>
    projectView(row, store.memberships.tagsOf(row.id), request.baseUrl);
  const project: Touched<ProjectRow> = {
    kind: "project",
    // keystone hides what the sender may not see behind a 403, whatever the id.
    secret: true,
    find: ({ param }) => projects.get(param("project_id")),
    owner: (row) => ({ projectId: row.id, domainId: row.domain_id ?? row.id }),
  };

  return [
    route({
      name: "projects:list",
      method: "GET",
      path: "/v3/projects",
      policy: "identity:list_projects",
      of: caller,
      success: 200,
      handler(request) {
        return listOf(request, {
          key: "projects",
          table: store.projects,
          filters: ["name", "domain_id", "enabled", "parent_id"],
          conditions: [isDomain(queryFlag(request, "is_domain")), ...inScope(request), ...tagConditions(request)],
          isPaged: true,
          views(rows) {
            const tags = store.memberships.tagsOfMany(rows);
            return rows.map((row) => projectView(row, tags.get(row.id) ?? [], request.baseUrl));
          },
        });
      },
    }),
    route<ProjectBody>({
      name: "projects:create",
      method: "POST",
      path: "/v3/projects",
      policy: "identity:create_project",
      of: caller,
      request: createSchema,
      success: 201,
      handler(request) {
        const { project } = request.body;
        const parentId = typeof project.parent_id === "string" ? project.parent_id : null;
        const isDomain = project.is_domain === true;
        const domainId =
          typeof project.domain_id === "string"
            ? project.domain_id
            : parentId === null && !isDomain
              ? domainOfRequest(request)
              : null;
        const parentDomain = parentId === null ? null : (store.projects.get(parentId)?.domain_id ?? parentId);
        request.authorize({ domainId: domainId ?? parentDomain });
        const row = projects.create({
          name: text(project.name),
          domainId,
          parentId,
          isDomain,
          description: text(project.description),
          enabled: project.enabled !== false,
          options: (project.options ?? {}) as Json,
          tags: (project.tags ?? []) as string[],
          extra: JSON.stringify(extras(project, KNOWN)),
        });
        return { body: { project: view(request, row) } };
      },
    }),
    route({
      name: "projects:show",
      method: "GET",
      path: "/v3/projects/:project_id",
      policy: "identity:get_project",
      of: project,
      success: 200,
      handler(request) {
        const row = request.thing;
        const { query } = request;
        if (query.has("parents_as_list") && query.has("parents_as_ids")) {
          throw badRequest("Cannot use parents_as_list and parents_as_ids query params at the same time.");
        }
        if (query.has("subtree_as_list") && query.has("subtree_as_ids")) {
          throw badRequest("Cannot use subtree_as_list and subtree_as_ids query params at the same time.");
        }
        const shown: Json = view(request, row);
        const above = roles.ancestors(row);
        if (query.has("parents_as_list")) {
          shown.parents = above.map((parent) => ({ project: view(request, parent) }));
        }
        if (query.has("parents_as_ids")) shown.parents = nested(above.map(({ id }) => id));
        if (query.has("subtree_as_list")) {
          shown.subtree = projects.subtree(row.id).map((child) => ({ project: view(request, child) }));
        }
        if (query.has("subtree_as_ids")) shown.subtree = subtreeIds(projects, row.id);
        return { body: { project: shown } };
      },
    }),
    route<ProjectBody, ProjectRow>({
      name: "projects:update",
      method: "PATCH",
      path: "/v3/projects/:project_id",
      policy: "identity:update_project",
      of: project,
      request: updateSchema,
      success: 200,
      handler(request) {
        const row = request.thing;
        const { project } = request.body;
        requireSameId(project, row.id, "project");
        requireFixed(row, project);
        const added = extras(project, KNOWN);
        const updated = projects.update(row, {
          ...(typeof project.name === "string" ? { name: project.name } : {}),
          ...(project.description === undefined ? {} : { description: text(project.description) }),
          ...(typeof project.enabled === "boolean" ? { enabled: project.enabled } : {}),
          ...(project.options === undefined ? {} : { options: project.options as Json }),
          ...(project.tags === undefined ? {} : { tags: project.tags as string[] }),
          extra: mergeExtras(row.extra, added),
        });
        return { body: { project: { ...view(request, updated), extra: JSON.parse(updated.extra) as Json } } };
      },
    }),
    route({
      name: "projects:delete",
      method: "DELETE",
      path: "/v3/projects/:project_id",
      policy: "identity:delete_project",
      of: project,
      success: 204,
      handler({ thing }) {
        projects.delete(thing);
        return undefined;
      },
    }),
    ...tagRoutes(core, projects, project),
  ];
}

function tagRoutes({ store }: Core, projects: ProjectManager, project: Touched<ProjectRow>): AnyRoute[] {
  const shown = (request: ApiRequest, id: string) => ({
    body: { links: { self: `${request.baseUrl}/v3` }, tags: store.memberships.tagsOf(id) },
  });
  return [
    route({
      name: "tags:list",
      method: "GET",
      path: "/v3/projects/:project_id/tags",
      policy: "identity:list_project_tags",
      of: project,
      success: 200,
      handler: (request) => shown(request, request.thing.id),
    }),
    route<{ tags: string[] }, ProjectRow>({
      name: "tags:replace",
      method: "PUT",
      path: "/v3/projects/:project_id/tags",
      policy: "identity:update_project_tags",
      of: project,
      request: { type: "object", properties: { tags }, required: ["tags"] },
      success: 200,
      handler(request) {
        const { id } = request.thing;
        projects.setTags(id, request.body.tags);
        return shown(request, id);
      },
    }),
    route({
      name: "tags:clear",
      method: "DELETE",
      path: "/v3/projects/:project_id/tags",
      policy: "identity:update_project_tags",
      of: project,
      success: 204,
      handler({ thing }) {
        projects.setTags(thing.id, []);
        return undefined;
      },
    }),
    route({
      name: "tags:check",
      method: "GET",
      path: "/v3/projects/:project_id/tags/:tag",
      policy: "identity:list_project_tags",
      of: project,
      success: 204,
      handler({ thing, param }) {
        projects.requireTag(thing.id, param("tag"));
        return undefined;
      },
    }),
    route({
      name: "tags:add",
      method: "PUT",
      path: "/v3/projects/:project_id/tags/:tag",
      policy: "identity:update_project_tags",
      of: project,
      success: 201,
      handler(request) {
        const name = request.param("tag");
        if (name.length > 255 || /[,/]/.test(name)) throw badRequest(`Invalid input for field 'tags': '${name}'`);
        projects.addTag(request.thing.id, name);
        // keystone leaves "projects" out of this one.
        const location = `${request.baseUrl}${request.path.replace("/projects/", "/")}`;
        return { headers: { location, "content-type": "text/html; charset=utf-8" } };
      },
    }),
    route({
      name: "tags:remove",
      method: "DELETE",
      path: "/v3/projects/:project_id/tags/:tag",
      policy: "identity:update_project_tags",
      of: project,
      success: 204,
      handler({ thing, param }) {
        projects.removeTag(thing.id, param("tag"));
        return undefined;
      },
    }),
  ];
}

/** Errors: 403 for a move, 400 for what can never change. */
function requireFixed(row: ProjectRow, project: Json): void {
  if (project.parent_id !== undefined && project.parent_id !== row.parent_id) {
    throw forbidden("Update of `parent_id` is not allowed.");
  }
  if (project.domain_id !== undefined && project.domain_id !== row.domain_id) {
    throw badRequest("Cannot change Domain ID");
  }
  if (project.is_domain !== undefined && project.is_domain !== (row.is_domain === 1)) {
    throw badRequest("Update of `is_domain` is not allowed.");
  }
}

const TAG_FILTERS = {
  tags: withAllTags,
  "tags-any": withAnyTag,
  "not-tags": withoutAllTags,
  "not-tags-any": withoutAnyTag,
};

/** `?tags=a,b` all of them, `tags-any`, `not-tags`, `not-tags-any`. */
const tagConditions = ({ query }: ApiRequest): Condition[] =>
  Object.entries(TAG_FILTERS).flatMap(([name, made]) => {
    const given = query.get(name);
    return given === null ? [] : [made(given.split(",").filter(Boolean))];
  });

/** ["a", "b"] → {"a": {"b": null}} */
function nested(ids: readonly string[]): Json | null {
  const [first, ...rest] = ids;
  return first === undefined ? null : { [first]: nested(rest) };
}

function subtreeIds(projects: ProjectManager, id: string): Json | null {
  const children = projects.children(id);
  if (children.length === 0) return null;
  return Object.fromEntries(children.map((child) => [child.id, subtreeIds(projects, child.id)]));
}
