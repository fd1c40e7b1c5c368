import { createHistogram } from "node:perf_hooks";

/** How often the loop is expected to come round, in milliseconds. */
const EXPECTED_MS = 10;
/** After so many looks without work it is not looked at any more: that would wake an idle process for nothing. */
const QUIET_LOOKS = 100;
const BOUNDS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000] as const;

/** Milliseconds. */
export interface Delays {
  p50: number;
  p99: number;
  max: number;
  /** How many were longer than so many milliseconds. */
  over: Record<(typeof BOUNDS)[number], number>;
}

/** How late the event loop was while there was work, in milliseconds. */
export interface LoopDelays extends Delays {
  /** How often it was looked at. */
  looks: number;
  /** The same, but no more of each than the loop itself had of a processor: what is left when other programs take no time of it. */
  own: Delays;
}

/**
 * Measures how long the event loop is busy with one turn: so late is heard whoever else comes. With a timer of its own, as Node's
 * monitor takes the time between a stop and the next start for a delay.
 */
export class LoopDelay {
  readonly #late = new DelayHistogram();
  readonly #own = new DelayHistogram();
  #timer: NodeJS.Timeout | null = null;
  #quiet = 0;

  /** There is work: looks for a while. */
  look(): void {
    this.#quiet = 0;
    if (this.#timer !== null) return;
    let last = performance.now();
    let used = process.threadCpuUsage();
    this.#timer = setInterval(() => {
      const now = performance.now();
      const { user, system } = process.threadCpuUsage(used);
      const late = Math.max(0, now - last - EXPECTED_MS);
      this.#late.record(late);
      this.#own.record(Math.min(late, (user + system) / 1_000));
      last = now;
      used = process.threadCpuUsage();
      this.#quiet += 1;
      if (this.#quiet > QUIET_LOOKS) this.stop();
    }, EXPECTED_MS).unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  read(): LoopDelays {
    return { looks: this.#late.count, ...this.#late.read(), own: this.#own.read() };
  }
}

class DelayHistogram {
  /** Of microseconds, and one more: it takes no zero. */
  readonly #histogram = createHistogram();
  readonly #over = new Map<number, number>(BOUNDS.map((bound) => [bound, 0]));

  get count(): number {
    return this.#histogram.count;
  }

  record(milliseconds: number): void {
    this.#histogram.record(Math.round(milliseconds * 1_000) + 1);
    for (const bound of BOUNDS) if (milliseconds > bound) this.#over.set(bound, (this.#over.get(bound) ?? 0) + 1);
  }

  read(): Delays {
    const { count, max } = this.#histogram;
    const at = (percentile: number): number => (count === 0 ? 0 : shown(this.#histogram.percentile(percentile)));
    const over = Object.fromEntries(this.#over) as Delays["over"];
    return { p50: at(50), p99: at(99), max: count === 0 ? 0 : shown(max), over };
  }
}

/** In milliseconds. */
const shown = (recorded: number): number => Math.round((recorded - 1) / 100) / 10;
