import { badRequest, conflict, notFound } from "../../../kernel/errors.ts";
import { mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, route } from "../../../kernel/http/route.ts";
import type { PlacementManager } from "../manager/placement.ts";
import { createClass } from "../schemas/placement.ts";
import { prefixOf } from "./providers.ts";

/** Query parameters that a schema of placement does not name. */
const unexpected = (names: readonly string[]) =>
  badRequest(
    `Invalid query string parameters: Additional properties are not allowed (${names.map((name) => `'${name}'`).join(", ")} ${names.length === 1 ? "was" : "were"} unexpected)`,
  );

/** Resource classes and traits: names that exist, standard ones and users' own. */
export function nameRoutes(placement: PlacementManager): AnyRoute[] {
  return [
    ...classRoutes(placement),
    ...nameChanges(placement, {
      kind: "class",
      records: "resource-classes",
      path: "resource_classes",
      ensure: mv("1.7"),
      min: mv("1.2"),
    }),
    ...traitRoutes(placement),
    ...nameChanges(placement, { kind: "trait", records: "traits", path: "traits", ensure: mv("1.6"), min: mv("1.6") }),
  ];
}

function classRoutes(placement: PlacementManager): AnyRoute[] {
  const view = (name: string, prefix: string) => ({
    name,
    links: [{ rel: "self", href: `${prefix}/resource_classes/${name}` }],
  });
  return [
    route({
      name: "resource-classes:list",
      method: "GET",
      path: "/resource_classes",
      policy: "placement:resource_classes:list",
      microversions: { min: mv("1.2") },
      success: 200,
      handler: (request) => ({
        body: { resource_classes: placement.names("class").map((name) => view(name, prefixOf(request))) },
      }),
    }),
    route<{ name: string }>({
      name: "resource-classes:create",
      method: "POST",
      path: "/resource_classes",
      policy: "placement:resource_classes:create",
      microversions: { min: mv("1.2") },
      request: createClass,
      success: 201,
      handler({ body, baseUrl }) {
        if (!placement.addName("class", body.name)) {
          throw conflict(`Conflicting resource class already exists: ${body.name}`);
        }
        return { headers: { location: `${baseUrl}/resource_classes/${body.name}` } };
      },
    }),
    route({
      name: "resource-classes:show",
      method: "GET",
      path: "/resource_classes/:name",
      policy: "placement:resource_classes:show",
      microversions: { min: mv("1.2") },
      success: 200,
      handler(request) {
        const name = request.param("name");
        if (!placement.names("class").includes(name)) throw notFound(`No such resource class ${name}.`);
        return { body: view(name, prefixOf(request)) };
      },
    }),
  ];
}

function traitRoutes(placement: PlacementManager): AnyRoute[] {
  return [
    route({
      name: "traits:list",
      method: "GET",
      path: "/traits",
      policy: "placement:traits:list",
      microversions: { min: mv("1.6") },
      success: 200,
      async handler({ query }) {
        const unknown = [...new Set(query.keys())].filter((name) => name !== "name" && name !== "associated");
        if (unknown.length > 0) throw unexpected(unknown);
        let names = placement.names("trait");
        const filter = query.get("name");
        if (filter !== null) names = names.filter(nameFilter(filter));
        if (query.has("associated")) {
          const associated = query.get("associated")?.toLowerCase();
          if (associated !== "true" && associated !== "false")
            throw badRequest('The query parameter "associated" only accepts "true" or "false"');
          const used = await placement.read(
            (picture) => new Set([...picture.providers.values()].flatMap(({ traits }) => [...traits])),
          );
          const wanted = associated === "true";
          names = names.filter((name) => used.has(name) === wanted);
        }
        return { body: { traits: names } };
      },
    }),
    route({
      name: "traits:show",
      method: "GET",
      path: "/traits/:name",
      policy: "placement:traits:show",
      microversions: { min: mv("1.6") },
      success: 204,
      handler({ param }) {
        if (!placement.names("trait").includes(param("name"))) throw notFound(`No such trait(s): ${param("name")}.`);
        return {};
      },
    }),
  ];
}

interface Names {
  kind: "class" | "trait";
  /** "resource-classes": what its records are called. */
  records: string;
  /** "resource_classes": where it is, and what policies call it. */
  path: string;
  /** Microversions that have them first: making one by its name, and the others. */
  ensure: number;
  min: number;
}

/** A name is made where it is not there, and taken away. */
function nameChanges(placement: PlacementManager, { kind, records, path, ensure, min }: Names): AnyRoute[] {
  return [
    route({
      name: `${records}:ensure`,
      method: "PUT",
      path: `/${path}/:name`,
      policy: `placement:${path}:update`,
      microversions: { min: ensure },
      success: 201,
      handler({ param, baseUrl }) {
        const isNew = placement.addName(kind, param("name"));
        return { status: isNew ? 201 : 204, headers: { location: `${baseUrl}/${path}/${param("name")}` } };
      },
    }),
    route({
      name: `${records}:delete`,
      method: "DELETE",
      path: `/${path}/:name`,
      policy: `placement:${path}:delete`,
      microversions: { min },
      success: 204,
      async handler({ param }) {
        await placement.removeName(kind, param("name"));
        return {};
      },
    }),
  ];
}

/** `startswith:CUSTOM` or `in:A,B`. */
function nameFilter(filter: string): (name: string) => boolean {
  const [, kind, value = ""] = /^(startswith|in):(.*)$/.exec(filter) ?? [];
  if (kind === undefined) {
    throw badRequest(
      "Badly formatted name parameter. Expected name query string parameter in form: ?name=[in|startswith]:[name1,name2|prefix].",
    );
  }
  const wanted = value.split(",");
  return (name) => (kind === "in" ? wanted.includes(name) : name.startsWith(value));
}
