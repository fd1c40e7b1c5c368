/** Where "now" comes from, and what happens later. Injected, so that tests can move time. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Calls `body` once, so many milliseconds from now; what it returns calls that off. Keeps no process from ending. */
  after(milliseconds: number, body: () => void): () => void;
  /** The same again and again. */
  every(milliseconds: number, body: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(milliseconds, body) {
    const timer = setTimeout(body, milliseconds).unref();
    return () => clearTimeout(timer);
  },
  every(milliseconds, body) {
    const timer = setInterval(body, milliseconds).unref();
    return () => clearInterval(timer);
  },
};

/** A clock that stands still until it is moved. For tests. */
export class ManualClock implements Clock {
  #now: number;
  readonly #timers = new Set<{ at: number; body: () => void }>();

  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, body: () => void): () => void {
    const timer = { at: this.#now + milliseconds, body };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  every(milliseconds: number, body: () => void): () => void {
    let callOff = () => {};
    const wait = () => {
      callOff = this.after(milliseconds, () => {
        wait();
        body();
      });
    };
    wait();
    return () => callOff();
  }

  /** What is due meanwhile happens, each at its time. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const [next] = [...this.#timers].sort((a, b) => a.at - b.at);
      if (next === undefined || next.at > end) break;
      this.#timers.delete(next);
      this.#now = next.at;
      next.body();
    }
    this.#now = end;
  }
}

/** `2026-01-02T03:04:05Z`: nova, neutron and glance resources. */
export function isoSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** `2026-01-02T03:04:05.678000Z`: keystone tokens, trusts, credentials. */
export function isoMicros(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 23)}000Z`;
}

/** `2026-01-02T03:04:05.678000` without a zone: cinder, nova services and aggregates. */
export function isoMicrosNaive(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 23)}000`;
}
