import type { RequestContext } from "../../../kernel/auth/context.ts";
import { quotaExceeded } from "../errors.ts";
import { POWER, requireUnlocked, TRANSITIONS } from "../states.ts";
import type { Server } from "../store/servers.ts";
import { type ActionHandle, defineAction } from "./actions.ts";
import type { Core } from "./core.ts";
import { replugged, timeoutOf } from "./power.ts";
import { buildSpec, refOf } from "./spec.ts";

/** Deleted servers that can be brought back for a while: nova's reclaim_instance_interval, off by default. */
export class SoftDelete {
  readonly #core: Core;
  readonly #delete: ActionHandle<null>;
  readonly #restore: ActionHandle<null>;

  constructor(core: Core) {
    this.#core = core;
    const { driver, kernel } = core;
    this.#delete = defineAction(core, {
      name: "soft-delete",
      event: "compute_soft_delete_instance",
      run: async (server) => {
        await driver.stop(refOf(core, server), timeoutOf(server, kernel.settings.compute.shutdownTimeout));
        return { vmState: "soft-delete", powerState: POWER.shutdown };
      },
      failed: () => ({ vmState: "error" }),
    });
    this.#restore = defineAction(core, {
      name: "restore",
      event: "compute_restore_instance",
      run: async (server, _, { requestId }) => {
        await driver.start(await buildSpec(core, server, requestId, { configDrive: "keep" }));
        await replugged(core, server);
        return { vmState: "active", powerState: POWER.running };
      },
      failed: () => ({ vmState: "error" }),
    });
  }

  /** Whether deleting this server keeps it for a while. One without a guest is not worth keeping. */
  keeps(server: Server): boolean {
    return this.#interval > 0 && server.host !== null && server.vmState !== "error";
  }

  /** Errors: 409 for a locked server. */
  delete(context: RequestContext, server: Server): void {
    if (server.vmState === "soft-delete" || server.taskState === "soft-deleting") return;
    this.#delete.start(context, server, TRANSITIONS.softDelete, null, { progress: 0 });
  }

  /** Errors: 409 for one that is not deleted (or for good), 403 over quota. */
  restore(context: RequestContext, server: Server): void {
    const { kernel, quotas } = this.#core;
    kernel.db.transaction(() => {
      requireUnlocked(context, server);
      const { vcpus, ram } = server.flavor;
      // It has not counted since it was deleted. In any other state the next line refuses.
      const exceeded = quotas.check(server.projectId, { instances: 1, cores: vcpus, ram }, server.userId);
      if (server.vmState === "soft-delete" && exceeded.length > 0) throw quotaExceeded(exceeded);
      this.#restore.start(context, server, TRANSITIONS.restore, null);
    });
  }

  /** Those whose time is over. */
  due(): Server[] {
    if (this.#interval === 0) return [];
    const { servers, kernel } = this.#core;
    const oldest = kernel.clock.now() - this.#interval * 1000;
    return servers
      .list({ projectId: null, deleted: "no", changedBefore: oldest, vmStates: ["soft-delete"] })
      .filter(({ taskState }) => taskState === null);
  }

  /** How often to look for those, in milliseconds; null: never. */
  get period(): number | null {
    return this.#interval === 0 ? null : Math.min(60, this.#interval) * 1000;
  }

  get #interval(): number {
    return this.#core.kernel.settings.compute.reclaimInstanceInterval;
  }
}
