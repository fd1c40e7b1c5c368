import type { Problem } from "../../kernel/module.ts";
import type { Core } from "./manager/core.ts";
import type { Server } from "./store/servers.ts";

/** Longer than any step of a server's work takes. */
const STUCK_MS = 30 * 60_000;

/** Servers with the same fault that are told of by name; of more it is said how many there are. */
const NAMED = 3;
const HINT = "openstack server show tells more; openstack server set --state active, or delete it";

/** Servers that a person should look at: in ERROR, or in a task that does not come to its end. */
export function examine({ kernel, servers }: Core): Problem[] {
  const faulty = new Map<string, Server[]>();
  const stuck: Problem[] = [];
  for (const server of servers.list({ projectId: null, deleted: "no" })) {
    const { id, name, vmState, taskState, updatedAt, fault } = server;
    if (vmState === "error") {
      const why = fault === null ? "" : `: ${fault.message}`;
      faulty.set(why, [...(faulty.get(why) ?? []), server]);
    } else if (taskState !== null && kernel.clock.now() - updatedAt > STUCK_MS) {
      const message = `server ${name} (${id}) has been ${taskState} for a long time`;
      const hint = "restart the daemon: it resumes or undoes what was under way";
      stuck.push({ key: `server-stuck:${id}`, message, hint });
    }
  }
  return [...[...faulty].flatMap(([why, group]) => errorsOf(why, group)), ...stuck];
}

function errorsOf(why: string, servers: readonly Server[]): Problem[] {
  const told = ({ id, name }: Server) => `${name} (${id})`;
  const [first] = servers;
  if (first === undefined) return [];
  if (servers.length <= NAMED)
    return servers.map((server) => ({
      key: `server-error:${server.id}`,
      message: `server ${told(server)} is in ERROR${why}`,
      hint: HINT,
    }));
  const names = servers.slice(0, NAMED).map(told).join(", ");
  const message = `${servers.length} servers are in ERROR${why} [${names} and ${servers.length - NAMED} more]`;
  return [{ key: `server-error:${first.id}`, message, hint: HINT }];
}
