import { badRequest, notFound } from "../../../kernel/errors.ts";
import { bareAnswer } from "../../../kernel/http/families.ts";
import { mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, type ApiRequest, route } from "../../../kernel/http/route.ts";
import type { ServerManager } from "../manager/servers.ts";
import { object, tags } from "../schemas/common.ts";
import { requireState, TRANSITIONS } from "../states.ts";
import type { Server } from "../store/servers.ts";
import { linkBase } from "./paths.ts";

const policy = (verb: string) => `os_compute_api:os-server-tags:${verb}`;
const microversions = { min: mv("2.26") };
const MAX_TAGS = 50;

/** Tags of a server. */
export function serverTagRoutes(servers: ServerManager): AnyRoute[] {
  const find = (request: ApiRequest<unknown> | ApiRequest<never>): Server => {
    const server = servers.get(request.context, request.param("server_id"));
    request.authorize({ projectId: server.projectId });
    return server;
  };
  const changeable = (request: ApiRequest<unknown> | ApiRequest<never>, verb: string): Server => {
    const server = find(request);
    requireState(server, { ...TRANSITIONS.updateTags, verb });
    return server;
  };
  const path = "/servers/:server_id/tags";
  return [
    route({
      name: "server-tags:list",
      method: "GET",
      path,
      policy: policy("index"),
      microversions,
      success: 200,
      handler: (request) => ({ body: { tags: find(request).tags } }),
    }),
    route<{ tags: string[] }>({
      name: "server-tags:replace",
      method: "PUT",
      path,
      policy: policy("update_all"),
      microversions,
      request: object({ tags }, ["tags"]),
      success: 200,
      handler: (request) => ({
        body: { tags: servers.setTags(changeable(request, "update tags"), request.body.tags).tags },
      }),
    }),
    route({
      name: "server-tags:clear",
      method: "DELETE",
      path,
      policy: policy("delete_all"),
      microversions,
      success: 204,
      handler(request) {
        servers.setTags(changeable(request, "delete tags"), []);
        return {};
      },
    }),
    route({
      name: "server-tags:show",
      method: "GET",
      path: `${path}/:tag`,
      policy: policy("show"),
      microversions,
      success: 204,
      handler(request) {
        const server = find(request);
        if (!server.tags.includes(request.param("tag"))) throw missing(server, request.param("tag"));
        return {};
      },
    }),
    route({
      name: "server-tags:add",
      method: "PUT",
      path: `${path}/:tag`,
      policy: policy("update"),
      microversions,
      success: 201,
      handler(request) {
        const server = changeable(request, "update tag");
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
      microversions,
      success: 204,
      handler(request) {
        const server = changeable(request, "delete tag");
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
