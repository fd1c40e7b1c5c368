import type { DirtyRow } from "../store/dirty.ts";

const FIRST_RETRY = 1000;
const LAST_RETRY = 60_000;

export interface LaneOptions {
  /** In this order when several are marked. */
  kinds: readonly DirtyRow["kind"][];
  /** What is marked by now, of all kinds; nothing once work is to end. */
  marked(): DirtyRow[];
  /** False when it failed, and stays marked. */
  apply(row: DirtyRow, lane: Lane): Promise<boolean>;
}

/**
 * One worker for the kinds of things that must be applied one after another. What is marked while it works is its next round, so a
 * burst of changes costs one run. What fails is tried again, later each time.
 */
export class Lane {
  readonly #options: LaneOptions;
  #running: Promise<void> | null = null;
  /** When rendering may go on, on the clock of `performance.now()`. */
  #restUntil = 0;
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

  /** Renders what is desired. Where that takes its time (thousands of ports), three times as long is left to others before the next. */
  render<T>(render: () => T): T {
    const begin = performance.now();
    const desired = render();
    const end = performance.now();
    this.#restUntil = Math.max(this.#restUntil, end) + 3 * (end - begin);
    return desired;
  }

  #rows(): DirtyRow[] {
    const { kinds, marked } = this.#options;
    return marked()
      .filter(({ kind }) => kinds.includes(kind))
      .toSorted((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind));
  }

  async #drain(): Promise<void> {
    const failed = new Set<string>();
    const key = ({ kind, id }: DirtyRow) => `${kind} ${id}`;
    const left = () => this.#rows().filter((row) => !failed.has(key(row)));
    while (left().length > 0) {
      await this.#breathe();
      for (const row of left()) if (!(await this.#options.apply(row, this))) failed.add(key(row));
    }
    if (this.#rows().length === 0) {
      this.#retryAfter = FIRST_RETRY;
      return;
    }
    this.#retry = setTimeout(() => void this.wake(), this.#retryAfter).unref();
    this.#retryAfter = Math.min(this.#retryAfter * 2, LAST_RETRY);
  }

  /** A turn later, so that everything that is committed in this one goes along; and not before others had their time. */
  async #breathe(): Promise<void> {
    const pause = Math.floor(this.#restUntil - performance.now());
    await new Promise<void>((resolve) => (pause <= 0 ? setImmediate(resolve) : setTimeout(resolve, pause)));
  }
}
