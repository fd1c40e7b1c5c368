import { internalContext, type RequestContext } from "../../../kernel/auth/context.ts";
import { type ApiError, badRequest, forbidden } from "../../../kernel/errors.ts";
import { requestId } from "../../../kernel/ids/ids.ts";
import type { OperationHandle } from "../../../kernel/operations/operations.ts";
import { requireReady, requireUnlocked, statesOfStatus, TRANSITIONS, type Transition } from "../states.ts";
import type { Server, ServerChanges, ServerSelection } from "../store/servers.ts";
import { recordAction } from "./actions.ts";
import { change, requireServer, visibleServer } from "./change.ts";
import type { Core } from "./core.ts";
import type { DeleteInput } from "./delete.ts";
import { matcher } from "./server-filters.ts";
import { isNewestFirst, sortServers } from "./server-sort.ts";
import type { SoftDelete } from "./soft-delete.ts";

export interface ServerListOptions {
  /** null: every project's. */
  projectId: string | null;
  filters: ReadonlyMap<string, string>;
  sortKeys: readonly string[];
  sortDirections: readonly string[];
  limit: number;
  marker: string | null;
  changedSince: number | null;
  changedBefore: number | null;
  deleted: boolean;
}

/** Looking at servers, changing what is written about them, and deleting them. */
export class ServerManager {
  readonly #core: Core;
  readonly #delete: OperationHandle<DeleteInput>;

  readonly #soft: SoftDelete;

  constructor(core: Core, deletion: OperationHandle<DeleteInput>, soft: SoftDelete) {
    this.#core = core;
    this.#delete = deletion;
    this.#soft = soft;
  }

  /** Errors: 404, also for another project's. */
  get(context: RequestContext, id: string, missing?: (id: string) => ApiError): Server {
    return visibleServer(this.#core, context, id, missing);
  }

  /** One page and whether more follow. Errors: 400 for an unknown marker or sort key. */
  list(options: ServerListOptions): { servers: Server[]; more: boolean } {
    const { servers, kernel } = this.#core;
    const { changedSince, changedBefore } = options;
    let deleted: "no" | "only" | "also" = options.deleted ? "only" : "no";
    // Asking for changes means asking for deletions too.
    if (!options.deleted && (changedSince !== null || changedBefore !== null)) deleted = "also";
    const status = options.filters.get("status");
    const states = status === undefined ? null : statesOfStatus(status);
    if (status !== undefined && states === null) return { servers: [], more: false };
    const selection: ServerSelection = {
      projectId: options.projectId,
      deleted,
      ...(changedSince === null ? {} : { changedSince }),
      ...(changedBefore === null ? {} : { changedBefore }),
      ...(states === null ? {} : { vmStates: states.map(({ vmState }) => vmState) }),
    };
    const matches = matcher(options.filters, { network: () => kernel.facade("network") });
    // Servers that can be restored are shown to those who ask for them, or for all that changed.
    const hidden = deleted === "no" && !options.filters.has("soft_deleted") && status?.toUpperCase() !== "SOFT_DELETED";
    const passes = (server: Server) => !(hidden && server.vmState === "soft-delete") && matches(server);
    const marker = options.marker === null ? null : servers.get(options.marker);
    if (marker === undefined) throw badRequest(`marker [${options.marker}] not found`);
    const { limit } = options;
    if (isNewestFirst(options.sortKeys, options.sortDirections)) {
      const found: Server[] = [];
      // With filters a page may need many more than it has.
      const batch = options.filters.size === 0 ? limit + 1 : Math.max(limit + 1, 100);
      for (const server of servers.newestFirst(selection, marker, batch)) {
        if (!passes(server)) continue;
        if (found.length === limit) return { servers: found, more: true };
        found.push(server);
      }
      return { servers: found, more: false };
    }
    const found = servers.list(selection).filter(passes);
    sortServers(found, options.sortKeys, options.sortDirections);
    const start = found.findIndex(({ id }) => id === marker?.id) + 1;
    return { servers: found.slice(start, start + limit), more: found.length > start + limit };
  }

  /** name, description, addresses, …; any state will do. */
  update(server: Server, changes: ServerChanges): Server {
    return Object.keys(changes).length === 0 ? server : change(this.#core, server.id, changes);
  }

  /** Errors: 409 for a locked server. With reclaim_instance_interval, it can be restored for that long. */
  delete(context: RequestContext, server: Server): void {
    if (this.#soft.keeps(server)) this.#soft.delete(context, server);
    else this.forceDelete(context, server);
  }

  restore(context: RequestContext, server: Server): void {
    this.#soft.restore(context, server);
  }

  /** Deletes for good what was deleted long enough ago. */
  reclaim(): void {
    for (const server of this.#soft.due()) {
      const context = internalContext(requestId(), server.projectId);
      this.#core.kernel.eventually.write(`reclaiming server ${server.id}`, () => this.forceDelete(context, server));
    }
  }

  /** Errors: 409 for a locked server. What is under way for it is cancelled and undone first. */
  forceDelete(context: RequestContext, server: Server): void {
    const { kernel } = this.#core;
    kernel.db.transaction(() => {
      const current = requireServer(this.#core, server.id);
      requireUnlocked(context, current);
      // A second delete while the first is under way is accepted and changes nothing, as in nova.
      if (current.taskState === "deleting") return;
      recordAction(this.#core, context, current, { action: "delete", event: "compute_terminate_instance" });
      change(this.#core, current.id, { taskState: "deleting", progress: 0 });
      this.#delete.start({
        resource: `server:${current.id}`,
        requestId: context.requestId,
        input: { serverId: current.id },
        cancelOthers: true,
      });
    });
  }

  /** Replaces the metadata. Errors: 403 over quota, 409 for a locked server or one that is being made. */
  setMetadata(
    context: RequestContext,
    server: Server,
    metadata: Record<string, string>,
    transition: Transition = TRANSITIONS.updateMetadata,
  ): Server {
    const { kernel, quotas } = this.#core;
    return kernel.db.transaction(() => {
      const current = requireServer(this.#core, server.id);
      requireReady(context, current, transition);
      const limit = quotas.limit(current.projectId, "metadata_items");
      if (limit >= 0 && Object.keys(metadata).length > limit) {
        throw forbidden(`Maximum number of metadata items exceeds ${limit}`);
      }
      return change(this.#core, current.id, { metadata });
    });
  }

  setTags(server: Server, tags: readonly string[]): Server {
    return change(this.#core, server.id, { tags: [...new Set(tags)].sort() });
  }

  /** Errors: none; admins override the owner's lock. */
  lock(context: RequestContext, server: Server, reason: string | null): void {
    const { kernel } = this.#core;
    kernel.db.transaction(() => {
      const action = recordAction(this.#core, context, server, { action: "lock", event: "api_lock" });
      const owner = server.projectId === context.projectId;
      change(this.#core, server.id, { lockedBy: owner ? "owner" : "admin", lockedReason: reason });
      action.end();
    });
  }

  unlock(context: RequestContext, server: Server): void {
    const { kernel } = this.#core;
    kernel.db.transaction(() => {
      const action = recordAction(this.#core, context, server, { action: "unlock", event: "api_unlock" });
      change(this.#core, server.id, { lockedBy: null, lockedReason: null });
      action.end();
    });
  }

  /** An admin's word on what state it is in. */
  resetState(context: RequestContext, server: Server, state: "active" | "error"): void {
    this.#core.kernel.db.transaction(() => {
      const action = recordAction(this.#core, context, server, { action: "resetState", event: "api_reset_state" });
      change(this.#core, server.id, { vmState: state, taskState: null });
      action.end();
    });
  }
}
