import { type Paging, wantedPage } from "../../../kernel/db/paging.ts";
import { badRequest, notFound } from "../../../kernel/errors.ts";
import { type AnyRoute, type Lookup, route } from "../../../kernel/http/route.ts";
import { pythonRepr } from "../../../kernel/http/validation.ts";
import { schemaMismatch } from "../errors.ts";
import type { MetadefManager } from "../manager/metadefs.ts";
import { namespaceOrder } from "../manager/metadefs.ts";
import type { NamespaceRow, ObjectRow, PropertyRow } from "../store/metadefs.ts";
import { objectView, tagView } from "../views/metadefs.ts";
import {
  metadefBody,
  type ObjectBody,
  objectOf,
  type PropertyBody,
  propertyOf,
  type TagsBody,
} from "./metadef-bodies.ts";
import { type Pages, pagingOf } from "./pages.ts";
import type { TouchedNamespace } from "./touched-namespaces.ts";

const ONE = "/v2/metadefs/namespaces/:namespace";

/** What namespaces hold: objects, properties, tags (glance/api/v2/metadef_objects.py, metadef_properties.py, metadef_tags.py). */
export function metadefPartRoutes(metadefs: MetadefManager, touched: TouchedNamespace, pages: Pages): AnyRoute[] {
  return [
    ...objectRoutes(metadefs, touched, pages),
    ...propertyRoutes(metadefs, touched),
    ...tagRoutes(metadefs, touched, pages),
  ];
}

function objectRoutes(metadefs: MetadefManager, { any, ofObjects }: TouchedNamespace, pages: Pages): AnyRoute[] {
  const { objects } = metadefs;
  const one = `${ONE}/objects/:object`;
  return [
    route<null, NamespaceRow>({
      name: "metadef-objects:list",
      method: "GET",
      path: `${ONE}/objects`,
      policy: "get_metadef_objects",
      of: ofObjects,
      success: 200,
      handler({ thing, query }) {
        // glance reads them and then lists all there are.
        namespaceOrder("created_at", query.get("sort_dir") ?? "desc");
        requireKnownVisibility(query);
        if (wantedPage(query, { ...allOf(pages), emptyIsAbsent: [] }).limit === 0)
          throw badRequest("limit param must be positive");
        const list = objects.list(thing).map((row) => objectView(thing, row));
        return { body: { objects: list, schema: "v2/schemas/metadefs/objects" } };
      },
    }),
    route<ObjectBody, NamespaceRow>({
      name: "metadef-objects:create",
      method: "POST",
      path: `${ONE}/objects`,
      policy: "add_metadef_object",
      of: ofObjects,
      ...metadefBody("object"),
      success: 201,
      handler: ({ thing, body }) => ({ body: asSaid(thing, objects.add(thing, objectOf(body)), body) }),
    }),
    route<null, NamespaceRow>({
      name: "metadef-objects:show",
      method: "GET",
      path: one,
      policy: "get_metadef_object",
      of: ofObjects,
      success: 200,
      handler: ({ thing, param }) => ({ body: objectView(thing, objects.get(thing, param("object"))) }),
    }),
    route<ObjectBody, NamespaceRow>({
      name: "metadef-objects:update",
      method: "PUT",
      path: one,
      policy: "modify_metadef_object",
      of: ofObjects,
      ...metadefBody("object"),
      success: 200,
      handler: ({ thing, param, body }) => ({
        body: asSaid(thing, objects.update(thing, param("object"), objectOf(body)), body),
      }),
    }),
    route<null, NamespaceRow>({
      name: "metadef-objects:delete",
      method: "DELETE",
      path: one,
      policy: "delete_metadef_object",
      of: ofObjects,
      success: 204,
      handler: ({ thing, param }) => void objects.remove(thing, param("object")),
    }),
    route<null, NamespaceRow>({
      name: "metadef-objects:delete-all",
      method: "DELETE",
      path: `${ONE}/objects`,
      policy: "delete_metadef_namespace",
      of: any,
      success: 204,
      handler({ thing }) {
        metadefs.requireUnprotected(thing);
        objects.clear(thing);
        return undefined;
      },
    }),
  ];
}

/** What was not said of an object is not told when it is made or changed, though it is when it is shown. */
function asSaid(namespace: NamespaceRow, row: ObjectRow, { required, properties }: ObjectBody) {
  const { required: _none, properties: _nothing, ...view } = objectView(namespace, row);
  return {
    ...view,
    ...(required === undefined ? {} : { required }),
    ...(properties === undefined ? {} : { properties }),
  };
}

