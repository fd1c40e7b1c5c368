import { internalContext, type RequestContext } from "../../../kernel/auth/context.ts";
import { sifted } from "../../../kernel/db/list.ts";
import { type Page, pageOf, type Wanted } from "../../../kernel/db/paging.ts";
import { type ApiError, badRequest, forbidden } from "../../../kernel/errors.ts";
import { requestId } from "../../../kernel/ids/ids.ts";
import type { OperationHandle } from "../../../kernel/operations/operations.ts";
import type { Pause } from "../../../kernel/turns/slices.ts";
import { requireReady, requireUnlocked, statesOfStatus, TRANSITIONS, type Transition } from "../states.ts";
import { serverConditions, serverOrder } from "../store/server-list.ts";
import type { Server, ServerChanges, ServerSelection } from "../store/servers.ts";
import { recordAction } from "./actions.ts";
import { change, requireServer, visibleServer } from "./change.ts";
import type { Core } from "./core.ts";
import type { DeleteInput } from "./delete.ts";
import { matcher } from "./server-filters.ts";
import { sortOf } from "./server-sort.ts";
import type { SoftDelete } from "./soft-delete.ts";

export interface ServerListOptions {
  /** null: every project's. */
  projectId: string | null;
  isAdmin: boolean;
  filters: ReadonlyMap<string, string>;
  /** Any of these; none: all. */
  statuses: readonly string[];
  /** Since 2.38, instead of an empty list. */
  refuseUnknownStatus: boolean;
  /** "locked" is no key to sort by yet (before 2.73). */
  ignoresLocked: boolean;
  sortKeys: readonly string[];
  sortDirections: readonly string[];
  page: Wanted;
  pause: Pause;
  changedSince: number | null;
  changedBefore: number | null;
  /** Only deleted ones, or none of them; null: not said. */
  deleted: boolean | null;
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

  /**
   * One page (nova/api/openstack/compute/servers.py _get_servers).
   * Errors: 400 for an unknown marker, status or direction; 403 for what only administrators may ask.
   */
  async list(options: ServerListOptions): Promise<Page<Server>> {
    const { servers, kernel } = this.#core;
    const { changedSince, changedBefore, statuses, isAdmin, projectId } = options;
    if (changedSince !== null && changedBefore !== null && changedBefore < changedSince) {
      throw badRequest("The value of changes-since must be less than or equal to changes-before.");
    }
    const states = statuses.length === 0 ? null : statuses.flatMap((status) => statesOfStatus(status) ?? []);
    if (states?.length === 0) {
      if (options.refuseUnknownStatus) throw badRequest("Invalid status value");
      return { rows: [], last: null };
    }
    const onlyDeleted = states?.every(({ vmState }) => vmState === "deleted") === true;
    if (onlyDeleted && !isAdmin) throw forbidden("Only administrators may list deleted instances");
    const changed = changedSince !== null || changedBefore !== null;
    // Asking for changes means asking for deletions too.
    const deleted =
      onlyDeleted || options.deleted === true ? "only" : options.deleted === null && changed ? "also" : "no";
    const uuid = options.filters.get("uuid");
    const selection: ServerSelection = {
      projectId,
      deleted,
      ...(changedSince === null ? {} : { changedSince }),
      ...(changedBefore === null ? {} : { changedBefore }),
      ...(states === null ? {} : { vmStates: states.map(({ vmState }) => vmState) }),
      ...(uuid === undefined ? {} : { ids: uuid.split(",") }),
      ...serverConditions(options.filters, deleted === "no" ? servers : null),
    };
    const matches = matcher(options.filters, { network: () => kernel.facade("network") });
    const hasStatus = (server: Server) =>
      states === null || states.some(({ vmState, matches }) => vmState === server.vmState && matches(server.taskState));
    // Servers that can be restored are shown to those who ask for them, or for all that changed.
    const asked =
      options.filters.has("soft_deleted") || states?.some(({ vmState }) => vmState === "soft-delete") === true;
    const hidden = deleted === "no" && !asked;
    const passes = (server: Server) =>
      !(hidden && server.vmState === "soft-delete") && hasStatus(server) && matches(server);
    const order = serverOrder(sortOf(options.sortKeys, options.sortDirections, options));
    return pageOf(options.page, {
      // The marker may have been deleted since: what counts is where it would stand.
      place: (marker) => {
        const server = servers.get(marker);
        const isSeen = server !== undefined && (isAdmin || server.projectId === projectId);
        return isSeen ? (servers.place(marker, order) ?? undefined) : undefined;
      },
      lost: (marker) => badRequest(`marker [${marker}] not found`),
      read: (from, wanted) =>
        sifted<Server, Server>({
          wanted,
          after: from,
          read: (after, most) => servers.page(selection, { order, after, limit: most }),
          place: ({ id }) => servers.place(id, order) ?? [],
          keep: (read) => read.filter(passes),
          pause: options.pause,
        }),
    });
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
      const limit = quotas.limit(current.projectId, "metadata_items", current.userId);
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
