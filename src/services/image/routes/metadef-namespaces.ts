import { wantedPage } from "../../../kernel/db/paging.ts";
import { badRequest } from "../../../kernel/errors.ts";
import { type AnyRoute, caller, route } from "../../../kernel/http/route.ts";
import { type MetadefManager, namespaceOrder } from "../manager/metadefs.ts";
import type { NamespaceRow } from "../store/metadefs.ts";
import {
  associationView,
  namespacePath,
  namespaceView,
  resourceTypeView,
  wholeNamespaceView,
} from "../views/metadefs.ts";
import {
  type AssociationBody,
  associationOf,
  metadefBody,
  type NamespaceBody,
  namespaceOf,
  objectOf,
} from "./metadef-bodies.ts";
import { linksOf, type Pages, pagingOf } from "./pages.ts";
import type { TouchedNamespace } from "./touched-namespaces.ts";

const PATH = "/v2/metadefs/namespaces";
const ONE = `${PATH}/:namespace`;

/** Namespaces of metadata definitions, and the kinds of things that they are about (glance/api/v2/metadef_namespaces.py). */
export function metadefNamespaceRoutes(
  metadefs: MetadefManager,
  { shown, any }: TouchedNamespace,
  pages: Pages,
): AnyRoute[] {
  return [
    route({
      name: "metadef-namespaces:list",
      method: "GET",
      path: PATH,
      policy: "get_metadef_namespaces",
      of: caller,
      success: 200,
      async handler({ context, query, pause }) {
        const wanted = wantedPage(query, { ...pagingOf(pages), emptyIsAbsent: ["marker"] });
        const order = namespaceOrder(query.get("sort_key") ?? "created_at", query.get("sort_dir") ?? "desc");
        const visibility = query.get("visibility") || null;
        if (visibility !== null && visibility !== "public" && visibility !== "private") {
          throw badRequest(`Invalid visibility value: ${visibility}`);
        }
        const resourceTypes = query.get("resource_types")?.split(",") ?? null;
        const { rows, last } = await metadefs.page(context, { visibility, resourceTypes }, order, wanted, pause);
        const associations = metadefs.associationsOf(rows);
        const namespaces = rows.map((row) => {
          const about = associations.get(row.id);
          if (about === undefined) return namespaceView(row);
          return { ...namespaceView(row), resource_type_associations: about.map(associationView) };
        });
        const links = linksOf(PATH, query, last === null ? null : { id: last.namespace });
        return { body: { namespaces, ...links, schema: "/v2/schemas/metadefs/namespaces" } };
      },
    }),
    route<NamespaceBody>({
      name: "metadef-namespaces:create",
      method: "POST",
      path: PATH,
      policy: "add_metadef_namespace",
      ...metadefBody("namespace"),
      success: 201,
      handler({ context, body, baseUrl }) {
        const { resource_type_associations, objects, properties, tags } = body;
        const row = metadefs.create(namespaceOf(body, context.projectId), {
          associations: (resource_type_associations ?? []).map(associationOf),
          objects: (objects ?? []).map(objectOf),
          properties: properties ?? {},
          tags: (tags ?? []).map(({ name }) => name),
        });
        // What it holds is told as it was sent.
        const held = Object.entries({ resource_type_associations, objects, properties, tags });
        const said = Object.fromEntries(held.filter(([, value]) => value !== undefined));
        return {
          body: { ...namespaceView(row), ...said },
          headers: { location: `${baseUrl}${namespacePath(row.namespace)}` },
        };
      },
    }),
    route<null, NamespaceRow>({
      name: "metadef-namespaces:show",
      method: "GET",
      path: ONE,
      policy: "get_metadef_namespace",
      of: shown,
      success: 200,
      handler({ thing, query }) {
        const properties = metadefs.properties.list(thing).map(({ name, schema }) => [name, schema] as const);
        const held = {
          associations: metadefs.associations.list(thing),
          objects: metadefs.objects.list(thing),
          properties: Object.fromEntries(properties),
          tags: metadefs.tags.list(thing),
        };
        return { body: wholeNamespaceView(thing, held, query.get("resource_type")) };
      },
    }),
    route<NamespaceBody, NamespaceRow>({
      name: "metadef-namespaces:update",
      method: "PUT",
      path: ONE,
      policy: "modify_metadef_namespace",
      of: any,
      ...metadefBody("namespace"),
      success: 200,
      handler: ({ context, thing, body }) => ({
        body: namespaceView(metadefs.update(thing, namespaceOf(body, context.projectId))),
      }),
    }),
    route<null, NamespaceRow>({
      name: "metadef-namespaces:delete",
      method: "DELETE",
      path: ONE,
      policy: "delete_metadef_namespace",
      of: any,
      success: 204,
      handler: ({ thing }) => void metadefs.delete(thing),
    }),
    route({
      name: "metadef-resource-types:list",
      method: "GET",
      path: "/v2/metadefs/resource_types",
      policy: "list_metadef_resource_types",
      of: caller,
      success: 200,
      handler: () => ({ body: { resource_types: metadefs.resourceTypes().map(resourceTypeView) } }),
    }),
    route<null, NamespaceRow>({
      name: "metadef-associations:list",
      method: "GET",
      path: `${ONE}/resource_types`,
      policy: "get_metadef_resource_type",
      of: any,
      success: 200,
      handler: ({ thing }) => ({
        body: { resource_type_associations: metadefs.associations.list(thing).map(associationView) },
      }),
    }),
    route<AssociationBody, NamespaceRow>({
      name: "metadef-associations:create",
      method: "POST",
      path: `${ONE}/resource_types`,
      policy: "add_metadef_resource_type_association",
      of: any,
      ...metadefBody("resource_type_association"),
      success: 201,
      handler: ({ thing, body }) => ({ body: associationView(metadefs.associate(thing, associationOf(body))) }),
    }),
    route<null, NamespaceRow>({
      name: "metadef-associations:delete",
      method: "DELETE",
      path: `${ONE}/resource_types/:resource_type`,
      policy: "remove_metadef_resource_type_association",
      of: any,
      success: 204,
      handler: ({ thing, param }) => void metadefs.associations.remove(thing, param("resource_type")),
    }),
  ];
}
