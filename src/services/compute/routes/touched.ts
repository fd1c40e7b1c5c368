import type { ApiError } from "../../../kernel/errors.ts";
import { mv } from "../../../kernel/http/microversion.ts";
import type { Touched } from "../../../kernel/http/route.ts";
import type { Core } from "../manager/core.ts";
import type { ServerManager } from "../manager/servers.ts";
import type { Server } from "../store/servers.ts";

/** What records of this API touch, where several files of them touch the same. */

/** The server that a path names; `missing` words the 404. */
export const serverOf = (servers: ServerManager, missing?: (id: string) => ApiError): Touched<Server> => ({
  kind: "server",
  find: ({ context, param }) => servers.get(context, param("server_id"), missing),
  owner: ({ projectId }) => ({ projectId }),
});

/** Also a deleted one, since 2.21: it keeps its actions. */
export const serverEvenDeleted = (core: Core, servers: ServerManager): Touched<Server> => ({
  ...serverOf(servers),
  find({ context, param, microversion }) {
    const server = core.servers.get(param("server_id"));
    const isGone = server !== undefined && server.deletedAt !== null && microversion >= mv("2.21");
    if (isGone && (context.isAdmin || server.projectId === context.projectId)) return server;
    return servers.get(context, param("server_id"));
  },
});
