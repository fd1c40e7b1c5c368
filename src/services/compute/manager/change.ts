import { internalContext, type RequestContext } from "../../../kernel/auth/context.ts";
import { PublicError } from "../../../kernel/errors.ts";
import { serverNotFound } from "../errors.ts";
import type { Fault, Server, ServerChanges } from "../store/servers.ts";
import type { Core } from "./core.ts";

/** Writes changes of a server, now. */
export function change(core: Core, serverId: string, changes: ServerChanges): Server {
  return core.servers.update(serverId, changes, core.kernel.clock.now());
}

/** A server that is not deleted. For work in operations, which may find it gone. */
export function requireServer(core: Core, serverId: string): Server {
  const server = core.servers.get(serverId);
  if (server === undefined || server.deletedAt !== null) throw serverNotFound(serverId);
  return server;
}

/** The server as a request may see it. Errors: 404, also for another project's. */
export function visibleServer(core: Core, context: RequestContext, serverId: string, missing = serverNotFound): Server {
  const server = core.servers.get(serverId);
  if (server === undefined || server.deletedAt !== null) throw missing(serverId);
  if (!context.isAdmin && server.projectId !== context.projectId) throw missing(serverId);
  return server;
}

/** On behalf of the server's project, without the user's token. */
export function contextOf(server: Server, requestId: string): RequestContext {
  return internalContext(requestId, server.projectId);
}

/** What a failure leaves on the server: users see the message, only admins the details. */
export function faultOf(error: unknown, now: number): Fault {
  const details = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: 500, message: publicMessage(error).slice(0, 255), details, createdAt: now };
}

/** As nova: of what comes from elsewhere (a command, the system, a library) only the kind is told. A plain Error is our own code's. */
function publicMessage(error: unknown): string {
  if (!(error instanceof Error)) return "Error";
  const isOurs = error.constructor === Error && error.name === "Error";
  if (!isOurs && !(error instanceof PublicError)) return error.name;
  if ("syscall" in error) return "code" in error ? String(error.code) : "Error";
  // An operation that a crash interrupted has only the words left of what stopped it.
  return error.message.replace(/(^|[\s'"=(:])\/[^\s'",)]+/g, "$1…");
}

/**
 * Asks the network service anew what the servers' NICs look like, and keeps that: the one place where `vifs` is written. The network
 * service's event calls it, which comes before the answer of the request that made the change; so nobody else needs to. Only of ports that were given to it here: the
 * device of a port is what its owner says, who may be somebody else.
 */
export function refreshVifs(core: Core, serverIds: readonly string[]): void {
  const { kernel, servers } = core;
  const live = servers.many(serverIds).filter(({ deletedAt }) => deletedAt === null);
  if (live.length === 0) return;
  const infos = kernel.facade("network").networkInfoForDevices(live.map(({ id }) => id));
  kernel.db.transaction(() => {
    for (const server of live) {
      const order = new Map(server.nics.map(({ portId }, index) => [portId, index]));
      const vifs = (infos.get(server.id) ?? [])
        .filter(({ portId }) => order.has(portId))
        .sort((a, b) => (order.get(a.portId) ?? 0) - (order.get(b.portId) ?? 0));
      if (JSON.stringify(vifs) !== JSON.stringify(server.vifs)) servers.update(server.id, { vifs }, null);
    }
  });
}
