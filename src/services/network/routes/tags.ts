import { badRequest, notFound } from "../../../kernel/errors.ts";
import { type AnyRoute, type ApiRequest, route } from "../../../kernel/http/route.ts";
import { badResource } from "../errors.ts";
import type { Core, Thing } from "../manager/core.ts";
import { setTags, type Tagged } from "../manager/tags.ts";
import { isObject } from "../schemas/attribute.ts";
import { type Resource, touched } from "./resource.ts";

const MAX_TAGS = 50;
type Request = ApiRequest<unknown, Thing>;

/** `/tags` of every resource with standard attributes (extension standard-attr-tag). */
export function tagRoutes(core: Core, resource: Resource, table: Tagged): AnyRoute[] {
  const path = `${resource.path}/:id/tags`;
  const tagsOf = ({ thing: { tags = [] } }: Request): readonly string[] => tags;
  const save = ({ thing }: Request, tags: readonly string[]): string[] => {
    const sorted = [...new Set(tags)].sort();
    if (sorted.length > MAX_TAGS)
      throw badResource(resource.names.plural, `The number of tags exceed the per-resource limit of ${MAX_TAGS}`);
    setTags(core, table, thing, sorted);
    return sorted;
  };
  const requireTag = (request: Request): string => {
    const tag = request.param("tag");
    if (!tagsOf(request).includes(tag)) throw notFound(`Tag ${tag} could not be found.`, { type: "TagNotFound" });
    return tag;
  };
  const name = (verb: string) => `${resource.names.plural}:tags:${verb}`;
  const of = touched(resource);
  const read = { policy: "get_tags", of };
  const write = { policy: "update_tags", of };
  return [
    route({
      name: name("list"),
      method: "GET",
      path,
      ...read,
      success: 200,
      handler: (request) => ({ body: { tags: tagsOf(request) } }),
    }),
    route({
      name: name("show"),
      method: "GET",
      path: `${path}/:tag`,
      ...read,
      success: 204,
      handler(request) {
        requireTag(request);
        return undefined;
      },
    }),
    route({
      name: name("replace"),
      method: "PUT",
      path,
      ...write,
      success: 200,
      handler: (request) => ({ body: { tags: save(request, bodyTags(request.body)) } }),
    }),
    route({
      name: name("add"),
      method: "PUT",
      path: `${path}/:tag`,
      ...write,
      success: 201,
      handler(request) {
        save(request, [...tagsOf(request), checked(request.param("tag"))]);
        return { body: null };
      },
    }),
    route({
      name: name("remove"),
      method: "DELETE",
      path: `${path}/:tag`,
      ...write,
      success: 204,
      handler(request) {
        const tag = requireTag(request);
        save(
          request,
          tagsOf(request).filter((one) => one !== tag),
        );
        return undefined;
      },
    }),
    route({
      name: name("clear"),
      method: "DELETE",
      path,
      ...write,
      success: 204,
      handler(request) {
        save(request, []);
        return undefined;
      },
    }),
  ];
}

function bodyTags(body: unknown): string[] {
  const tags = isObject(body) ? body.tags : undefined;
  if (!Array.isArray(tags) || !tags.every((tag) => typeof tag === "string")) throw badRequest("Invalid tags body");
  return tags.map(checked);
}

function checked(tag: string): string {
  if (tag === "" || tag.length > 255)
    throw badRequest(`Invalid input for operation: '${tag}' exceeds maximum length of 255.`);
  return tag;
}
