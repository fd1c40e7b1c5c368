import type { Problem } from "../../kernel/module.ts";
import type { Core } from "./manager/core.ts";

/** Longer than any step of a server's work takes. */
const STUCK_MS = 30 * 60_000;

/** Servers that a person should look at: in ERROR, or in a task that does not come to its end. */
export function examine({ kernel, servers }: Core): Problem[] {
  return servers.list({ projectId: null, deleted: "no" }).flatMap((server): Problem[] => {
    const { id, name, vmState, taskState, updatedAt, fault } = server;
    if (vmState === "error") {
      const why = fault === null ? "" : `: ${fault.message}`;
      const hint = "openstack server show tells more; openstack server set --state active, or delete it";
      return [{ key: `server-error:${id}`, message: `server ${name} (${id}) is in ERROR${why}`, hint }];
    }
    if (taskState !== null && kernel.clock.now() - updatedAt > STUCK_MS) {
      const message = `server ${name} (${id}) has been ${taskState} for a long time`;
      return [
        { key: `server-stuck:${id}`, message, hint: "restart the daemon: it resumes or undoes what was under way" },
      ];
    }
    return [];
  });
}
