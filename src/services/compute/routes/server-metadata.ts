import { badRequest, notFound } from "../../../kernel/errors.ts";
import { type AnyRoute, route } from "../../../kernel/http/route.ts";
import { own } from "../../../kernel/own.ts";
import type { ServerManager } from "../manager/servers.ts";
import { metadata, object } from "../schemas/parameter-types.ts";
import { TRANSITIONS } from "../states.ts";
import type { Server } from "../store/servers.ts";
import { serverOf } from "./touched.ts";

const all = object({ metadata }, ["metadata"]);
const one = object({ meta: { ...(metadata as object), minProperties: 1, maxProperties: 1 } }, ["meta"]);
const policy = (verb: string) => `os_compute_api:server-metadata:${verb}`;

/** The user's key=value pairs of a server. */
export function serverMetadataRoutes(servers: ServerManager): AnyRoute[] {
  const server = serverOf(servers);
  const require = (server: Server, key: string): string => {
    const value = own(server.metadata, key);
    if (value === undefined) throw notFound("Metadata item was not found");
    return value;
  };
  return [
    route({
      name: "server-metadata:list",
      method: "GET",
      path: "/servers/:server_id/metadata",
      policy: policy("index"),
      of: server,
      success: 200,
      handler: (request) => ({ body: { metadata: request.thing.metadata } }),
    }),
    route<{ metadata: Record<string, string> }, Server>({
      name: "server-metadata:create",
      method: "POST",
      path: "/servers/:server_id/metadata",
      policy: policy("create"),
      of: server,
      request: all,
      success: 200,
      handler(request) {
        const server = request.thing;
        const merged = { ...server.metadata, ...request.body.metadata };
        return { body: { metadata: servers.setMetadata(request.context, server, merged).metadata } };
      },
    }),
    route<{ metadata: Record<string, string> }, Server>({
      name: "server-metadata:replace",
      method: "PUT",
      path: "/servers/:server_id/metadata",
      policy: policy("update_all"),
      of: server,
      request: all,
      success: 200,
      handler(request) {
        const updated = servers.setMetadata(request.context, request.thing, request.body.metadata);
        return { body: { metadata: updated.metadata } };
      },
    }),
    route({
      name: "server-metadata:show",
      method: "GET",
      path: "/servers/:server_id/metadata/:key",
      policy: policy("show"),
      of: server,
      success: 200,
      handler(request) {
        const key = request.param("key");
        return { body: { meta: { [key]: require(request.thing, key) } } };
      },
    }),
    route<{ meta: Record<string, string> }, Server>({
      name: "server-metadata:update",
      method: "PUT",
      path: "/servers/:server_id/metadata/:key",
      policy: policy("update"),
      of: server,
      request: one,
      success: 200,
      handler(request) {
        const server = request.thing;
        if (request.body.meta[request.param("key")] === undefined) throw badRequest("Request body and URI mismatch");
        servers.setMetadata(request.context, server, { ...server.metadata, ...request.body.meta });
        return { body: { meta: request.body.meta } };
      },
    }),
    route({
      name: "server-metadata:delete",
      method: "DELETE",
      path: "/servers/:server_id/metadata/:key",
      policy: policy("delete"),
      of: server,
      success: 204,
      handler(request) {
        const server = request.thing;
        const key = request.param("key");
        require(server, key);
        const { [key]: _, ...rest } = server.metadata;
        servers.setMetadata(request.context, server, rest, TRANSITIONS.deleteMetadata);
        return {};
      },
    }),
  ];
}
