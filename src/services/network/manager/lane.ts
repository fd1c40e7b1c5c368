import type { Turns } from "../../../kernel/turns/turns.ts";
import type { DirtyRow } from "../store/dirty.ts";

const FIRST_RETRY = 1000;
const LAST_RETRY = 60_000;
const SIDE_BY_SIDE = 4;

export interface LaneOptions {
  /** In this order when several are marked; those of one step side by side. */
  steps: readonly (readonly DirtyRow["kind"][])[];
  /** What is marked by now, of all kinds; nothing once work is to end. */
  marked(): DirtyRow[];
  /** What of a thing is applied at once has the same word. */
  together(row: DirtyRow): string;
  /** All that is marked of one thing. False when it failed, and stays marked. */
  apply(rows: readonly DirtyRow[], lane: Lane): Promise<boolean>;
  turns: Pick<Turns, "background" | "served">;
}

/**
 * Applies kinds of things in their order. What is marked while it works is its next round, so a
 * burst of changes costs one run. What fails is tried again, later each time.
 */
export class Lane {
  readonly #options: LaneOptions;
  #running: Promise<void> | null = null;
  /** When rendering may go on beside others, on the clock of `performance.now()`, and how many had been served before. */
  #rest = { until: 0, served: 0 };
  /** What failed in this run, and what waits for the next thing that is through. */
  #failed = new Set<string>();
  #waiting: { isMeant(row: DirtyRow): boolean; resolve(): void }[] = [];
  #retryAfter = FIRST_RETRY;
  #retry: NodeJS.Timeout | null = null;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  /** Resolves when nothing is left to be done now. */
  wake(): Promise<void> {
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
    this.#running ??= this.#drain().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** Resolves when all that is marked by now has been applied, or has failed once more. */
  async settled(): Promise<void> {
    while (this.#running !== null) await this.#running;
    if (this.#rows().length > 0) await this.wake();
  }

  /** Resolves when nothing of those that is marked by now is left, or has failed once more. */
  async passed(isMeant: (row: DirtyRow) => boolean): Promise<void> {
    if (this.#running === null && this.#rows().some(isMeant)) void this.wake();
    if (this.#running === null || !this.#left().some(isMeant)) return;
    await new Promise<void>((resolve) => this.#waiting.push({ isMeant, resolve }));
    // Hundreds may have waited for the same.
    await this.#options.turns.background();
  }

  /** What failed the last time it was applied, and waits to be tried again. */
  failing(): DirtyRow[] {
    return this.#retry === null ? [] : this.#rows();
  }

  /** Waits for what is being applied; nothing is tried again. */
  async stop(): Promise<void> {
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
    await this.#running;
  }

  /**
   * Renders what is desired. Where that takes its time (thousands of ports), three times as long is left to others before the next,
   * if there are any.
   */
  render<T>(render: () => T): T {
    const { served } = this.#options.turns;
    const begin = performance.now();
    const desired = render();
    const end = performance.now();
    this.#rest = { until: Math.max(this.#rest.until, end) + 3 * (end - begin), served };
    return desired;
  }

  #rows(): DirtyRow[] {
    const { steps, marked } = this.#options;
    const kinds = steps.flat();
    return marked()
      .filter(({ kind }) => kinds.includes(kind))
      .toSorted((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind));
  }

  #left(): DirtyRow[] {
    return this.#rows().filter((row) => !this.#failed.has(keyOf(row)));
  }

  async #drain(): Promise<void> {
    this.#failed = new Set();
    try {
      while (this.#left().length > 0) {
        // A turn later, so that everything that is committed in this one goes along.
        await new Promise<void>((resolve) => setImmediate(resolve));
        const things = [...Map.groupBy(this.#left(), this.#options.together).values()];
        for (const kinds of this.#options.steps)
          await this.#step(things.filter(([first]) => first !== undefined && kinds.includes(first.kind)));
      }
    } finally {
      for (const { resolve } of this.#waiting.splice(0)) resolve();
    }
    if (this.#rows().length === 0) {
      this.#retryAfter = FIRST_RETRY;
      return;
    }
    this.#retry = setTimeout(() => void this.wake(), this.#retryAfter).unref();
    this.#retryAfter = Math.min(this.#retryAfter * 2, LAST_RETRY);
  }

  /** They wait for other processes most of the time. */
  async #step(things: (readonly DirtyRow[])[]): Promise<void> {
    const work = async (): Promise<void> => {
      for (let rows = things.shift(); rows !== undefined; rows = things.shift()) {
        await this.#breathe();
        if (!(await this.#options.apply(rows, this))) for (const row of rows) this.#failed.add(keyOf(row));
        this.#tell();
      }
    };
    await Promise.all(Array.from({ length: Math.min(SIDE_BY_SIDE, things.length) }, work));
  }

  async #breathe(): Promise<void> {
    const { turns } = this.#options;
    const pause = Math.floor(this.#rest.until - performance.now());
    if (pause > 0 && turns.served > this.#rest.served) await new Promise((resolve) => setTimeout(resolve, pause));
    await turns.background();
  }

  /** Looked at once for all who wait. */
  #tell(): void {
    if (this.#waiting.length === 0) return;
    const left = this.#left();
    const isOver = Map.groupBy(this.#waiting, ({ isMeant }) => !left.some(isMeant));
    this.#waiting = isOver.get(false) ?? [];
    for (const { resolve } of isOver.get(true) ?? []) resolve();
  }
}

const keyOf = ({ kind, id }: DirtyRow): string => `${kind} ${id}`;
