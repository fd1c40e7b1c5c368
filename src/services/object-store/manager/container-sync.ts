import { ApiError } from "../../../kernel/errors.ts";
import type { ContainerRow } from "../store/containers.ts";
import { SYNC_KEY, SYNC_TO, syncTarget } from "../values/sync.ts";
import type { Core } from "./core.ts";
import type { ObjectManager } from "./objects.ts";

/** Milliseconds between looks, and names brought over at one of them for each container. */
export const SYNC_EVERY = 2_000;
const AT_ONCE = 500;

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

  start(): () => void {
    const { clock, eventually } = this.#core.kernel;
    return clock.every(SYNC_EVERY, () => eventually.write("container sync", () => this.run()));
  }

  /** Brings over what waits, where the other container is there and takes it. */
  run(): void {
    const { containers, syncQueue } = this.#core;
    for (const id of syncQueue.containers()) {
      const container = containers.byId(id);
      if (container?.headers[SYNC_TO] === undefined) {
        syncQueue.clear(id);
        continue;
      }
      const target = this.#targetOf(container);
      if (target === undefined) continue;
      for (const name of syncQueue.next(id, AT_ONCE)) this.#bring(container, target, name);
    }
  }

  /** Undefined while it is not there, or has another key. */
  #targetOf({ headers }: ContainerRow): ContainerRow | undefined {
    const place = syncTarget(headers[SYNC_TO]);
    const target = place === null ? undefined : this.#core.containers.get(place.account, place.container);
    const key = headers[SYNC_KEY];
    return key !== undefined && target?.headers[SYNC_KEY] === key ? target : undefined;
  }

  #bring(container: ContainerRow, target: ContainerRow, name: string): void {
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
    } catch (error) {
      // Over its quota: it waits until there is room, and the others do not wait for it.
      if (!(error instanceof ApiError)) throw error;
    }
  }
}
