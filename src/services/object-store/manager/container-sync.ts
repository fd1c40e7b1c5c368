import { ApiError } from "../../../kernel/errors.ts";
import type { ContainerRow } from "../store/containers.ts";
import { SYNC_KEY, SYNC_TO, syncTarget } from "../values/sync.ts";
import type { Core } from "./core.ts";
import { inTurns } from "./in-turns.ts";
import type { ObjectManager } from "./objects.ts";

/** Milliseconds between looks. */
export const SYNC_EVERY = 2_000;
/** Names that are brought over in one turn of the loop. */
const AT_ONCE = 50;
/** Names that come into the queue in one. */
const WALKED_AT_ONCE = 200;

/**
 * Container sync within the cloud: what is put to or deleted from a container with X-Container-Sync-To is brought to that one, if both have
 * the same key. The bytes are shared and times are kept, so two that are synced with each other come to rest. Each change waits in a table
 * that is written with it.
 */
export class ContainerSync {
  readonly #core: Core;
  readonly #objects: ObjectManager;

  constructor(core: Core, objects: ObjectManager) {
    this.#core = core;
    this.#objects = objects;
  }

  start(): () => Promise<void> {
    return inTurns(this.#core.kernel, "container sync", () => this.run()).every(SYNC_EVERY);
  }

  /** Brings over some of what waits, where the other container is there and takes it. True: there may be more. */
  run(): boolean {
    const { kernel, containers, syncQueue } = this.#core;
    // In a turn of its own.
    if (kernel.db.transaction(() => syncQueue.walk(WALKED_AT_ONCE))) return true;
    let more = false;
    for (const id of syncQueue.containers()) {
      const container = containers.byId(id);
      if (container?.headers[SYNC_TO] === undefined) {
        syncQueue.clear(id);
        continue;
      }
      const target = this.#targetOf(container);
      if (target === undefined) continue;
      const names = syncQueue.next(id, AT_ONCE);
      const brought = names.filter((name) => this.#bring(container, target, name)).length;
      // What is over a quota waits for the next look.
      if (names.length === AT_ONCE && brought > 0) more = true;
    }
    return more;
  }

  /** Undefined while it is not there, or has another key. */
  #targetOf({ headers }: ContainerRow): ContainerRow | undefined {
    const place = syncTarget(headers[SYNC_TO]);
    const target = place === null ? undefined : this.#core.containers.get(place.account, place.container);
    const key = headers[SYNC_KEY];
    return key !== undefined && target?.headers[SYNC_KEY] === key ? target : undefined;
  }

  /** False: it is not taken now. */
  #bring(container: ContainerRow, target: ContainerRow, name: string): boolean {
    const { kernel, objects, syncQueue } = this.#core;
    try {
      kernel.db.transaction(() => {
        const row = objects.get(container.id, name);
        const there = objects.get(target.id, name);
        if (row === undefined) {
          if (there !== undefined) this.#objects.delete(target, name);
        } else if (there === undefined || there.stamp < row.stamp) {
          this.#objects.put(target, name, { of: row }, row, { stamp: row.stamp });
        }
        syncQueue.remove(container.id, name);
      });
      return true;
    } catch (error) {
      // Over its quota: it waits until there is room, and the others do not wait for it.
      if (!(error instanceof ApiError)) throw error;
      return false;
    }
  }
}
