import type { Clock } from "../../kernel/time/clock.ts";

export interface ThrottleLimits {
  /** Failures that cost nothing. */
  readonly free: number;
  /** The longest wait, in milliseconds. */
  readonly longest: number;
}

/** After so long without a failure all is forgotten. */
const MEMORY_MS = 15 * 60_000;
const FIRST_WAIT_MS = 1_000;
const MOST_KEYS = 10_000;

interface Failures {
  count: number;
  last: number;
}

/** Makes who fails again and again wait, twice as long each time. */
export class Throttle {
  readonly #clock: Clock;
  readonly #limits: ThrottleLimits;
  readonly #failures = new Map<string, Failures>();

  constructor(clock: Clock, limits: ThrottleLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Milliseconds until the key may try again; 0 is now. */
  wait(key: string): number {
    const found = this.#current(key);
    if (found === undefined || found.count < this.#limits.free) return 0;
    const pause = Math.min(FIRST_WAIT_MS * 2 ** (found.count - this.#limits.free), this.#limits.longest);
    return Math.max(0, found.last + pause - this.#clock.now());
  }

  /** Counted before the answer is known: attempts at the same time are attempts, too. */
  attempt(key: string): void {
    const count = (this.#current(key)?.count ?? 0) + 1;
    // Behind all others: the first is the one that has been quiet for the longest time.
    this.#failures.delete(key);
    this.#failures.set(key, { count, last: this.#clock.now() });
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > MOST_KEYS && oldest !== undefined) this.#failures.delete(oldest);
  }

  /** It was no failure. `all`: nor do those before count any longer. */
  succeeded(key: string, all: boolean): void {
    const found = this.#failures.get(key);
    if (found === undefined) return;
    if (all || found.count <= 1) this.#failures.delete(key);
    else found.count -= 1;
  }

  #current(key: string): Failures | undefined {
    const found = this.#failures.get(key);
    if (found === undefined || this.#clock.now() - found.last <= MEMORY_MS) return found;
    this.#failures.delete(key);
    return undefined;
  }
}
