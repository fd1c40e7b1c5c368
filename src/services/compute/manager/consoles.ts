import type { RequestContext } from "../../../kernel/auth/context.ts";
import { ApiError, badRequest, conflict, notFound } from "../../../kernel/errors.ts";
import { uuid } from "../../../kernel/ids/ids.ts";
import { type ConsoleEndpoint, DriverError } from "../driver/driver.ts";
import { wrongState } from "../errors.ts";
import type { ConsoleTarget } from "../facade.ts";
import type { Server } from "../store/servers.ts";
import type { Core } from "./core.ts";
import { refOf } from "./spec.ts";

/** nova's [consoleauth] token_ttl, ten minutes. */
const LIFETIME_MS = 600_000;

export type ConsoleType = "novnc" | "serial";

/** A URL with a token that opens a console of the server. Errors: 400 when that kind is off, 409 while it is not running. */
export async function openConsole(
  core: Core,
  _context: RequestContext,
  server: Server,
  type: ConsoleType,
): Promise<{ type: ConsoleType; url: string }> {
  const { api, compute, serviceHost, ports } = core.kernel.settings;
  if (server.taskState === "deleting") throw wrongState(server, "get_vnc_console", "task_state", server.taskState);
  if (type === "novnc" ? !compute.vncEnabled : !compute.serialEnabled) throw unavailableType(type);
  await endpointOf(core, server, type);
  const token = uuid();
  const now = core.kernel.clock.now();
  core.consoleTokens.insert({ token, server_id: server.id, type, expires_at: now + LIFETIME_MS }, now);
  const host = serviceHost.includes(":") ? `[${serviceHost}]` : serviceHost;
  const url =
    type === "novnc"
      ? `${compute.noVncProxyUrl}?path=${encodeURIComponent(`?token=${token}`)}`
      : `${api.protocol === "https" ? "wss" : "ws"}://${host}:${ports.serial}/?token=${token}`;
  return { type, url };
}

export const unavailableType = (type: string) => badRequest(`Unavailable console type ${type}.`);

/** Whom a token lets in and where to; null for an unknown or expired one, or when the guest is gone. */
export async function consoleTarget(core: Core, token: string): Promise<ConsoleTarget | null> {
  const row = core.consoleTokens.get(token, core.kernel.clock.now());
  const server = row === undefined ? undefined : core.servers.get(row.server_id);
  if (row === undefined || server === undefined || server.deletedAt !== null) return null;
  const endpoint = await endpointOf(core, server, row.type === "serial" ? "serial" : "novnc");
  return { serverId: server.id, serverName: server.name, type: row.type, endpoint };
}

async function endpointOf(core: Core, server: Server, type: ConsoleType): Promise<ConsoleEndpoint> {
  if (server.host === null) throw conflict(`Instance ${server.id} is not ready`);
  try {
    const ref = refOf(core, server);
    return await (type === "novnc" ? core.driver.vncEndpoint(ref) : core.driver.serialEndpoint(ref));
  } catch (error) {
    if (!(error instanceof DriverError)) throw error;
    if (error.code === "unsupported") throw unavailableType(type);
    if (error.code === "not-found") throw notFound(`Instance ${server.id} could not be found.`);
    if (error.code === "not-running") throw conflict(`Instance ${server.id} is not ready`);
    throw new ApiError(500, `The console of instance ${server.id} cannot be reached.`, { cause: error });
  }
}
