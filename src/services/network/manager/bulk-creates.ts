import { internalContext, type RequestContext } from "../../../kernel/auth/context.ts";
import { isUnwritable } from "../../../kernel/db/unwritable.ts";
import { ApiError } from "../../../kernel/errors.ts";
import { requestId } from "../../../kernel/ids/ids.ts";
import { type Pause, SLICE, SliceSize } from "../../../kernel/turns/slices.ts";
import type { UnfinishedRow } from "../store/unfinished.ts";
import { type Collection, type Core, checkQuotas, type Thing } from "./core.ts";

type Wanted = readonly { project_id: string }[];

/**
 * Many things that one request makes, in slices, each a transaction in a turn of its own: all or none. Until the last is there nobody sees
 * any; what goes wrong in between takes away what there is, and so does the next start after a crash.
 */
export class BulkCreates {
  readonly #core: Core;
  readonly #kinds: Readonly<Record<string, Collection>>;

  /** `kinds`: the managers by names that stay the same from one start to the next. */
  constructor(core: Core, kinds: Readonly<Record<string, Collection>>) {
    this.#core = core;
    this.#kinds = kinds;
  }

  /** Errors: those of the manager's `create`. */
  async create(
    manager: Collection,
    context: RequestContext,
    wanted: readonly unknown[],
    pause: Pause,
  ): Promise<readonly Thing[]> {
    if (wanted.length <= SLICE) return manager.create?.(context, wanted) ?? [];
    const [kind = ""] = Object.entries(this.#kinds).find(([, one]) => one === manager) ?? [];
    const { store, kernel } = this.#core;
    manager.admit?.(wanted);
    if (manager.quota !== undefined) checkQuotas(this.#core, manager.quota, wanted as Wanted);
    const made: Thing[] = [];
    const ended = store.unfinished.begin();
    try {
      const sizes = new SliceSize();
      while (made.length < wanted.length) {
        if (made.length > 0) await pause();
        const rows = sizes.measure((size) =>
          kernel.db.transaction(() => {
            const some = manager.create?.(context, wanted.slice(made.length, made.length + size)) ?? [];
            for (const { id } of some) store.unfinished.add(kind, id);
            return some;
          }),
        );
        made.push(...rows);
      }
      store.unfinished.remove(made.map(({ id }) => id));
    } catch (error) {
      await this.#undo(made.map(({ id }) => ({ kind, id })).reverse(), pause);
      throw error;
    } finally {
      ended();
    }
    return made;
  }

  /** What an earlier process has left half made. Before requests may come. */
  async clear(): Promise<void> {
    await this.#undo(this.#core.store.unfinished.all(), async () => {});
  }

  async #undo(rows: readonly UnfinishedRow[], pause: Pause): Promise<void> {
    for (const [index, row] of rows.entries()) {
      if (index > 0 && index % SLICE === 0) await pause();
      this.#takeAway(row);
    }
  }

  #takeAway(row: UnfinishedRow): void {
    const take = () => this.#take(row);
    try {
      take();
    } catch (error) {
      if (!isUnwritable(error)) throw error;
      this.#core.kernel.eventually.write(`that ${row.kind} ${row.id} is not made`, take);
    }
  }

  /** What somebody has got hold of all the same (an address of a subnet) stays, and is seen. */
  #take({ kind, id }: UnfinishedRow): void {
    const { store, kernel } = this.#core;
    try {
      kernel.db.transaction(() => {
        store.unfinished.remove([id]);
        this.#kinds[kind]?.remove?.(internalContext(requestId(), "network"), id);
      });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      kernel.log.error(`of a request that failed, ${kind} ${id} stays: ${error.message}`);
      store.unfinished.remove([id]);
    }
  }
}
