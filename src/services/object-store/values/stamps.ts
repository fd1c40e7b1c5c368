import type { Clock } from "../../../kernel/time/clock.ts";

/** Stamps per second, and per millisecond. */
export const PER_SECOND = 100_000;
const PER_MILLISECOND = 100;

/** Times of writes, in units of 10 µs since the epoch: each later than the one before, although the clock may be set back. */
export class Stamps {
  readonly #clock: Clock;
  #last = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  next(after = 0): number {
    this.#last = Math.max(this.#clock.now() * PER_MILLISECOND, this.#last + 1, after + 1);
    return this.#last;
  }

  /** Seconds since the epoch. */
  seconds(): number {
    return Math.floor(this.#clock.now() / 1000);
  }
}

/** `1796054336.48514`, as Swift writes timestamps. */
export const timestampOf = (stamp: number): string =>
  `${String(Math.floor(stamp / PER_SECOND)).padStart(10, "0")}.${String(stamp % PER_SECOND).padStart(5, "0")}`;

/** Null: it is none. */
export function stampOf(timestamp: string): number | null {
  const [, seconds, fraction = ""] = /^(\d{1,10})(?:\.(\d{1,5}))?$/.exec(timestamp) ?? [];
  return seconds === undefined ? null : Number(seconds) * PER_SECOND + Number(fraction.padEnd(5, "0"));
}

/** `2026-11-20T19:27:09.874090`, as listings have it. */
export const isoOf = (stamp: number): string =>
  `${new Date(Math.floor(stamp / PER_MILLISECOND)).toISOString().slice(0, 20)}${String(stamp % PER_SECOND).padStart(5, "0")}0`;

/** `Last-Modified`: the second after, so that nothing is changed later than it says. */
export const httpDateOf = (stamp: number): string => new Date(secondsOf(stamp) * 1000).toUTCString();

export const secondsOf = (stamp: number): number => Math.ceil(stamp / PER_SECOND);
