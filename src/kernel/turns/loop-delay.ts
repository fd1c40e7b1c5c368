import { createHistogram } from "node:perf_hooks";

/** How often the loop is expected to come round, in milliseconds. */
const EXPECTED_MS = 10;
/** After so many looks without work it is not looked at any more: that would wake an idle process for nothing. */
const QUIET_LOOKS = 100;
const BOUNDS = [20, 50, 100, 500, 1_000] as const;

/** How late the event loop was while there was work, in milliseconds. */
export interface LoopDelays {
  /** How often it was looked at. */
  looks: number;
  p50: number;
  p99: number;
  max: number;
  /** How many were later than so many milliseconds. */
  over: Record<(typeof BOUNDS)[number], number>;
}

/**
 * Measures how long the event loop is busy with one turn: so late is heard whoever else comes. With a timer of its own, as Node's
 * monitor takes the time between a stop and the next start for a delay.
 */
export class LoopDelay {
  /** Of microseconds, and one more: it takes no zero. */
  readonly #histogram = createHistogram();
  readonly #over = new Map<number, number>(BOUNDS.map((bound) => [bound, 0]));
  #timer: NodeJS.Timeout | null = null;
  #quiet = 0;

  /** There is work: looks for a while. */
  look(): void {
    this.#quiet = 0;
    if (this.#timer !== null) return;
    let last = performance.now();
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.#record(Math.max(0, now - last - EXPECTED_MS));
      last = now;
      this.#quiet += 1;
      if (this.#quiet > QUIET_LOOKS) this.stop();
    }, EXPECTED_MS).unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  read(): LoopDelays {
    const { count, max } = this.#histogram;
    const at = (percentile: number): number => (count === 0 ? 0 : milliseconds(this.#histogram.percentile(percentile)));
    const over = Object.fromEntries(this.#over) as LoopDelays["over"];
    return { looks: count, p50: at(50), p99: at(99), max: count === 0 ? 0 : milliseconds(max), over };
  }

  #record(late: number): void {
    this.#histogram.record(Math.round(late * 1_000) + 1);
    for (const bound of BOUNDS) if (late > bound) this.#over.set(bound, (this.#over.get(bound) ?? 0) + 1);
  }
}

const milliseconds = (recorded: number): number => Math.round((recorded - 1) / 100) / 10;
