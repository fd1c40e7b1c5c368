import { badRequest, notFound } from "../../../kernel/errors.ts";
import { bareAnswer } from "../../../kernel/http/families.ts";
import { mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, route } from "../../../kernel/http/route.ts";
import type { ServerManager } from "../manager/servers.ts";
import { object, tags } from "../schemas/parameter-types.ts";
import { requireState, TRANSITIONS } from "../states.ts";
import type { Server } from "../store/servers.ts";
import { linkBase } from "./paths.ts";
import { serverOf } from "./touched.ts";

const policy = (verb: string) => `os_compute_api:os-server-tags:${verb}`;
const microversions = { min: mv("2.26") };
const MAX_TAGS = 50;

/** Tags of a server. */
export function serverTagRoutes(servers: ServerManager): AnyRoute[] {
  const server = serverOf(servers);
  const changeable = (it: Server, verb: string): Server => {
    requireState(it, { ...TRANSITIONS.updateTags, verb });
    return it;
  };
  const path = "/servers/:server_id/tags";
  return [
    route({
      name: "server-tags:list",
      method: "GET",
      path,
      policy: policy("index"),
      of: server,
      microversions,
      success: 200,
      handler: (request) => ({ body: { tags: request.thing.tags } }),
    }),
    route<{ tags: string[] }, Server>({
      name: "server-tags:replace",
      method: "PUT",
      path,
      policy: policy("update_all"),
      of: server,
      microversions,
      request: object({ tags }, ["tags"]),
      success: 200,
      handler: (request) => ({
        body: { tags: servers.setTags(changeable(request.thing, "update tags"), request.body.tags).tags },
      }),
    }),
    route({
      name: "server-tags:clear",
      method: "DELETE",
      path,
      policy: policy("delete_all"),
      of: server,
      microversions,
      success: 204,
      handler(request) {
        servers.setTags(changeable(request.thing, "delete tags"), []);
        return {};
      },
    }),
    route({
      name: "server-tags:show",
      method: "GET",
      path: `${path}/:tag`,
      policy: policy("show"),
      of: server,
      microversions,
      success: 204,
      handler(request) {
        const server = request.thing;
        if (!server.tags.includes(request.param("tag"))) throw missing(server, request.param("tag"));
        return {};
      },
    }),
    route({
      name: "server-tags:add",
      method: "PUT",
      path: `${path}/:tag`,
      policy: policy("update"),
      of: server,
      microversions,
      success: 201,
      handler(request) {
        const server = changeable(request.thing, "update tag");
        const tag = request.param("tag");
        if (tag.length > 60) throw badRequest(`Tag '${tag}' is too long. The maximum length is 60.`);
        if (/[,/]/.test(tag)) throw badRequest(`Tag '${tag}' is invalid. It must not contain characters ',' and '/'`);
        if (server.tags.includes(tag)) return { status: 204 };
        if (server.tags.length >= MAX_TAGS)
          throw badRequest(`The number of tags exceeded the per-server limit ${MAX_TAGS}`);
        servers.setTags(server, [...server.tags, tag]);
        const location = `${linkBase(request)}/servers/${server.id}/tags/${encodeURIComponent(tag)}`;
        return { headers: { ...bareAnswer.headers, location } };
      },
    }),
    route({
      name: "server-tags:delete",
      method: "DELETE",
      path: `${path}/:tag`,
      policy: policy("delete"),
      of: server,
      microversions,
      success: 204,
      handler(request) {
        const server = changeable(request.thing, "delete tag");
        const tag = request.param("tag");
        if (!server.tags.includes(tag)) throw missing(server, tag);
        servers.setTags(
          server,
          server.tags.filter((candidate) => candidate !== tag),
        );
        return {};
      },
    }),
  ];
}

const missing = (server: Server, tag: string) => notFound(`Server ${server.id} has no tag '${tag}'`);
