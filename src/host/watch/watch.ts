import type { Clock } from "../../kernel/time/clock.ts";
import type { Damage } from "../box/wiring.ts";

/** After an event others follow: a flush is many. */
const SETTLE_MS = 100;
/** Least time between two looks, however much happens on the host. */
const PAUSE_MS = 1_000;
const BUSY_MS = 1_000;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 60_000;
/** What goes this often within this time is contested: another program removes it, and whoever does not give in makes it worse. */
const OFTEN = 3;
const WINDOW_MS = 10 * 60_000;
const FIRST_HOLD_MS = 60_000;
const LAST_HOLD_MS = 3_600_000;

export interface WatchSays {
  /** These were not as they should be, and are again. */
  mended(damage: readonly Damage[]): void;
  /** This one is removed again and again; it is left alone until then. */
  contested(damage: Damage, times: number, until: number): void;
  /** It was contested, and has stayed since. */
  settled(key: string): void;
  failed(damage: readonly Damage[], error: unknown): void;
  /** Nothing that failed is left. */
  recovered(): void;
}

export interface WatchOptions {
  look(): Promise<readonly Damage[]>;
  /** Puts everything right but these keys. */
  mend(leave: ReadonlySet<string>): Promise<void>;
  /** A command is at work on this cloud: what it does is no damage. */
  isBusy(): boolean;
  says: WatchSays;
  clock: Clock;
  /** Milliseconds that only go on; for tests. */
  monotonic?: () => number;
  /** A look without any event, now and then: not everything is told by the kernel. */
  lookEveryMs: number;
}

/** Puts back what somebody takes away of our things on the host: looks when told that something has changed, mends, and says so. */
export class Watch {
  readonly #options: WatchOptions;
  readonly #monotonic: () => number;
  readonly #mended = new Map<string, number[]>();
  readonly #held = new Map<string, { until: number; holdMs: number }>();
  #timer: NodeJS.Timeout | null = null;
  #due = Number.POSITIVE_INFINITY;
  #running: Promise<void> | null = null;
  #lastLook = Number.NEGATIVE_INFINITY;
  #retryMs = FIRST_RETRY_MS;
  #failing = false;
  #stopped = false;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#monotonic = options.monotonic ?? (() => performance.now());
  }

  start(): void {
    this.#lookIn(this.#options.lookEveryMs);
  }

  /** Something has changed on the host. */
  changed(): void {
    this.#lookIn(Math.max(SETTLE_MS, this.#lastLook + PAUSE_MS - this.#monotonic()));
  }

  /** Waits for a mend under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#running;
  }

  #lookIn(ms: number): void {
    const due = this.#monotonic() + ms;
    if (this.#stopped || due >= this.#due) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => {
      this.#due = Number.POSITIVE_INFINITY;
      // What has changed while one look runs is seen by the next.
      if (this.#running !== null) this.#lookIn(SETTLE_MS);
      else this.#running = this.#run();
    }, ms);
    this.#timer.unref();
  }

  async #run(): Promise<void> {
    let next = this.#options.lookEveryMs;
    try {
      next = Math.min(next, await this.#look());
    } catch (error) {
      this.#options.says.failed([], error);
      next = this.#failed();
    }
    this.#lastLook = this.#monotonic();
    this.#running = null;
    this.#lookIn(next);
  }

  /** Resolves with the time until it has to look again. */
  async #look(): Promise<number> {
    const { clock, isBusy, look, mend, says } = this.#options;
    if (isBusy()) return BUSY_MS;
    const damage = await look();
    const now = clock.now();
    this.#release(new Set(damage.map(({ key }) => key)), now);
    const due = damage.filter(({ key }) => (this.#held.get(key)?.until ?? 0) <= now);
    if (due.length === 0) {
      this.#recovered();
      return this.#nextRelease(damage, now);
    }
    // Between the look and now a command may have begun, which takes things away on purpose.
    if (isBusy()) return BUSY_MS;
    const leave = new Set(damage.filter((one) => !due.includes(one)).map(({ key }) => key));
    let error: unknown = null;
    await mend(leave).catch((thrown: unknown) => {
      error = thrown;
    });
    const still = new Set((await look()).map(({ key }) => key));
    const back = due.filter(({ key }) => !still.has(key));
    if (back.length > 0) says.mended(back);
    for (const one of back) this.#count(one, now);
    const left = due.filter(({ key }) => still.has(key));
    if (left.length === 0 && error === null) {
      this.#recovered();
      return PAUSE_MS;
    }
    says.failed(left, error);
    return this.#failed();
  }

  /** When the first of what is left alone now may be mended again. */
  #nextRelease(damage: readonly Damage[], now: number): number {
    const waits = damage.map(({ key }) => (this.#held.get(key)?.until ?? Number.POSITIVE_INFINITY) - now);
    return Math.max(PAUSE_MS, Math.min(Number.POSITIVE_INFINITY, ...waits));
  }

  #failed(): number {
    this.#failing = true;
    const retry = this.#retryMs;
    this.#retryMs = Math.min(retry * 2, LAST_RETRY_MS);
    return retry;
  }

  #recovered(): void {
    this.#retryMs = FIRST_RETRY_MS;
    if (this.#failing) this.#options.says.recovered();
    this.#failing = false;
  }

  #count(damage: Damage, now: number): void {
    const { key } = damage;
    const times = [...(this.#mended.get(key) ?? []).filter((time) => now - time < WINDOW_MS), now];
    this.#mended.set(key, times);
    const held = this.#held.get(key);
    if (held === undefined && times.length < OFTEN) return;
    const holdMs = held === undefined ? FIRST_HOLD_MS : Math.min(held.holdMs * 2, LAST_HOLD_MS);
    this.#held.set(key, { until: now + holdMs, holdMs });
    this.#options.says.contested(damage, times.length, now + holdMs);
  }

  /** What has stayed for long enough is contested no more. */
  #release(damaged: ReadonlySet<string>, now: number): void {
    for (const [key, { until }] of this.#held) {
      if (damaged.has(key) || now < until + WINDOW_MS) continue;
      this.#held.delete(key);
      this.#mended.delete(key);
      this.#options.says.settled(key);
    }
  }
}