function propertyRoutes(metadefs: MetadefManager, { any }: TouchedNamespace): AnyRoute[] {
  const { properties, associations } = metadefs;
  const one = `${ONE}/properties/:property`;
  const view = ({ name, schema }: PropertyRow) => ({ name, ...schema });
  return [
    route<null, NamespaceRow>({
      name: "metadef-properties:list",
      method: "GET",
      path: `${ONE}/properties`,
      policy: "get_metadef_properties",
      of: any,
      success: 200,
      handler: ({ thing }) => ({
        body: { properties: Object.fromEntries(properties.list(thing).map(({ name, schema }) => [name, schema])) },
      }),
    }),
    route<PropertyBody, NamespaceRow>({
      name: "metadef-properties:create",
      method: "POST",
      path: `${ONE}/properties`,
      policy: "add_metadef_property",
      of: any,
      ...metadefBody("property"),
      success: 201,
      handler: ({ thing, body }) => ({ body: view(properties.add(thing, propertyOf(body))) }),
    }),
    route<null, NamespaceRow>({
      name: "metadef-properties:show",
      method: "GET",
      path: one,
      policy: "get_metadef_property",
      of: any,
      success: 200,
      handler({ thing, param, query }) {
        const name = param("property");
        const resourceType = query.get("resource_type");
        if (resourceType === null) return { body: view(properties.get(thing, name)) };
        const about = associations.list(thing).find((association) => association.name === resourceType);
        if (about === undefined) {
          throw notFound(
            `The metadata definition resource-type association of resource-type=${resourceType} to namespace=${thing.namespace}, was not found.`,
          );
        }
        const { prefix } = about;
        if (prefix === null || !name.startsWith(prefix)) {
          throw notFound(
            `Property ${name} does not start with the expected resource type association prefix of '${prefix ?? "None"}'.`,
          );
        }
        return { body: view(properties.get(thing, name.slice(prefix.length))) };
      },
    }),
    route<PropertyBody, NamespaceRow>({
      name: "metadef-properties:update",
      method: "PUT",
      path: one,
      policy: "modify_metadef_property",
      of: any,
      ...metadefBody("property"),
      success: 200,
      handler: ({ thing, param, body }) => ({
        body: view(properties.update(thing, param("property"), propertyOf(body))),
      }),
    }),
    route<null, NamespaceRow>({
      name: "metadef-properties:delete",
      method: "DELETE",
      path: one,
      policy: "remove_metadef_property",
      of: any,
      success: 204,
      handler: ({ thing, param }) => void properties.remove(thing, param("property")),
    }),
    route<null, NamespaceRow>({
      name: "metadef-properties:delete-all",
      method: "DELETE",
      path: `${ONE}/properties`,
      policy: "delete_metadef_namespace",
      of: any,
      success: 204,
      handler({ thing }) {
        metadefs.requireUnprotected(thing);
        properties.clear(thing);
        return undefined;
      },
    }),
  ];
}

function tagRoutes(metadefs: MetadefManager, { any }: TouchedNamespace, pages: Pages): AnyRoute[] {
  const { tags } = metadefs;
  const one = `${ONE}/tags/:tag`;
  const url = ({ param }: Lookup) => {
    const name = param("tag");
    if (name.length > 80) throw schemaMismatch("tag", `${pythonRepr(name)} is too long`);
  };
  return [
    route<null, NamespaceRow>({
      name: "metadef-tags:list",
      method: "GET",
      path: `${ONE}/tags`,
      policy: "get_metadef_tags",
      of: any,
      success: 200,
      async handler({ thing, query, pause }) {
        requireKnownVisibility(query);
        const order = tagOrder(query);
        const { rows } = await tags.page(thing, order, wantedPage(query, allOf(pages)), pause);
        return { body: { tags: rows.map(({ name }) => ({ name })) } };
      },
    }),
    route<TagsBody, NamespaceRow>({
      name: "metadef-tags:set",
      method: "POST",
      path: `${ONE}/tags`,
      policy: "add_metadef_tags",
      of: any,
      ...metadefBody("tags"),
      success: 201,
      handler({ thing, body, headers }) {
        const wanted = (body.tags ?? []).map(({ name }) => ({ name }));
        const append = /^(1|t|true|on|y|yes)$/i.test((headers.get("x-openstack-append") ?? "").trim());
        tags.addAll(thing, wanted, append);
        return { body: { tags: wanted } };
      },
    }),
    route<null, NamespaceRow>({
      name: "metadef-tags:create",
      method: "POST",
      path: one,
      policy: "add_metadef_tag",
      url,
      of: any,
      success: 201,
      handler: ({ thing, param }) => ({ body: tagView(tags.add(thing, { name: param("tag") })) }),
    }),
    route<null, NamespaceRow>({
      name: "metadef-tags:show",
      method: "GET",
      path: one,
      policy: "get_metadef_tag",
      of: any,
      success: 200,
      handler: ({ thing, param }) => ({ body: tagView(tags.get(thing, param("tag"))) }),
    }),
    route<{ name: string }, NamespaceRow>({
      name: "metadef-tags:update",
      method: "PUT",
      path: one,
      policy: "modify_metadef_tag",
      of: any,
      ...metadefBody("tag"),
      success: 200,
      handler: ({ thing, param, body }) => ({
        body: tagView(tags.update(thing, param("tag"), { name: body.name })),
      }),
    }),
    route<null, NamespaceRow>({
      name: "metadef-tags:delete",
      method: "DELETE",
      path: one,
      policy: "delete_metadef_tag",
      of: any,
      success: 204,
      handler: ({ thing, param }) => void tags.remove(thing, param("tag")),
    }),
    route<null, NamespaceRow>({
      name: "metadef-tags:delete-all",
      method: "DELETE",
      path: `${ONE}/tags`,
      policy: "delete_metadef_tags",
      of: any,
      success: 204,
      handler({ thing }) {
        metadefs.requireUnprotected(thing);
        tags.clear(thing);
        return undefined;
      },
    }),
  ];
}

/** Lists of parts know no longest page and no usual one. */
const allOf = (pages: Pages): Paging => ({
  ...pagingOf(pages),
  emptyIsAbsent: ["limit", "marker"],
  usual: null,
  most: Number.MAX_SAFE_INTEGER,
});

function tagOrder(query: URLSearchParams) {
  const key = query.get("sort_key") ?? "created_at";
  if (!["name", "created_at", "updated_at", "id"].includes(key)) throw badRequest("Sort key supplied was not valid.");
  const direction = query.get("sort_dir") ?? "desc";
  return key === "name"
    ? [{ expression: "name", descending: direction === "desc" }, ...namespaceOrder("created_at", direction)]
    : namespaceOrder(key, direction);
}

function requireKnownVisibility(query: URLSearchParams): void {
  const visibility = query.get("visibility");
  if (visibility && !["public", "private", "shared"].includes(visibility)) {
    throw badRequest(`Invalid visibility value: ${visibility}`);
  }
}
