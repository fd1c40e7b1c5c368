import { type AnyRoute, type ApiRequest, caller, route, type Touched } from "../../../kernel/http/route.ts";
import type { Managers } from "../manager/index.ts";
import { isDomain, withId } from "../manager/lists.ts";
import { boolean, nameOf, nullableString, resourceSchema } from "../schemas/resource.ts";
import type { ProjectRow } from "../store/rows.ts";
import { domainView } from "../views/views.ts";
import { extras, type Json, text } from "./attributes.ts";
import { listOf } from "./collection.ts";
import { memberRoutes } from "./member.ts";

interface DomainBody {
  domain: Json;
}

const KNOWN = ["id", "name", "description", "enabled", "options", "tags", "explicit_domain_id", "links"];
const properties = {
  name: nameOf(64),
  description: nullableString,
  enabled: boolean,
  explicit_domain_id: { type: "string", pattern: "^[0-9a-fA-F]{32}$" },
  tags: { type: "array", items: { type: "string", minLength: 1, maxLength: 255, pattern: "^[^,/]*$" } },
  options: { type: "object", properties: { immutable: { type: ["boolean", "null"] } }, additionalProperties: false },
};

export function domainRoutes({ core, projects }: Managers): AnyRoute[] {
  const { store } = core;
  const view = (request: ApiRequest, row: ProjectRow) =>
    domainView(row, store.memberships.tagsOf(row.id), request.baseUrl);
  const domain: Touched<ProjectRow> = {
    kind: "domain",
    secret: true,
    find: ({ param }) => projects.domain(param("domain_id")),
    owner: ({ id }) => ({ domainId: id }),
  };
  /** keystone looks for it before it asks who may change it. */
  const foundFirst: Touched<ProjectRow> = { ...domain, first: true, secret: false };
  return [
    route({
      name: "domains:list",
      method: "GET",
      path: "/v3/domains",
      policy: "identity:list_domains",
      of: caller,
      success: 200,
      handler(request) {
        const { context } = request;
        return listOf(request, {
          key: "domains",
          table: store.projects,
          filters: ["name", "enabled"],
          conditions: [isDomain(true), ...(context.domainId === null ? [] : [withId(context.domainId)])],
          isPaged: true,
          views(rows) {
            const tags = store.memberships.tagsOfMany(rows);
            return rows.map((row) => domainView(row, tags.get(row.id) ?? [], request.baseUrl));
          },
        });
      },
    }),
    route<DomainBody>({
      name: "domains:create",
      method: "POST",
      path: "/v3/domains",
      policy: "identity:create_domain",
      request: resourceSchema("domain", properties, { required: ["name"] }),
      success: 201,
      handler(request) {
        const { domain } = request.body;
        const row = projects.create({
          ...(typeof domain.explicit_domain_id === "string" ? { id: domain.explicit_domain_id } : {}),
          name: text(domain.name),
          domainId: null,
          parentId: null,
          isDomain: true,
          description: text(domain.description),
          enabled: domain.enabled !== false,
          options: (domain.options ?? {}) as Json,
          tags: (domain.tags ?? []) as string[],
          extra: JSON.stringify(extras(domain, KNOWN)),
        });
        return { body: { domain: view(request, row) } };
      },
    }),
    ...memberRoutes({
      key: "domain",
      plural: "domains",
      path: "/v3/domains/:domain_id",
      find: domain,
      findToUpdate: foundFirst,
      findToDelete: foundFirst,
      view,
      properties,
      known: KNOWN,
      changes: (sent) => ({
        ...(typeof sent.name === "string" ? { name: sent.name } : {}),
        ...(sent.description === undefined ? {} : { description: text(sent.description) }),
        ...(typeof sent.enabled === "boolean" ? { enabled: sent.enabled } : {}),
        ...(sent.options === undefined ? {} : { options: sent.options as Json }),
        ...(sent.tags === undefined ? {} : { tags: sent.tags as string[] }),
      }),
      update: (row, changes) => projects.update(row, changes),
      delete: (row) => projects.deleteDomain(row),
    }),
  ];
}
